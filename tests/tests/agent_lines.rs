//! Command lines as coding agents write them, each in a fresh copy of one small repository: by skep's shell with the commands of
//! the image `unix`, and by this machine's bash with the system's tools. What they print, their exit codes and what they leave
//! behind are the same; that something is said on standard error is, but not in which words.
//!
//! The lines are in `agent_lines/*.txt`. A line `#### name` heads each; after it may come, each behind a line of its own,
//! `---- native` with the line that does the same where the tool is not on every machine, `---- expected` with its output,
//! `---- needs` with tools that a Debian system may lack, and `---- differs` with why it does. `LINE=part-of-a-name` runs some.

use std::sync::Arc;

use skep_tests::commands::{Commands, Folder, Ran, has_native, sections};
use tokio::task::JoinSet;

const FIXTURE: &str = include_str!("agent_lines/fixture.txt");
const TABLES: &[(&str, &str)] = &[
    ("search", include_str!("agent_lines/search.txt")),
    ("edit", include_str!("agent_lines/edit.txt")),
    ("data", include_str!("agent_lines/data.txt")),
    ("shell", include_str!("agent_lines/shell.txt")),
];

struct Line {
    name: String,
    line: &'static str,
    native: Option<&'static str>,
    expected: Option<&'static str>,
    needs: Vec<&'static str>,
    differs: bool,
}

impl Line {
    fn read(table: &str, name: &str, text: &'static str) -> Self {
        let mut parts = text.split("\n---- ");
        let line = parts.next().unwrap_or_default().trim_end();
        let mut read = Self {
            name: format!("{table}: {name}"),
            line,
            native: None,
            expected: None,
            needs: vec![],
            differs: false,
        };
        for part in parts {
            let (kind, content) = part.split_once('\n').unwrap_or((part, ""));
            match kind {
                "native" => read.native = Some(content.trim_end()),
                "expected" => read.expected = Some(content.trim_end()),
                "needs" => read.needs = content.split_whitespace().collect(),
                "differs" => read.differs = true,
                other => panic!("{}: there is no part {other:?}", read.name),
            }
        }
        read
    }
}

fn lines() -> Vec<Line> {
    let wanted = std::env::var("LINE").unwrap_or_default();
    let all =
        TABLES.iter().flat_map(|(table, text)| sections(text).map(move |(name, text)| Line::read(table, name, text)));
    all.filter(|line| line.name.contains(&wanted)).collect()
}

fn repository() -> Folder {
    let folder = Folder::new();
    for (path, content) in sections(FIXTURE) {
        // What separates the sections is no part of them.
        folder.put(path, format!("{}\n", content.trim_end_matches('\n')).as_bytes());
    }
    folder
}

/// How the line's outcome here differs from the one there, if it does.
async fn difference(commands: &Commands, line: &Line) -> Option<String> {
    let (here, there) = (repository(), repository());
    let ours = commands.line(&here, line.line).await;
    let theirs = match line.expected {
        Some(expected) => Ran { output: format!("{expected}\n"), errors: ours.errors.clone(), code: 0 },
        None => there.native(line.native.unwrap_or(line.line)),
    };
    let silent = ours.errors.is_empty() == theirs.errors.is_empty();
    let (our_tree, their_tree) = (here.tree(), there.tree());
    let same_tree = line.expected.is_some() || our_tree == their_tree;
    if (&ours.output, ours.code) == (&theirs.output, theirs.code) && silent && same_tree {
        return None;
    }
    let ours_only = our_tree.iter().filter(|(path, content)| their_tree.get(*path) != Some(content));
    let theirs_only = their_tree.iter().filter(|(path, content)| our_tree.get(*path) != Some(content));
    let (ours_only, theirs_only): (Vec<_>, Vec<_>) = (ours_only.collect(), theirs_only.collect());
    Some(format!(
        "{}\n{}\n--- ours {ours:#?} {ours_only:#?}\n--- native {theirs:#?} {theirs_only:#?}",
        line.name, line.line
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_does_what_it_does_on_a_native_machine() {
    let commands = Arc::new(Commands::new());
    let mut tasks = JoinSet::new();
    let (mut skipped, mut count) = (Vec::new(), 0);
    for line in lines() {
        if line.expected.is_none() && !line.needs.iter().all(|tool| has_native(tool)) {
            skipped.push(line.name);
            continue;
        }
        count += 1;
        let commands = Arc::clone(&commands);
        tasks.spawn(async move { (difference(&commands, &line).await, line) });
    }
    let mut problems = Vec::new();
    let mut known = 0;
    while let Some(done) = tasks.join_next().await {
        match done.expect("a line is compared") {
            (Some(_), line) if line.differs => known += 1,
            (Some(difference), _) => problems.push(difference),
            (None, line) if line.differs => problems.push(format!("{}: it does not differ any more", line.name)),
            (None, _) => {}
        }
    }
    println!("{count} lines, {known} known to differ, without their native tool: {skipped:?}");
    assert!(problems.is_empty(), "{} lines:\n{}", problems.len(), problems.join("\n========\n"));
}
