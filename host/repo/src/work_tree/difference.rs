//! What differs between any two sides, for people: with renames, and each file's patch as git writes it.

use std::collections::HashMap;

use git2::{Delta, Diff, DiffDelta, DiffFindOptions, DiffFlags, Odb, Oid, Patch, Repository};

use crate::RepoError;
use crate::beneath;
use crate::work_tree::git::{Git, Side};
use crate::work_tree::listing::Listing;
use crate::work_tree::store::{self, Content};
use crate::work_tree::{Compared, Comparing, change, tree};

/// All patches of one comparison together have at most so many bytes.
const LARGEST: usize = 32 << 20;
/// As many pairs as git looks at for renames.
const PAIRS: usize = 1_000;

/// How to compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Files and folders to look at; none for all.
    pub paths: Vec<Vec<u8>>,
    /// Whether files of the work tree that are not in the index count.
    pub untracked: bool,
    /// Whether to find renames.
    pub renames: bool,
    /// Whether to write patches.
    pub patch: bool,
    /// Whether these have the content of binary files.
    pub binary: bool,
    /// Lines around each change.
    pub context: u32,
    /// White space that makes no difference: `all`, `change`, `end`, or nothing.
    pub spaces: String,
}

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where it was.
    pub old_path: Vec<u8>,
    /// Where it is.
    pub new_path: Vec<u8>,
    /// `A`, `D`, `M`, `T` or `R`.
    pub kind: char,
    /// Of a renamed file, in percent.
    pub similarity: u32,
    /// 0 where there is no file.
    pub old_mode: u32,
    /// 0 where there is no file.
    pub new_mode: u32,
    /// The name of the content that was, in hexadecimal.
    pub old_id: String,
    /// The name of the content that is.
    pub new_id: String,
    /// Lines added and removed; none for a binary file.
    pub lines: Option<(u64, u64)>,
    /// Bytes of the content that was, and of that which is.
    pub sizes: (u64, u64),
    /// As git writes it, if it was asked for.
    pub patch: Vec<u8>,
}

impl Git<'_> {
    /// What differs between two sides, in the order of the paths.
    ///
    /// # Errors
    /// A revision is unknown, the patches are too long together, or see [`RepoError`].
    pub fn differences(&self, old: &Side, new: &Side, how: &Comparison) -> Result<Vec<Difference>, RepoError> {
        let only = |listing: Listing| listing.only(|path| how.wants(path));
        let old_files = only(self.listing(old)?);
        let mut new_files = only(self.listing(new)?);
        if *new == Side::Files && !how.untracked {
            let staged = self.staged()?;
            new_files = new_files.only(|path| staged.get(path).is_some());
        }
        let repository = store::open_in_memory(&self.tree.git)?;
        let root = beneath::root(&self.tree.files).map_err(RepoError::read(&self.tree.files))?;
        let content = Content { files: &self.tree.files, root: &root, meter: &self.meter };
        let mut comparing = Comparing { repository: &repository, content, held: 0, untold: Vec::new() };
        let new_files = comparing.hold(&old_files, new_files)?;
        let untold = comparing.untold;
        let (old, new) = (tree(&repository, &old_files)?, tree(&repository, &new_files)?);
        let compared = Compared { repository, old, new };
        let mut diff = compared.diff(&mut how.options())?;
        if how.renames {
            let mut find = DiffFindOptions::new();
            diff.find_similar(Some(find.renames(true).rename_limit(PAIRS))).map_err(self.failed())?;
        }
        let mut found = self.described(&compared.repository, &diff, how)?;
        found.extend(untold.into_iter().map(large));
        found.sort_by(|one, other| one.new_path.cmp(&other.new_path));
        Ok(found)
    }

    fn described(
        &self,
        repository: &Repository,
        diff: &Diff<'_>,
        how: &Comparison,
    ) -> Result<Vec<Difference>, RepoError> {
        let objects = repository.odb().map_err(self.failed())?;
        let (mut found, mut bytes) = (Vec::with_capacity(diff.deltas().len()), 0);
        for (index, delta) in diff.deltas().enumerate() {
            self.meter.check()?;
            let mut difference = described(&delta);
            difference.sizes = (size(&objects, delta.old_file().id()), size(&objects, delta.new_file().id()));
            if let Some(mut patch) = Patch::from_diff(diff, index).map_err(self.failed())? {
                if !patch.delta().flags().contains(DiffFlags::BINARY) {
                    let (_, added, removed) = patch.line_stats().map_err(self.failed())?;
                    difference.lines = Some((added as u64, removed as u64));
                }
                if how.patch {
                    difference.patch = patch.to_buf().map_err(self.failed())?.to_vec();
                }
            }
            if difference.kind == 'R' {
                difference.similarity = similarity(&objects, &delta).map_err(self.failed())?;
                tell_similarity(&mut difference);
            }
            bytes += difference.patch.len();
            if bytes > LARGEST {
                return Err(RepoError::TooMuch { what: "bytes", limit: LARGEST as u64, at: "the difference".into() });
            }
            found.push(difference);
        }
        Ok(found)
    }
}

