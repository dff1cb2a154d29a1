//! What a patch says of one file.

use crate::repository::LINK;

/// What type of file a mode is of.
const TYPE: u32 = 0o170_000;

/// One file's part of a patch. Where the text doesn't say whether the file is new or goes, its hunks and the files tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Patch {
    /// None: there is no such file before, or after.
    pub(crate) old: Option<Vec<u8>>,
    pub(crate) new: Option<Vec<u8>>,
    /// 0 where the text doesn't say.
    pub(crate) old_mode: u32,
    pub(crate) new_mode: u32,
    pub(crate) is_new: Option<bool>,
    pub(crate) is_delete: Option<bool>,
    pub(crate) moves: Option<Move>,
    /// How much of the file is the same, in percent.
    pub(crate) similarity: u32,
    /// Of the content, in hexadecimal and perhaps shortened.
    pub(crate) old_id: String,
    pub(crate) new_id: String,
    pub(crate) content: Content,
    /// Whether git itself wrote the names, which begin at the top of the repository then.
    pub(crate) from_top: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    Rename,
    Copy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Text(Vec<Hunk>),
    /// There and back. A patch that only says that binary files differ has neither.
    Binary(Option<Binary>, Option<Binary>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Text(Vec::new())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Binary {
    Literal(Vec<u8>),
    Delta(Vec<u8>),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hunk {
    /// The first line, from 1; 0 if there are none.
    pub(crate) old_start: usize,
    pub(crate) new_start: usize,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    /// With its line end, if it has one.
    pub(crate) text: Vec<u8>,
    /// Which line of the patch it is.
    pub(crate) number: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Same,
    Removed,
    Added,
}

impl Patch {
    /// What undoes it.
    pub(crate) fn reversed(self) -> Self {
        let content = match self.content {
            Content::Text(hunks) => Content::Text(hunks.into_iter().map(Hunk::reversed).collect()),
            Content::Binary(there, back) => Content::Binary(back, there),
        };
        Self {
            old: self.new,
            new: self.old,
            old_mode: self.new_mode,
            new_mode: self.old_mode,
            is_new: self.is_delete,
            is_delete: self.is_new,
            old_id: self.new_id,
            new_id: self.old_id,
            content,
            ..self
        }
    }

    /// Lines added and removed; none for a binary file.
    pub(crate) fn counts(&self) -> Option<(u64, u64)> {
        let Content::Text(hunks) = &self.content else { return None };
        let count = |kind: Kind| hunks.iter().map(|hunk| hunk.count(kind) as u64).sum();
        Some((count(Kind::Added), count(Kind::Removed)))
    }

    /// The name that messages have: the one that is.
    pub(crate) fn name(&self) -> &[u8] {
        self.old.as_ref().or(self.new.as_ref()).map_or(b"", Vec::as_slice)
    }

    /// The name that there is afterwards, or was before.
    pub(crate) fn final_name(&self) -> &[u8] {
        self.new.as_ref().or(self.old.as_ref()).map_or(b"", Vec::as_slice)
    }

    pub(crate) fn creates(&self) -> bool {
        self.is_new == Some(true)
    }

    pub(crate) fn deletes(&self) -> bool {
        self.is_delete == Some(true)
    }

    pub(crate) fn renames(&self) -> bool {
        self.moves == Some(Move::Rename)
    }

    /// Whether it does anything beside what its hunks do.
    pub(crate) fn changes_more_than_lines(&self) -> bool {
        let modes = self.old_mode != 0 && self.new_mode != 0 && self.old_mode != self.new_mode;
        self.moves.is_some() || self.creates() || self.deletes() || modes
    }
}

impl Hunk {
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.lines.iter().filter(|line| line.kind == kind).count()
    }

    /// How many lines it begins with that stay.
    pub(crate) fn leading(&self) -> usize {
        self.lines.iter().take_while(|line| line.kind == Kind::Same).count()
    }

    /// How many lines it ends with that stay.
    pub(crate) fn trailing(&self) -> usize {
        self.lines.iter().rev().take_while(|line| line.kind == Kind::Same).count()
    }

    fn reversed(self) -> Self {
        let swap = |kind| match kind {
            Kind::Same => Kind::Same,
            Kind::Removed => Kind::Added,
            Kind::Added => Kind::Removed,
        };
        let lines = self.lines.into_iter().map(|line| Line { kind: swap(line.kind), ..line }).collect();
        Self { old_start: self.new_start, new_start: self.old_start, lines }
    }
}

/// Whether two modes are of the same type of file.
pub(crate) fn same_type(one: u32, other: u32) -> bool {
    one & TYPE == other & TYPE
}

pub(crate) fn is_link(mode: u32) -> bool {
    same_type(mode, LINK)
}
