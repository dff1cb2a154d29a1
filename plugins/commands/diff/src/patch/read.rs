//! Reads unified differences, also those of git.

/// What one patch does to one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Patch {
    /// None: there is no such file before, or after.
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    /// By git's own lines: the new file is the old one, moved or copied.
    pub(super) moves: Option<Move>,
    pub(super) hunks: Vec<Hunk>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Rename,
    Copy,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The first line, from 1; 0 if there are none.
    pub(super) old_start: usize,
    pub(super) new_start: usize,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) kind: Kind,
    /// With its line end, if it has one.
    pub(super) text: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Same,
    Removed,
    Added,
}

impl Patch {
    /// What undoes it.
    pub(super) fn reversed(self) -> Self {
        let hunks = self.hunks.into_iter().map(Hunk::reversed).collect();
        Self { old: self.new, new: self.old, moves: self.moves, hunks }
    }
}

impl Hunk {
    fn reversed(self) -> Self {
        let swap = |kind| match kind {
            Kind::Same => Kind::Same,
            Kind::Removed => Kind::Added,
            Kind::Added => Kind::Removed,
        };
        let lines = self.lines.into_iter().map(|line| Line { kind: swap(line.kind), ..line });
        // What is removed stands before what is added.
        let mut ordered: Vec<Line> = Vec::new();
        let mut added = Vec::new();
        for line in lines {
            match line.kind {
                Kind::Added => added.push(line),
                Kind::Removed => ordered.push(line),
                Kind::Same => {
                    ordered.append(&mut added);
                    ordered.push(line);
                }
            }
        }
        ordered.append(&mut added);
        Self { old_start: self.new_start, new_start: self.old_start, lines: ordered }
    }
}

type Lines<'a> = std::slice::Split<'a, u8, fn(&u8) -> bool>;

struct Reader<'a> {
    lines: std::iter::Peekable<Lines<'a>>,
    number: usize,
}

pub(super) fn all(text: &[u8]) -> Result<Vec<Patch>, String> {
    let is_end: fn(&u8) -> bool = |byte| *byte == b'\n';
    let mut reader = Reader { lines: text.split(is_end).peekable(), number: 0 };
    let (mut patches, mut current) = (Vec::new(), None::<Patch>);
    while let Some(line) = reader.next() {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches('\r');
        if let Some(names) = text.strip_prefix("diff --git ") {
            patches.extend(current.replace(git_names(names)));
        } else if let (Some(old), true) = (text.strip_prefix("--- "), reader.names_follow()) {
            let new = String::from_utf8_lossy(reader.next().unwrap_or_default()).into_owned();
            let started = current.take_if(|patch| patch.hunks.is_empty());
            patches.extend(current.take());
            let mut patch = started.unwrap_or_default();
            (patch.old, patch.new) = (name(old), name(new.trim_start_matches("+++ ")));
            current = Some(patch);
        } else if text.starts_with("@@ -") {
            let hunk = reader.hunk(text)?;
            let patch = current.as_mut().ok_or_else(|| format!("no file is named for line {}", reader.number))?;
            patch.hunks.push(hunk);
        } else if text.starts_with("GIT binary patch") {
            return Err("binary patches of git cannot be applied".into());
        } else if let Some(patch) = current.as_mut().filter(|patch| patch.hunks.is_empty()) {
            extended(patch, text);
        }
    }
    patches.extend(current);
    patches
        .retain(|patch| !patch.hunks.is_empty() || patch.moves.is_some() || patch.old.is_none() != patch.new.is_none());
    Ok(patches)
}

/// `a/X b/X`: the names of a patch that has no other lines with them.
fn git_names(names: &str) -> Patch {
    let middle = names.len() / 2;
    let same = names.get(..middle).zip(names.get(middle + 1..)).filter(|(old, new)| old.get(2..) == new.get(2..));
    let (old, new) = same.or_else(|| names.split_once(' ')).unwrap_or((names, names));
    Patch { old: Some(old.into()), new: Some(new.into()), ..Patch::default() }
}

/// git's own lines between the names and the hunks.
fn extended(patch: &mut Patch, text: &str) {
    // git's names in these lines have no a/ and b/ before them, which stripping would look for.
    let prefixed = |prefix: &str, name: &str| Some(format!("{prefix}/{}", name.trim_matches('"')));
    if let Some(name) = text.strip_prefix("rename from ") {
        (patch.moves, patch.old) = (Some(Move::Rename), prefixed("a", name));
    } else if let Some(name) = text.strip_prefix("copy from ") {
        (patch.moves, patch.old) = (Some(Move::Copy), prefixed("a", name));
    } else if let Some(name) = text.strip_prefix("rename to ").or_else(|| text.strip_prefix("copy to ")) {
        patch.new = prefixed("b", name);
    } else if text.starts_with("new file mode ") {
        patch.old = None;
    } else if text.starts_with("deleted file mode ") {
        patch.new = None;
    }
}