impl Comparison {
    fn wants(&self, path: &[u8]) -> bool {
        let is_at = |wanted: &Vec<u8>| {
            wanted.is_empty() || path.strip_prefix(&wanted[..]).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        };
        self.paths.is_empty() || self.paths.iter().any(is_at)
    }

    fn options(&self) -> git2::DiffOptions {
        let mut options = change::options();
        options.context_lines(self.context).id_abbrev(if self.binary { 40 } else { 7 }).show_binary(self.binary);
        options.ignore_whitespace(self.spaces == "all").ignore_whitespace_change(self.spaces == "change");
        options.ignore_whitespace_eol(self.spaces == "end");
        // A patch of a file that became a link takes the file away and adds the link.
        options.include_typechange(!self.patch);
        options
    }
}

fn described(delta: &DiffDelta<'_>) -> Difference {
    let (old, new) = (delta.old_file(), delta.new_file());
    let path = |file: &git2::DiffFile<'_>| file.path_bytes().unwrap_or_default().to_vec();
    Difference {
        old_path: path(&old),
        new_path: path(&new),
        kind: match delta.status() {
            Delta::Added => 'A',
            Delta::Deleted => 'D',
            Delta::Renamed => 'R',
            Delta::Typechange => 'T',
            _ => 'M',
        },
        similarity: 0,
        old_mode: u32::from(old.mode()),
        new_mode: u32::from(new.mode()),
        old_id: old.id().to_string(),
        new_id: new.id().to_string(),
        lines: None,
        sizes: (0, 0),
        patch: Vec::new(),
    }
}

/// What is too large to be compared.
fn large(change: change::Change) -> Difference {
    let kind = match change.kind {
        change::ChangeKind::Added => 'A',
        change::ChangeKind::Deleted => 'D',
        change::ChangeKind::Modified | change::ChangeKind::TypeChanged => 'M',
    };
    let nothing = "0".repeat(40);
    let mode = |there: bool| if there { 0o100_644 } else { 0 };
    Difference {
        old_path: change.path.clone(),
        new_path: change.path,
        kind,
        similarity: 0,
        old_mode: mode(kind != 'A'),
        new_mode: mode(kind != 'D'),
        old_id: nothing.clone(),
        new_id: nothing,
        lines: None,
        sizes: (0, 0),
        patch: Vec::new(),
    }
}

/// 0 where there is no content.
fn size(objects: &Odb<'_>, id: Oid) -> u64 {
    if id.is_zero() { 0 } else { objects.read_header(id).map_or(0, |(size, _)| size as u64) }
}

/// How much of the larger file is in both, in percent, as git counts it: by lines, long ones in pieces of 64 bytes.
fn similarity(objects: &Odb<'_>, delta: &DiffDelta<'_>) -> Result<u32, git2::Error> {
    let (old, new) = (delta.old_file().id(), delta.new_file().id());
    if old == new {
        return Ok(100);
    }
    let (old, new) = (objects.read(old)?, objects.read(new)?);
    let mut left: HashMap<&[u8], usize> = HashMap::new();
    for piece in pieces(old.data()) {
        *left.entry(piece).or_default() += 1;
    }
    let mut copied = 0;
    for piece in pieces(new.data()) {
        if let Some(count) = left.get_mut(piece).filter(|count| **count > 0) {
            *count -= 1;
            copied += piece.len();
        }
    }
    let larger = old.len().max(new.len()).max(1);
    Ok(u32::try_from(copied * 100 / larger).unwrap_or(100))
}

fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').flat_map(|line| line.chunks(64))
}

/// libgit2 counts otherwise, and says so in its patch.
fn tell_similarity(difference: &mut Difference) {
    const LABEL: &[u8] = b"similarity index ";
    let at = difference.patch.windows(LABEL.len()).position(|window| window == LABEL).map(|at| at + LABEL.len());
    let end = at.and_then(|at| difference.patch[at..].iter().position(|byte| *byte == b'%').map(|length| at + length));
    if let (Some(at), Some(end)) = (at, end) {
        difference.patch.splice(at..end, difference.similarity.to_string().into_bytes());
    }
}
