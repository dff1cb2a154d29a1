//! White space at the ends of added lines, and tabs after spaces: told, refused or taken away.

use crate::Stop;

use super::patch::{Content, Kind, Line, Patch};
use super::read::unreadable;

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Nothing,
    Warn,
    Refuse { all: bool },
    Fix,
}

/// So many lines are shown.
const SHOWN: usize = 5;

impl Action {
    pub(crate) fn parse(text: &str) -> Result<Self, Stop> {
        Ok(match text {
            "nowarn" => Self::Nothing,
            "warn" => Self::Warn,
            "error" => Self::Refuse { all: false },
            "error-all" => Self::Refuse { all: true },
            "fix" | "strip" => Self::Fix,
            _ => return Err(Stop::usage(format!("unrecognized whitespace option '{text}'"))),
        })
    }

    fn shown(self) -> usize {
        if matches!(self, Self::Refuse { all: true }) { usize::MAX } else { SHOWN }
    }
}

/// Tells the lines of a file's patch, takes them away if they are, and counts them.
pub(crate) fn look(file: &str, patch: &mut Patch, action: Action, seen: usize) -> usize {
    let Content::Text(hunks) = &mut patch.content else { return seen };
    let added = hunks.iter_mut().flat_map(|hunk| &mut hunk.lines).filter(|line| line.kind == Kind::Added);
    let mut seen = seen;
    for line in added {
        let Some(problem) = problem(&line.text) else { continue };
        seen += 1;
        if seen <= action.shown() {
            let text = String::from_utf8_lossy(line.text.strip_suffix(b"\n").unwrap_or(&line.text));
            eprintln!("{file}:{}: {problem}.\n{text}", line.number);
        }
        if action == Action::Fix {
            fix(line);
        }
    }
    seen
}

/// What is said after all lines.
pub(crate) fn conclude(action: Action, seen: usize, applied: bool) -> Result<(), Stop> {
    if seen == 0 {
        return Ok(());
    }
    let s = |count: usize| if count == 1 { "" } else { "s" };
    if let Some(more) = seen.checked_sub(action.shown()).filter(|more| *more > 0) {
        eprintln!("warning: squelched {more} whitespace error{}", s(more));
    }
    let adds = if seen == 1 { "line adds" } else { "lines add" };
    match action {
        Action::Refuse { .. } => Err(unreadable(format!("{seen} {adds} whitespace errors."))),
        Action::Fix if applied => {
            eprintln!("warning: {seen} line{} applied after fixing whitespace errors.", s(seen));
            Ok(())
        }
        _ => {
            eprintln!("warning: {seen} {adds} whitespace errors.");
            Ok(())
        }
    }
}

fn problem(line: &[u8]) -> Option<&'static str> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let at_end = line.last().is_some_and(u8::is_ascii_whitespace);
    match (at_end, tab_after_space(line)) {
        (true, true) => Some("trailing whitespace, space before tab in indent"),
        (true, false) => Some("trailing whitespace"),
        (false, true) => Some("space before tab in indent"),
        (false, false) => None,
    }
}

fn indent(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

fn tab_after_space(line: &[u8]) -> bool {
    let kept = line.trim_ascii_end();
    line[..indent(kept).min(line.len())].windows(2).any(|pair| pair == b" \t")
}

fn fix(line: &mut Line) {
    let end: &[u8] = if line.text.ends_with(b"\n") { b"\n" } else { b"" };
    let kept = line.text.trim_ascii_end();
    let indent = indent(kept);
    let mut fixed = if tab_after_space(kept) { tabbed(&kept[..indent]) } else { kept[..indent].to_vec() };
    fixed.extend_from_slice(&kept[indent..]);
    fixed.extend_from_slice(end);
    line.text = fixed;
}

/// Spaces before a tab that it would have covered go; eight of them are one.
fn tabbed(indent: &[u8]) -> Vec<u8> {
    let (mut fixed, mut spaces) = (Vec::new(), 0);
    let last = indent.iter().rposition(|byte| *byte == b'\t').map_or(0, |at| at + 1);
    for byte in &indent[..last] {
        spaces = if *byte == b' ' { spaces + 1 } else { 0 };
        if *byte == b'\t' || spaces == 8 {
            (spaces, fixed) = (0, [&fixed[..], b"\t"].concat());
        }
    }
    fixed.extend_from_slice(&indent[last..]);
    fixed
}
