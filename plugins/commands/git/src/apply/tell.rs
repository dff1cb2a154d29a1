//! What patches would do, as numbers.

use std::io::Write as _;

use crate::Stop;
use crate::quote::{Style, quoted};
use crate::repository::Difference;
use crate::stat;

use super::patch::{Move, Patch};

/// Names have at most so many columns in `--stat`, and with the bars so many.
const NAMES: usize = 50;
const WIDTH: usize = 70;

/// `--stat`.
pub(crate) fn table(patches: &[Patch]) -> String {
    let width = patches.iter().map(|patch| name(patch).len()).max().unwrap_or(0).min(NAMES);
    let most = patches.iter().filter_map(Patch::counts).map(|(added, removed)| added + removed).max().unwrap_or(0);
    let mut table: String = patches.iter().map(|patch| row(patch, width, most as usize)).collect();
    let differences: Vec<_> = patches.iter().map(difference).collect();
    table.push_str(&match differences.is_empty() {
        true => " 0 files changed\n".to_owned(),
        false => stat::summary(&differences),
    });
    table
}

fn row(patch: &Patch, width: usize, most: usize) -> String {
    let mut name = name(patch);
    if name.len() > width {
        let kept = name.len() + 3 - width;
        let from = name[kept..].find('/').map_or(kept, |slash| kept + slash);
        name = format!("...{}", &name[from..]);
    }
    let Some((added, removed)) = patch.counts() else { return format!(" {name:<width$} |  Bin\n") };
    let (mut plus, mut minus) = (added as usize, removed as usize);
    if most > 0 {
        let room = if width + most > WIDTH { WIDTH - width } else { most };
        let scaled = |count: usize| (count * room + most / 2) / most;
        (plus, minus) = (scaled(plus), scaled(plus + minus) - scaled(plus));
    }
    format!(" {name:<width$} |{:>5} {}{}\n", added + removed, "+".repeat(plus), "-".repeat(minus))
}

fn name(patch: &Patch) -> String {
    quoted(patch.final_name(), Style::Plain)
}

/// `--numstat`.
pub(crate) fn numbers(patches: &[Patch], zero: bool) -> Result<(), Stop> {
    let mut out = std::io::stdout().lock();
    for patch in patches {
        match patch.counts() {
            Some((added, removed)) => write!(out, "{added}\t{removed}\t")?,
            None => write!(out, "-\t-\t")?,
        }
        match zero {
            true => out.write_all(&[patch.final_name(), b"\0"].concat())?,
            false => writeln!(out, "{}", name(patch))?,
        }
    }
    Ok(())
}

/// `--summary`.
pub(crate) fn summary(patches: &[Patch]) -> String {
    let line = |patch: &Patch| match patch.moves {
        Some(Move::Copy) => stat::modes(&[difference(patch)]).replacen(" rename ", " copy ", 1),
        _ => stat::modes(&[difference(patch)]),
    };
    patches.iter().map(line).collect()
}

/// The patch as a comparison would have found it.
fn difference(patch: &Patch) -> Difference {
    let kind = match patch.moves {
        _ if patch.creates() => "A",
        _ if patch.deletes() => "D",
        Some(_) => "R",
        None => "M",
    };
    let is_change = patch.old_mode != 0 && patch.new_mode != 0;
    let (old_mode, new_mode) = match kind {
        "A" | "D" => (patch.old_mode, patch.new_mode),
        _ if is_change => (patch.old_mode, patch.new_mode),
        _ => (0, 0),
    };
    let path = |name: &Option<Vec<u8>>| name.as_deref().unwrap_or(patch.final_name()).to_vec();
    Difference {
        old_path: path(&patch.old),
        new_path: path(&patch.new),
        kind: kind.to_owned(),
        similarity: patch.similarity,
        old_mode,
        new_mode,
        old_id: String::new(),
        new_id: String::new(),
        lines: patch.counts(),
        sizes: (0, 0),
        patch: Vec::new(),
    }
}