/// Up to the tab that its date comes after; `/dev/null` is none.
fn name(text: &str) -> Option<String> {
    let name = text.split('\t').next().unwrap_or(text).trim_end();
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    (name != "/dev/null").then(|| name.to_owned())
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    Some((start.parse().ok()?, count.parse().ok()?))
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        self.number += 1;
        self.lines.next()
    }

    fn names_follow(&mut self) -> bool {
        self.lines.peek().is_some_and(|line| line.starts_with(b"+++ "))
    }

    /// The hunk whose first line is `@@ -1,2 +1,3 @@`.
    fn hunk(&mut self, place: &str) -> Result<Hunk, String> {
        let number = self.number;
        let malformed = || format!("malformed patch at line {number}: {place}");
        let mut ranges = place.split(' ').skip(1);
        let mut next = |sign| ranges.next().and_then(|text| range(text.strip_prefix(sign)?)).ok_or_else(malformed);
        let ((old_start, mut old_left), (new_start, mut new_left)) = (next('-')?, next('+')?);
        let mut hunk = Hunk { old_start, new_start, lines: Vec::new() };
        while old_left > 0 || new_left > 0 {
            let line = self.next().ok_or_else(|| format!("unexpected end of file in patch at line {}", self.number))?;
            let (kind, text) = match line.split_first() {
                Some((b'-', text)) => (Kind::Removed, text),
                Some((b'+', text)) => (Kind::Added, text),
                Some((b' ', text)) => (Kind::Same, text),
                // The space of an empty line is often lost.
                None | Some((b'\r', _)) => (Kind::Same, line),
                Some((b'\\', _)) => {
                    without_line_end(&mut hunk);
                    continue;
                }
                Some(_) => return Err(format!("malformed patch at line {}", self.number)),
            };
            let counts =
                |wanted: bool, left: usize| if wanted { left.checked_sub(1).ok_or_else(malformed) } else { Ok(left) };
            (old_left, new_left) = (counts(kind != Kind::Added, old_left)?, counts(kind != Kind::Removed, new_left)?);
            hunk.lines.push(Line { kind, text: [text, b"\n"].concat() });
        }
        if self.lines.next_if(|line| line.starts_with(b"\\")).is_some() {
            self.number += 1;
            without_line_end(&mut hunk);
        }
        Ok(hunk)
    }
}

fn without_line_end(hunk: &mut Hunk) {
    hunk.lines.last_mut().map(|line| line.text.pop());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hunks_and_line_ends_are_read() {
        let text = b"text\n--- a/x\t2026-01-01\n+++ b/x\n@@ -1,2 +1,2 @@ fn\n same\n-old\n+new\n\\ No newline at end of file\n";
        let patches = all(text).unwrap();
        assert_eq!((patches[0].old.as_deref(), patches[0].new.as_deref()), (Some("a/x"), Some("b/x")));
        let lines = &patches[0].hunks[0].lines;
        assert_eq!(lines[2], Line { kind: Kind::Added, text: b"new".to_vec() });
        assert_eq!(lines[0], Line { kind: Kind::Same, text: b"same\n".to_vec() });
    }

    #[test]
    fn a_removed_line_may_look_like_a_name() {
        let text = b"--- x\n+++ x\n@@ -1,2 +1,1 @@\n--- y\n+++ y\n same\n";
        assert!(all(text).is_err() || all(text).unwrap().len() == 1);
    }

    #[test]
    fn gits_lines_tell_renames_new_and_deleted_files() {
        let text = b"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n\
            diff --git a/n b/n\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+a\n\
            diff --git a/e b/e\nnew file mode 100644\nindex 0..1\n";
        let patches = all(text).unwrap();
        assert_eq!(patches[0].moves, Some(Move::Rename));
        assert_eq!((patches[0].old.as_deref(), patches[0].new.as_deref()), (Some("a/x"), Some("b/y")));
        assert_eq!((patches[1].old.as_deref(), patches[1].new.as_deref()), (None, Some("b/n")));
        assert_eq!((patches[2].old.as_deref(), patches[2].new.as_deref()), (None, Some("b/e")));
    }
}
