//! Prints lines with the commits that they are of.

use std::collections::{BTreeMap, HashSet};
use std::io::Write as _;

use crate::Stop;
use crate::date::Moment;
use crate::pretty::{subject, when};
use crate::quote::{Style, quoted};
use crate::repository::{Commit, Repository};

use super::Options;
use super::search::Blamed;

/// What is told of a line's commit.
struct Told {
    id: String,
    author: String,
    date: String,
}

pub(super) fn lines(
    repository: &Repository,
    options: &Options,
    commits: &[Commit],
    blamed: &BTreeMap<usize, Blamed>,
    lines: &[&[u8]],
) -> Result<i32, Stop> {
    let mut out = std::io::stdout().lock();
    if options.porcelain {
        return porcelain(options, commits, blamed, lines, &mut out);
    }
    let told: Vec<_> = blamed.values().map(|blamed| told(repository, options, commits, blamed)).collect();
    let authors = told.iter().map(|told| told.author.chars().count()).max().unwrap_or(0);
    let ids = told.iter().map(|told| told.id.len()).max().unwrap_or(0);
    let digits = blamed.last_key_value().map_or(1, |(now, _)| (now + 1).to_string().len());
    let paths: HashSet<_> = blamed.values().map(|blamed| &blamed.path).collect();
    let width = blamed.values().map(|blamed| quoted(&blamed.path, Style::Plain).chars().count()).max().unwrap_or(0);
    for ((now, blamed), Told { id, author, date }) in blamed.iter().zip(told) {
        write!(out, "{id:<ids$}")?;
        if paths.len() > 1 {
            write!(out, " {:<width$}", quoted(&blamed.path, Style::Plain))?;
        }
        match options.short {
            true => write!(out, " {:>digits$}) ", now + 1)?,
            false => write!(out, " ({author:<authors$} {date} {:>digits$}) ", now + 1)?,
        }
        write_line(&mut out, lines[*now])?;
    }
    Ok(0)
}

fn write_line(out: &mut impl std::io::Write, line: &[u8]) -> Result<(), Stop> {
    out.write_all(line)?;
    if !line.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn told(repository: &Repository, options: &Options, commits: &[Commit], blamed: &Blamed) -> Told {
    let Some(commit) = blamed.commit.map(|number| &commits[number]) else {
        let author = if options.email { "<not.committed.yet>" } else { "Not Committed Yet" };
        let id = "0".repeat(if options.whole_ids { 40 } else { 8 });
        return Told { id, author: author.to_owned(), date: Moment::now().shown(&options.date) };
    };
    let length = if options.whole_ids { 40 } else { repository.short(&commit.id).len() + 1 };
    let id = match commit.parents.is_empty() && !options.root {
        true => format!("^{}", &commit.id[..length - 1]),
        false => commit.id[..length].to_owned(),
    };
    let author = if options.email { format!("<{}>", commit.author.email) } else { commit.author.name.clone() };
    Told { id, author, date: when(&commit.author).shown(&options.date) }
}

fn porcelain(
    options: &Options,
    commits: &[Commit],
    blamed: &BTreeMap<usize, Blamed>,
    lines: &[&[u8]],
    out: &mut impl std::io::Write,
) -> Result<i32, Stop> {
    let (mut seen, mut left) = (HashSet::new(), 0);
    for (now, line) in blamed {
        let id = line.commit.map_or("0".repeat(40), |number| commits[number].id.clone());
        let follows = |at: usize| {
            let (next, steps) = (blamed.get(&(now + at)), at);
            next.is_some_and(|next| {
                next.commit == line.commit && next.path == line.path && next.then == line.then + steps
            })
        };
        write!(out, "{id} {} {}", line.then + 1, now + 1)?;
        if left == 0 {
            left = (1..).take_while(|at| follows(*at)).count() + 1;
            write!(out, " {left}")?;
        }
        left -= 1;
        writeln!(out)?;
        if seen.insert(id) || options.line_porcelain {
            out.write_all(details(options, line.commit.map(|number| &commits[number])).as_bytes())?;
            writeln!(out, "filename {}", quoted(&line.path, Style::Plain))?;
        }
        out.write_all(b"\t")?;
        write_line(out, lines[*now])?;
    }
    Ok(0)
}

fn details(options: &Options, commit: Option<&Commit>) -> String {
    let Some(commit) = commit else {
        let now = Moment::now().seconds;
        let nobody = |role: &str| {
            format!("{role} Not Committed Yet\n{role}-mail <not.committed.yet>\n{role}-time {now}\n{role}-tz +0000\n")
        };
        return format!("{}{}summary uncommitted changes\n", nobody("author"), nobody("committer"));
    };
    let mut text = String::new();
    for (role, person) in [("author", &commit.author), ("committer", &commit.committer)] {
        let raw = when(person).shown("raw");
        let (seconds, zone) = raw.split_once(' ').unwrap_or((&raw, ""));
        text.push_str(&format!(
            "{role} {}\n{role}-mail <{}>\n{role}-time {seconds}\n{role}-tz {zone}\n",
            person.name, person.email
        ));
    }
    text.push_str(&format!("summary {}\n", subject(&commit.message)));
    if commit.parents.is_empty() && !options.root {
        text.push_str("boundary\n");
    }
    text
}
