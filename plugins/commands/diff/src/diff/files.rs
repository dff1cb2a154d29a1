//! Which files are held against each other: the two that were named, or with folders everything below them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::SystemTime;

use posix::date::Date;

use super::format::{self, Pair};
use super::options::{Format, Options};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Same,
    Different,
    /// Something could not be read, which was reported.
    Trouble,
}

impl Outcome {
    pub(super) fn code(self) -> i32 {
        match self {
            Self::Same => 0,
            Self::Different => 1,
            Self::Trouble => crate::TROUBLE,
        }
    }
}

/// One side: a file, or none where the other side has one.
struct Side {
    path: String,
    content: Vec<u8>,
    written: SystemTime,
}

impl Side {
    fn read(path: &str) -> Result<Self, String> {
        let failed = |problem: std::io::Error| format!("{path}: {}", posix::reason(&problem));
        if path == "-" {
            let mut content = Vec::new();
            std::io::stdin().lock().read_to_end(&mut content).map_err(failed)?;
            return Ok(Self { path: path.into(), content, written: SystemTime::now() });
        }
        let content = fs::read(path).map_err(failed)?;
        let written = fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(Self { path: path.into(), content, written })
    }

    fn absent(path: &str) -> Self {
        Self { path: path.into(), content: Vec::new(), written: SystemTime::UNIX_EPOCH }
    }

    fn is_binary(&self) -> bool {
        self.content.iter().take(8192).any(|byte| *byte == 0)
    }

    /// With its date, as the formats have it.
    fn name(&self, label: Option<&String>) -> String {
        label.cloned().unwrap_or_else(|| {
            let date = Date::of(self.written);
            let clock = date.format("%Y-%m-%d %H:%M:%S");
            format!("{}\t{clock}.{:09} +0000", self.path, date.nanosecond)
        })
    }
}

pub(super) fn compare(options: &Options, out: &mut impl Write) -> Result<Outcome, String> {
    let [old, new] = &options.files;
    let folder = |path: &str| Path::new(path).is_dir();
    match (folder(old), folder(new)) {
        (true, true) => folders(options, old, new, out),
        (true, false) if new != "-" => files(options, &joined(old, last_name(new)), new, out),
        (false, true) if old != "-" => files(options, old, &joined(new, last_name(old)), out),
        _ => files(options, old, new, out),
    }
}

fn last_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

fn joined(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

fn files(options: &Options, old: &str, new: &str, out: &mut impl Write) -> Result<Outcome, String> {
    let side = |path: &str| match Path::new(path).exists() || path == "-" || !options.absent_is_empty {
        true => Side::read(path),
        false => Ok(Side::absent(path)),
    };
    sides(options, &side(old)?, &side(new)?, None, out)
}

fn sides(
    options: &Options,
    old: &Side,
    new: &Side,
    before: Option<String>,
    out: &mut impl Write,
) -> Result<Outcome, String> {
    let say = |out: &mut dyn Write, text: &[u8]| out.write_all(text).map_err(|problem| problem.to_string());
    let identical = old.content == new.content;
    if !identical && !options.as_text && (old.is_binary() || new.is_binary()) {
        let kind = if options.brief { "Files" } else { "Binary files" };
        say(out, format!("{kind} {} and {} differ\n", old.path, new.path).as_bytes())?;
        return Ok(Outcome::Different);
    }
    let names = [old.name(options.labels.first()), new.name(options.labels.get(1))];
    let pair = Pair { old: &old.content, new: &new.content, names };
    let (text, differ) = if identical && (options.brief || options.format != Format::Side) {
        (Vec::new(), false)
    } else {
        format::written(&pair, options).map_err(|problem| problem.to_string())?
    };
    if !differ {
        say(out, &text)?;
        if options.reports_identical {
            say(out, format!("Files {} and {} are identical\n", old.path, new.path).as_bytes())?;
        }
        return Ok(Outcome::Same);
    }
    if options.brief {
        say(out, format!("Files {} and {} differ\n", old.path, new.path).as_bytes())?;
    } else {
        say(out, before.unwrap_or_default().as_bytes())?;
        say(out, &text)?;
    }
    Ok(Outcome::Different)
}

fn names(folder: &str, options: &Options) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    let failed = |problem: std::io::Error| format!("{folder}: {}", posix::reason(&problem));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !options.excluded.iter().any(|pattern| pattern.is_match(&name)) {
            names.insert(name);
        }
    }
    Ok(names)
}

fn folders(options: &Options, old: &str, new: &str, out: &mut impl Write) -> Result<Outcome, String> {
    let (in_old, in_new) = (names(old, options)?, names(new, options)?);
    let mut outcome = Outcome::Same;
    for name in in_old.union(&in_new) {
        let present = [in_old.contains(name), in_new.contains(name)];
        let one = entry(options, [old, new], name, present, out).unwrap_or_else(|problem| {
            eprintln!("diff: {problem}");
            Outcome::Trouble
        });
        outcome = outcome.max(one);
    }
    Ok(outcome)
}

