//! `cargo xtask bench`: what skep costs, each figure beside a floor that is measured in the same run.
//!
//! Nothing here passes or fails: a machine that is busy gives other numbers, and the ratios say more than they do. Each bench
//! has a process of its own, so that none of them inherits another's memory.

mod alone;
mod args;
mod audit;
mod bare;
mod calls;
mod commands;
mod disk;
mod environment;
mod house;
mod interpreters;
mod journal;
mod load;
mod measure;
mod native;
mod resume;
mod runs;
mod sandbox;
mod search;
mod shell;
mod store;
mod table;
mod tree;
mod waiting;

use anyhow::{Result, ensure};

use args::{Command, Plan};
use table::Row;

/// Figures that belong together.
pub(crate) struct Bench {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) measure: fn(&Plan) -> Result<Vec<Row>>,
}

pub(crate) const BENCHES: &[Bench] = &[
    Bench { name: "sandbox", about: "an agent that does nothing, without journal", measure: sandbox::measure },
    Bench { name: "journal", about: "durable events of 1, 64 and 256 writers", measure: journal::measure },
    Bench { name: "store", about: "the same with the state folded into sled", measure: store::measure },
    Bench { name: "runs", about: "runs that do nothing, accepted and ended durably", measure: runs::measure },
    Bench { name: "waiting", about: "memory of runs that wait for a message", measure: waiting::measure },
    Bench { name: "resume", about: "runs in flight after kill -9", measure: resume::measure },
    Bench { name: "audit", about: "the audit of a large repository", measure: audit::measure },
    Bench { name: "calls", about: "a journaled call in short and in long runs", measure: calls::measure },
    Bench { name: "commands", about: "lines for the shell, beside this machine's own", measure: commands::measure },
    Bench { name: "environment", about: "the wait for an environment's first command", measure: environment::measure },
    Bench { name: "interpreters", about: "python3 and js that do nothing", measure: interpreters::measure },
    Bench { name: "load", about: "commands that are not loaded yet but compiled", measure: load::measure },
    Bench { name: "search", about: "the host's search for tools, beside ripgrep", measure: search::measure },
];

fn main() -> Result<()> {
    match args::parse(std::env::args().skip(1))? {
        Command::Help => println!("{}", args::help()),
        Command::Table(plan, filters) => print_table(&plan, &filters)?,
        Command::Alone(plan, name) => alone::answer(&plan, &name)?,
        Command::HoldInFlight(folder, runs) => resume::hold_in_flight(&folder, runs)?,
    }
    Ok(())
}

fn print_table(plan: &Plan, filters: &[String]) -> Result<()> {
    let chosen =
        |bench: &&Bench| filters.is_empty() || filters.iter().any(|filter| bench.name.contains(filter.as_str()));
    let benches: Vec<_> = BENCHES.iter().filter(chosen).collect();
    ensure!(!benches.is_empty(), "no bench is named like {}; {}", filters.join(" or "), args::names());
    let mut rows = Vec::new();
    for bench in benches {
        eprintln!("[{}] {}", bench.name, bench.about);
        rows.extend(alone::ask(plan, bench.name)?);
    }
    if plan.json { table::print_json(&rows) } else { table::print(&rows) }
}
