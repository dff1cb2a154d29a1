//! From a patch to the file that it is for, and back onto the disk.

use std::fs;
use std::path::Path;

use super::apply::{self, Fit, Leeway};
use super::options::Options;
use super::read::{Hunk, Kind, Move, Patch};

/// Whether the whole patch went in.
pub(super) fn apply(patch: &Patch, options: &Options) -> Result<bool, String> {
    let target = Target::of(patch, options)?;
    let before = match &target.from {
        Some(path) if patch.old.is_some() || Path::new(path).exists() => {
            fs::read(path).map_err(|problem| format!("Can't open file {path} : {}", posix::reason(&problem)))?
        }
        _ => Vec::new(),
    };
    say(options, &target.announcement(patch, options));
    let leeway = Leeway { fuzz: options.fuzz, ignores_space: options.ignores_space };
    let applied = apply::hunks(&before, &patch.hunks, leeway);
    let exact = matches!(applied.fits.first(), None | Some(Fit::Applied { fuzz: 0, .. }));
    if !exact && is_applied(patch, &before, leeway) {
        return already_applied(patch, &target, options);
    }
    report(&applied.fits, options);
    if !options.dry_run {
        let exact = applied.fits.iter().all(|fit| matches!(fit, Fit::Applied { offset: 0, fuzz: 0, .. }));
        if options.backup || !exact && options.keeps_mismatched {
            target.back_up(&before, options)?;
        }
        target.write(patch, &applied.content, options)?;
    }
    reject(patch, &applied.fits, &target, options)
}

fn say(options: &Options, text: &str) {
    if !options.silent {
        println!("{text}");
    }
}

/// The file that is read and the one that is written.
struct Target {
    from: Option<String>,
    to: String,
}

impl Target {
    fn of(patch: &Patch, options: &Options) -> Result<Self, String> {
        if let Some(file) = &options.file {
            return Ok(Self { from: Some(file.clone()), to: options.output.clone().unwrap_or_else(|| file.clone()) });
        }
        let old = patch.old.as_deref().and_then(|name| stripped(name, options.strip));
        let new = patch.new.as_deref().and_then(|name| stripped(name, options.strip));
        let (from, to) = match (old, new) {
            (Some(old), Some(new)) if patch.moves.is_some() => (Some(old), new),
            (Some(old), Some(new)) => {
                let name = best(old, new);
                (Some(name.clone()), name)
            }
            (Some(old), None) => (Some(old.clone()), old),
            (None, Some(new)) => (Some(new.clone()), new),
            (None, None) => return Err("can't find file to patch; give its name, or another -p".into()),
        };
        for name in from.iter().chain([&to]) {
            refuse_outside(name)?;
        }
        Ok(Self { from, to: options.output.clone().unwrap_or(to) })
    }

    fn announcement(&self, patch: &Patch, options: &Options) -> String {
        let verb = if options.dry_run { "checking" } else { "patching" };
        match (patch.moves, &self.from) {
            (Some(Move::Rename), Some(from)) => format!("{verb} file {} (renamed from {from})", self.to),
            (Some(Move::Copy), Some(from)) => format!("{verb} file {} (copied from {from})", self.to),
            _ => format!("{verb} file {}", self.to),
        }
    }

    fn failed(&self, problem: &std::io::Error) -> String {
        format!("Can't write {} : {}", self.to, posix::reason(problem))
    }

    fn back_up(&self, before: &[u8], options: &Options) -> Result<(), String> {
        if !Path::new(&self.to).exists() {
            return Ok(());
        }
        fs::write(format!("{}{}", self.to, options.suffix), before).map_err(|problem| self.failed(&problem))
    }

    fn write(&self, patch: &Patch, content: &[u8], options: &Options) -> Result<(), String> {
        let failed = |problem: std::io::Error| self.failed(&problem);
        if content.is_empty() && (patch.new.is_none() || options.removes_empty) {
            return remove(&self.to).map_err(failed);
        }
        if let Some(folder) = Path::new(&self.to).parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        fs::write(&self.to, content).map_err(failed)?;
        match &self.from {
            Some(from) if patch.moves == Some(Move::Rename) && *from != self.to => remove(from).map_err(failed),
            _ => Ok(()),
        }
    }
}

/// The one that is there; of two the one with fewer folders and the shorter name, so that `x` goes before `x.orig`.
fn best(old: String, new: String) -> String {
    let length = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or(name);
        (name.matches('/').count(), last.len(), name.len())
    };
    match (Path::new(&old).exists(), Path::new(&new).exists()) {
        (true, false) => old,
        (true, true) if length(&old) <= length(&new) => old,
        _ => new,
    }
}

