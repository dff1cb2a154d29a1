//! How much of each file changed, as columns of 80 characters.

use crate::quote::{Style, quoted};
use crate::repository::{Difference, EXECUTABLE};

const WIDTH: usize = 80;

/// One line of the table.
struct Row {
    name: String,
    added: usize,
    removed: usize,
    binary: Option<(u64, u64)>,
}

impl Row {
    fn of(difference: &Difference) -> Self {
        let name = renamed(difference);
        match difference.lines {
            Some((added, removed)) => Self { name, added: added as usize, removed: removed as usize, binary: None },
            None => Self { name, added: 0, removed: 0, binary: Some(difference.sizes) },
        }
    }
}

/// `--stat`.
pub(crate) fn table(differences: &[Difference]) -> String {
    let rows: Vec<_> = differences.iter().map(Row::of).collect();
    let most = rows.iter().map(|row| row.added + row.removed).max().unwrap_or(0);
    let longest = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let (mut digits, mut binary) = (decimal(most), 0);
    for (old, new) in rows.iter().filter_map(|row| row.binary) {
        binary = binary.max(14 + decimal(old as usize) + decimal(new as usize));
        digits = digits.max(3);
    }
    let (names, graph) = widths(longest, digits, if most + 4 > binary { most } else { binary - 4 });
    let mut text: String = rows.iter().map(|row| line(row, names, digits, graph, most)).collect();
    text.push_str(&summary(differences));
    text
}

fn widths(longest: usize, digits: usize, wanted: usize) -> (usize, usize) {
    let (mut names, mut graph) = (longest, wanted);
    if names + digits + 6 + graph > WIDTH {
        graph = graph.min((WIDTH * 3 / 8 - digits - 6).max(6));
        if names > WIDTH - digits - 6 - graph {
            names = WIDTH - digits - 6 - graph;
        } else {
            graph = WIDTH - digits - 6 - names;
        }
    }
    (names, graph)
}

fn line(row: &Row, names: usize, digits: usize, graph: usize, most: usize) -> String {
    let length = row.name.chars().count();
    let name = match length > names {
        true => {
            let kept: String = row.name.chars().skip(length - (names - 3)).collect();
            let kept = kept.find('/').map_or(kept.as_str(), |slash| &kept[slash..]);
            format!("...{kept}")
        }
        false => row.name.clone(),
    };
    let padding = " ".repeat(names.saturating_sub(name.chars().count()));
    if let Some((old, new)) = row.binary {
        let change = if (old, new) == (0, 0) { String::new() } else { format!(" {old} -> {new} bytes") };
        return format!(" {name}{padding} | {:>digits$}{change}\n", "Bin");
    }
    let (added, removed) = scaled(row.added, row.removed, graph, most);
    let total = row.added + row.removed;
    let space = if total > 0 { " " } else { "" };
    format!(" {name}{padding} | {total:>digits$}{space}{}{}\n", "+".repeat(added), "-".repeat(removed))
}

fn scaled(added: usize, removed: usize, graph: usize, most: usize) -> (usize, usize) {
    if graph > most {
        return (added, removed);
    }
    let scale = |count: usize| if count == 0 { 0 } else { 1 + count * (graph - 1) / most };
    let mut total = scale(added + removed);
    if total < 2 && added > 0 && removed > 0 {
        total = 2;
    }
    if added < removed {
        let added = scale(added);
        (added, total - added)
    } else {
        let removed = scale(removed);
        (total - removed, removed)
    }
}

fn decimal(number: usize) -> usize {
    number.to_string().len()
}

/// ` 2 files changed, 1 insertion(+)`.
pub(crate) fn summary(differences: &[Difference]) -> String {
    let files = differences.len();
    let lines = differences.iter().filter_map(|difference| difference.lines);
    let (added, removed) = lines.fold((0, 0), |(added, removed), lines| (added + lines.0, removed + lines.1));
    if files == 0 {
        return String::new();
    }
    let many = |count: u64| if count == 1 { "" } else { "s" };
    let mut text = format!(" {files} file{} changed", many(files as u64));
    if added > 0 || removed == 0 {
        text.push_str(&format!(", {added} insertion{}(+)", many(added)));
    }
    if removed > 0 || added == 0 {
        text.push_str(&format!(", {removed} deletion{}(-)", many(removed)));
    }
    text.push('\n');
    text
}

/// `--numstat`.
pub(crate) fn numbers(differences: &[Difference]) -> String {
    let line = |difference: &Difference| match difference.lines {
        Some((added, removed)) => format!("{added}\t{removed}\t{}\n", renamed(difference)),
        None => format!("-\t-\t{}\n", renamed(difference)),
    };
    differences.iter().map(line).collect()
}

/// What was made, removed, renamed or made executable.
pub(crate) fn modes(differences: &[Difference]) -> String {
    let line = |difference: &Difference| {
        let path = quoted(&difference.new_path, Style::Plain);
        let (old, new) = (difference.old_mode, difference.new_mode);
        match difference.kind.as_str() {
            "A" => format!(" create mode {new:06o} {path}\n"),
            "D" => format!(" delete mode {old:06o} {path}\n"),
            "R" => {
                let change = if old == new { String::new() } else { format!(" mode change {old:06o} => {new:06o}\n") };
                format!(" rename {} ({}%)\n{change}", renamed(difference), difference.similarity)
            }
            _ if old != new => format!(" mode change {old:06o} => {new:06o} {path}\n"),
            _ => String::new(),
        }
    };
    differences.iter().map(line).collect()
}

/// The path, or both with what they have in common written once: `src/{a => b}/c`.
fn renamed(difference: &Difference) -> String {
    let plain = |path: &[u8]| quoted(path, Style::Plain);
    if difference.kind != "R" {
        return plain(&difference.new_path);
    }
    let (old, new) = (&difference.old_path[..], &difference.new_path[..]);
    if plain(old).starts_with('"') || plain(new).starts_with('"') {
        return format!("{} => {}", plain(old), plain(new));
    }
    let same = old.iter().zip(new).take_while(|(one, other)| one == other).count();
    let before = old[..same].iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
    let slash = usize::from(before > 0);
    let room = (old.len() + slash - before).min(new.len() + slash - before);
    let same = old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(one, other)| one == other).count();
    let after = old[old.len() - same..].iter().position(|byte| *byte == b'/').map_or(0, |at| same - at);
    let middle = |path: &[u8]| {
        let end = path.len().saturating_sub(after).max(before);
        String::from_utf8_lossy(&path[before..end]).into_owned()
    };
    if before + after == 0 {
        return format!("{} => {}", plain(old), plain(new));
    }
    let (head, tail) = (String::from_utf8_lossy(&old[..before]), String::from_utf8_lossy(&old[old.len() - after..]));
    format!("{head}{{{} => {}}}{tail}", middle(old), middle(new))
}

/// Whether a mode is that of an executable file.
pub(crate) fn is_executable(mode: u32) -> bool {
    mode == EXECUTABLE
}
