//! Lines for the shell of the image `unix`, beside the same lines in this machine's own shell over the same files.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::args::Plan;
use crate::shell::Shell;
use crate::table::{Row, Target, Unit};
use crate::{measure, native, tree};

/// A line, what it is held against in place of the same line, and what is to be reached.
struct Case {
    name: &'static str,
    line: &'static str,
    most: f64,
}

const fn case(name: &'static str, line: &'static str, most: f64) -> Case {
    Case { name, line, most }
}

/// The tree is in `tree`, ten megabytes of numbers in `numbers`, of JSON in `json`.
const CASES: &[Case] = &[
    case("find over the tree", "find tree -name '*.rs' | wc -l", 8.0),
    case("ls -lR of the tree", "ls -lR tree > /dev/null", 8.0),
    case("cp -r of the tree", "cp -r tree copy && rm -r copy", 8.0),
    case("wc of the tree", "find tree -type f | xargs wc -l | tail -1", 8.0),
    case("grep -rn over the tree", "grep -rn TODO tree | wc -l", 8.0),
    case("sort of 10 MB", "sort numbers > /dev/null", 2.0),
    case("sha256sum of 10 MB", "sha256sum numbers", 2.0),
    case("jq over 10 MB", "jq -c '.n' json | tail -1", 2.0),
    case("awk over 10 MB", "awk '{ s += $1 } END { print s }' numbers", 2.0),
    case("a pipeline of 4 commands, 256 MB", "head -c 268435456 /dev/zero | cat | tr '\\0' a | wc -c", 4.0),
];

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let runtime = measure::runtime()?;
    let _inside = runtime.enter();
    let shell = Shell::new(&["unix"])?;
    let workspace = shell.workspace();
    tree::grow(&workspace.join("tree"), plan.amount(6_000, 1_000))?;
    fill(&workspace, plan.amount(1_400_000, 140_000))?;
    let ours = |line: &str| runtime.block_on(shell.line(line));
    ours("for c in $(compgen -c); do :; done")?;
    let mut rows = vec![against(
        plan,
        "one command, /bin/true",
        || ours("/bin/true"),
        || native::millis(&["/bin/true"], &workspace),
        1.0,
    )?];
    if Command::new("bwrap").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let bwrap = ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "/bin/true"];
        let floor = || native::millis(&bwrap, &workspace);
        let row = against(plan, "one command, beside bwrap", || ours("/bin/true"), floor, 1.0 / 6.0)?;
        rows.push(row);
    }
    for Case { name, line, most } in CASES {
        let floor = || native::millis(&["bash", "-c", line], &workspace);
        if floor().is_err() {
            eprintln!("  {name}: left out, because this machine's own shell can't do it");
            continue;
        }
        rows.push(against(plan, name, || ours(line), floor, *most)?);
    }
    Ok(rows)
}

fn against(
    plan: &Plan,
    name: &str,
    ours: impl Fn() -> Result<f64>,
    floor: impl Fn() -> Result<f64>,
    most: f64,
) -> Result<Row> {
    // Whatever is loaded once is loaded now.
    ours()?;
    let pair = measure::pair(plan, name, ours, floor)?;
    let row = Row::new(name, Unit::Millis.of(pair.figure)).against("this machine's own", pair.floor, pair.ratio);
    Ok(row.target(Target::RatioAtMost(most)))
}

/// About seven bytes a line.
fn fill(folder: &Path, lines: usize) -> Result<()> {
    let number = |line: usize| line.wrapping_mul(2_654_435_761) % 1_000_000;
    let numbers: String = (0..lines).map(|line| format!("{}\n", number(line))).collect();
    std::fs::write(folder.join("numbers"), numbers)?;
    let json: String =
        (0..lines / 5).map(|line| format!("{{\"n\":{},\"text\":\"some words\"}}\n", number(line))).collect();
    Ok(std::fs::write(folder.join("json"), json)?)
}