/// With the folders that it leaves empty.
fn remove(path: &str) -> std::io::Result<()> {
    fs::remove_file(path)?;
    let folders = Path::new(path).ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    for folder in folders {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// Without so many folders; by itself, the longest end of the name that is a file, or without git's `a/` and `b/`.
fn stripped(name: &str, strip: Option<usize>) -> Option<String> {
    let without = |count: usize| {
        let mut rest = name;
        for _ in 0..count {
            rest = rest.split_once('/')?.1.trim_start_matches('/');
        }
        Some(rest.to_owned()).filter(|rest| !rest.is_empty())
    };
    if let Some(count) = strip {
        return without(count);
    }
    let existing = (0..=name.matches('/').count()).filter_map(without).find(|name| Path::new(name).is_file());
    existing.or_else(|| without(usize::from(name.starts_with("a/") || name.starts_with("b/"))))
}

fn refuse_outside(name: &str) -> Result<(), String> {
    if name.starts_with('/') || name.split('/').any(|part| part == "..") {
        return Err(format!("refusing the dangerous file name {name}"));
    }
    Ok(())
}

/// Whether the file is as the patch would make it.
fn is_applied(patch: &Patch, before: &[u8], leeway: Leeway) -> bool {
    let reversed = patch.clone().reversed();
    let strict = Leeway { fuzz: 0, ..leeway };
    !apply::hunks(before, &reversed.hunks, strict).fits.contains(&Fit::Failed)
}

fn already_applied(patch: &Patch, target: &Target, options: &Options) -> Result<bool, String> {
    say(options, "Reversed (or previously applied) patch detected!  Skipping patch.");
    if options.forward {
        return Ok(false);
    }
    let fits = vec![Fit::Failed; patch.hunks.len()];
    reject(patch, &fits, target, options)
}

fn report(fits: &[Fit], options: &Options) {
    for (at, fit) in fits.iter().enumerate() {
        if let Fit::Applied { line, offset, fuzz } = *fit
            && (offset != 0 || fuzz != 0)
        {
            let fuzz = if fuzz > 0 { format!(" with fuzz {fuzz}") } else { String::new() };
            // As patch has it: -1 is many.
            let plural = if offset == 1 { "" } else { "s" };
            let offset = if offset != 0 { format!(" (offset {offset} line{plural})") } else { String::new() };
            say(options, &format!("Hunk #{} succeeded at {line}{fuzz}{offset}.", at + 1));
        }
    }
}

/// Writes what did not go in beside the file, and says so.
fn reject(patch: &Patch, fits: &[Fit], target: &Target, options: &Options) -> Result<bool, String> {
    let failed: Vec<usize> = (0..fits.len()).filter(|at| fits[*at] == Fit::Failed).collect();
    if failed.is_empty() {
        return Ok(true);
    }
    for at in &failed {
        println!("Hunk #{} FAILED at {}.", at + 1, patch.hunks[*at].old_start);
    }
    let path = options.rejects.clone().unwrap_or_else(|| format!("{}.rej", target.to));
    let saving = if options.dry_run { String::new() } else { format!(" -- saving rejects to file {path}") };
    let plural = if fits.len() == 1 { "" } else { "s" };
    println!("{} out of {} hunk{plural} FAILED{saving}", failed.len(), fits.len());
    if !options.dry_run && path != "-" {
        let mut text = format!("--- {}\n+++ {}\n", target.to, target.to).into_bytes();
        failed.iter().for_each(|at| text.extend(written(&patch.hunks[*at])));
        fs::write(&path, text).map_err(|problem| format!("Can't write {path} : {}", posix::reason(&problem)))?;
    }
    Ok(false)
}

fn written(hunk: &Hunk) -> Vec<u8> {
    let count = |other: Kind| hunk.lines.iter().filter(|line| line.kind != other).count();
    let (old, new) = (count(Kind::Added), count(Kind::Removed));
    let mut text = format!("@@ -{},{old} +{},{new} @@\n", hunk.old_start, hunk.new_start).into_bytes();
    for line in &hunk.lines {
        text.push(match line.kind {
            Kind::Same => b' ',
            Kind::Removed => b'-',
            Kind::Added => b'+',
        });
        text.extend(&line.text);
        if !line.text.ends_with(b"\n") {
            text.extend(b"\n\\ No newline at end of file\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_stripped_as_told_or_until_a_file_is_there() {
        assert_eq!(stripped("a/src/x", Some(1)).as_deref(), Some("src/x"));
        assert_eq!(stripped("x", Some(1)), None);
        assert_eq!(stripped("a/src/not-there", None).as_deref(), Some("src/not-there"));
        assert_eq!(stripped("x/y/Cargo.toml", None).as_deref(), Some("Cargo.toml"));
    }

    #[test]
    fn a_name_that_leads_out_is_refused() {
        assert!(refuse_outside("../x").is_err() && refuse_outside("/etc/x").is_err());
        assert!(refuse_outside("a/..b").is_ok());
    }
}