fn entry(
    options: &Options,
    [old, new]: [&str; 2],
    name: &str,
    present: [bool; 2],
    out: &mut impl Write,
) -> Result<Outcome, String> {
    let (old_path, new_path) = (joined(old, name), joined(new, name));
    let is_folder = [&old_path, &new_path].map(|path| Path::new(path).is_dir());
    let mut say = |text: String| out.write_all(text.as_bytes()).map_err(|problem| problem.to_string());
    match (present, is_folder) {
        ([true, true], [true, true]) if !options.recursive => {
            say(format!("Common subdirectories: {old_path} and {new_path}\n"))?;
            Ok(Outcome::Same)
        }
        ([true, true], [true, true]) => folders(options, &old_path, &new_path, out),
        ([true, true], [true, false] | [false, true]) => {
            let kind = |folder: bool| if folder { "directory" } else { "regular file" };
            let (first, second) = (kind(is_folder[0]), kind(is_folder[1]));
            say(format!("File {old_path} is a {first} while file {new_path} is a {second}\n"))?;
            Ok(Outcome::Different)
        }
        ([true, true], [false, false]) => entry_files(options, &old_path, &new_path, present, out),
        ([in_old, _], folders) if !options.absent_is_empty || folders.contains(&true) && !options.recursive => {
            say(format!("Only in {}: {name}\n", if in_old { old } else { new }))?;
            Ok(Outcome::Different)
        }
        ([in_old, _], folders) if folders.contains(&true) => one_sided(options, [&old_path, &new_path], in_old, out),
        _ => entry_files(options, &old_path, &new_path, present, out),
    }
}

/// A folder that only one side has, held against nothing.
fn one_sided(options: &Options, paths: [&str; 2], in_old: bool, out: &mut impl Write) -> Result<Outcome, String> {
    let mut outcome = Outcome::Same;
    for name in names(paths[usize::from(!in_old)], options)? {
        outcome = outcome.max(entry(options, paths, &name, [in_old, !in_old], out)?);
    }
    Ok(outcome)
}

fn entry_files(
    options: &Options,
    old: &str,
    new: &str,
    present: [bool; 2],
    out: &mut impl Write,
) -> Result<Outcome, String> {
    let side = |path: &str, there: bool| if there { Side::read(path) } else { Ok(Side::absent(path)) };
    let words: String = options.words.iter().map(|word| format!(" {word}")).collect();
    let before = Some(format!("diff{words} {old} {new}\n"));
    sides(options, &side(old, present[0])?, &side(new, present[1])?, before, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::options;

    /// What diff prints for these words and two files, without the files' dates and folder.
    fn diff(words: &[&str], old: &str, new: &str) -> (String, Outcome) {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [("old", old), ("new", new)] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        in_folder(folder.path(), words, "old", "new")
    }

    fn in_folder(folder: &Path, words: &[&str], old: &str, new: &str) -> (String, Outcome) {
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let words = std::iter::once("diff").chain(words.iter().copied()).map(str::to_owned);
        let words: Vec<String> = words.chain([path(old), path(new)]).collect();
        let mut out = Vec::new();
        let outcome = compare(&options::read(&words).unwrap(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap().replace(&format!("{}/", folder.display()), "");
        let undated = text.lines().map(|line| format!("{}\n", line.split('\t').next().unwrap_or(line)));
        (undated.collect(), outcome)
    }

    #[test]
    fn a_unified_difference_has_lines_around_it() {
        let (text, outcome) = diff(&["-u"], "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n");
        assert_eq!(text, "--- old\n+++ new\n@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n+five\n 6\n");
        assert_eq!(outcome.code(), 1);
        assert_eq!(diff(&["-u"], "a\n", "a\n"), (String::new(), Outcome::Same));
    }

    #[test]
    fn a_normal_difference_says_what_became_of_lines() {
        assert_eq!(diff(&[], "a\nb\n", "a\nB\nc\n").0, "2c2,3\n< b\n---\n> B\n> c\n");
        assert_eq!(diff(&[], "a\nb\n", "a\n").0, "2d1\n< b\n");
        assert_eq!(diff(&[], "b\n", "a\nb\n").0, "0a1\n> a\n");
    }

    #[test]
    fn a_context_difference_shows_both_sides() {
        let text = diff(&["-c"], "a\nb\n", "a\nc\n").0;
        assert_eq!(text, "*** old\n--- new\n***************\n*** 1,2 ****\n  a\n! b\n--- 1,2 ----\n  a\n! c\n");
    }

    #[test]
    fn a_missing_line_end_is_said() {
        let text = diff(&["-u"], "a\n", "a").0;
        assert_eq!(text, "--- old\n+++ new\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n");
    }

    #[test]
    fn what_is_ignored_makes_no_difference() {
        assert_eq!(diff(&["-w"], "a b\n", "ab\n").1, Outcome::Same);
        assert_eq!(diff(&["-b"], "a  b \n", "a b\n").1, Outcome::Same);
        assert_eq!(diff(&["-i"], "A\n", "a\n").1, Outcome::Same);
        assert_eq!(diff(&["-B"], "a\n\n\nb\n", "a\nb\n").1, Outcome::Same);
        assert_eq!(diff(&["-I", "^#"], "# x\na\n", "# y\na\n").1, Outcome::Same);
        assert_eq!(diff(&["-q"], "a\n", "b\n").0, "Files old and new differ\n");
        assert_eq!(diff(&["-s"], "a\n", "a\n").0, "Files old and new are identical\n");
    }

    #[test]
    fn folders_are_compared_name_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [("a/same", "1\n"), ("b/same", "1\n"), ("a/x/changed", "1\n"), ("b/x/changed", "2\n")] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        fs::write(folder.path().join("b/new"), "n\n").unwrap();
        let (text, _) = in_folder(folder.path(), &["-rq"], "a", "b");
        assert_eq!(text, "Only in b: new\nFiles a/x/changed and b/x/changed differ\n");
        let (text, _) = in_folder(folder.path(), &["-ruN"], "a", "b");
        let new = "diff -ruN a/new b/new\n--- a/new\n+++ b/new\n@@ -0,0 +1 @@\n+n\n";
        let changed = "diff -ruN a/x/changed b/x/changed\n--- a/x/changed\n+++ b/x/changed\n@@ -1 +1 @@\n-1\n+2\n";
        assert_eq!(text, format!("{new}{changed}"));
    }
}
