//! What differs between two trees: as a list, and as a patch.

use std::io::{self, Write};

use git2::{Delta, Diff, DiffDelta, DiffFlags, DiffFormat, DiffLine, DiffOptions, FileMode, Patch};

use crate::RepoError;
use crate::meter::Meter;

/// Larger files are compared as a whole and not line by line.
const LARGEST_TEXT: i64 = 8 << 20;

/// One file that the run changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Below the work tree, separated by slashes; any bytes but zero.
    pub path: Vec<u8>,
    /// How.
    pub kind: ChangeKind,
    /// Whether it is executable, or was if it is deleted.
    pub executable: bool,
    /// Lines added and removed; none where they don't tell: of a file that is binary, too large to be compared or of another
    /// type now, or when the time for comparing was over.
    pub lines: Option<(u64, u64)>,
}

/// How a file was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It wasn't there.
    Added,
    /// Its content or whether it is executable.
    Modified,
    /// It isn't there any more.
    Deleted,
    /// It became a link, or a link became a file.
    TypeChanged,
}

/// All that a run changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// In the order of their paths.
    pub files: Vec<Change>,
    /// The paths of files that the patch lacks: it ends before the first that would have exceeded a limit, and has none that is
    /// too large to be shown.
    pub missing: Vec<Vec<u8>>,
}

pub(crate) fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.indent_heuristic(true).max_size(LARGEST_TEXT).ignore_submodules(false);
    options
}

/// The changed files, in the order of their paths.
pub(crate) fn list(diff: &Diff<'_>, meter: &Meter<'_>) -> Result<Vec<Change>, RepoError> {
    let mut changes = Vec::with_capacity(diff.deltas().len());
    for (index, delta) in diff.deltas().enumerate() {
        changes.push(Change {
            path: path(&delta).to_vec(),
            kind: match delta.status() {
                Delta::Added => ChangeKind::Added,
                Delta::Deleted => ChangeKind::Deleted,
                Delta::Typechange => ChangeKind::TypeChanged,
                _ => ChangeKind::Modified,
            },
            executable: is_executable(&delta),
            lines: lines(diff, index, meter)?,
        });
    }
    Ok(changes)
}

fn is_executable(delta: &DiffDelta<'_>) -> bool {
    let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
    file.mode() == FileMode::BlobExecutable
}

/// Whoever only wants to know which files changed hears it also when comparing them takes too long.
fn lines(diff: &Diff<'_>, index: usize, meter: &Meter<'_>) -> Result<Option<(u64, u64)>, RepoError> {
    match meter.check() {
        Err(RepoError::TimedOut { .. }) => return Ok(None),
        checked => checked?,
    }
    let patch = Patch::from_diff(diff, index).map_err(RepoError::git("the difference"))?;
    let Some(patch) = patch else { return Ok(None) };
    if patch.delta().flags().contains(DiffFlags::BINARY) || patch.delta().status() == Delta::Typechange {
        return Ok(None);
    }
    let (_, added, removed) = patch.line_stats().map_err(RepoError::git("the difference"))?;
    Ok(Some((added as u64, removed as u64)))
}

pub(crate) fn path<'d>(delta: &DiffDelta<'d>) -> &'d [u8] {
    delta.new_file().path_bytes().or_else(|| delta.old_file().path_bytes()).unwrap_or_default()
}

/// Writes a patch, a file at a time, as long as it has at most `most` bytes.
pub(crate) struct Printer<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) most: u64,
    pub(crate) meter: &'a Meter<'a>,
    /// The file that is under way.
    file: Vec<u8>,
    written: u64,
    /// Files that were begun.
    begun: usize,
    stopped: Option<Stop>,
}

enum Stop {
    Full,
    Failed(RepoError),
}

impl<'a> Printer<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, most: u64, meter: &'a Meter<'a>) -> Self {
        Self { out, most, meter, file: Vec::new(), written: 0, begun: 0, stopped: None }
    }

    /// The paths of the files that it had no room for.
    pub(crate) fn print(mut self, diff: &Diff<'_>) -> Result<Vec<Vec<u8>>, RepoError> {
        let printed = diff.print(DiffFormat::Patch, |_, _, line| match self.line(&line) {
            Ok(()) => true,
            Err(stop) => {
                self.stopped = Some(stop);
                false
            }
        });
        match self.stopped.take() {
            Some(Stop::Full) => Ok(diff.deltas().skip(self.begun - 1).map(|delta| path(&delta).to_vec()).collect()),
            Some(Stop::Failed(error)) => Err(error),
            None => {
                printed.map_err(RepoError::git("the difference"))?;
                self.finish().map_err(cannot_write)?;
                Ok(Vec::new())
            }
        }
    }

    fn line(&mut self, line: &DiffLine<'_>) -> Result<(), Stop> {
        if line.origin() == 'F' {
            self.finish().map_err(|error| Stop::Failed(cannot_write(error)))?;
            self.begun += 1;
            self.meter.check().map_err(|error| match error {
                RepoError::TimedOut { .. } => Stop::Full,
                error => Stop::Failed(error),
            })?;
        }
        if let Ok(origin @ (b' ' | b'+' | b'-')) = u8::try_from(line.origin()) {
            self.file.push(origin);
        }
        self.file.extend_from_slice(line.content());
        if self.written + self.file.len() as u64 > self.most { Err(Stop::Full) } else { Ok(()) }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.write_all(&self.file)?;
        self.written += self.file.len() as u64;
        self.file.clear();
        Ok(())
    }
}

fn cannot_write(error: io::Error) -> RepoError {
    RepoError::write(std::path::Path::new("the patch"))(error)
}
