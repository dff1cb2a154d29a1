//! What the owner of a journal keeps folded from it.

use skep_model::RunId;

use crate::append::Append;
use crate::entry::{Entry, Head};
use crate::position::{Mark, Position};

/// Why a fold said no, in words for an operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct FoldError(pub String);

/// One step of folding; to be stored as a whole or not at all.
#[derive(Debug)]
pub struct Applied<'a> {
    /// What was appended, in order. Entries of a damaged run from the damage on are left out.
    pub entries: &'a [Entry],
    /// The new head of each run that changed, including runs found damaged.
    pub heads: &'a [(RunId, Head)],
    /// How far the fold is afterwards.
    pub mark: Mark,
}

/// An entry that retention copied to another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Whose entry.
    pub run: RunId,
    /// Which one.
    pub seq: u64,
    /// Where it is now.
    pub position: Position,
}

/// The state that is derived from the journal: it follows every commit, remembers how far it came, and indexes positions.
///
/// It need not be durable. After a crash it may be gone or be older than it was, and is given again what it lacks; but what
/// it stores, it stores in the order it was given. All of it is called on the committer's thread (and on the opener's,
/// while opening), never twice at once.
pub trait Fold: Send {
    /// How far it came; `None` when it is empty.
    fn mark(&self) -> Result<Option<Mark>, FoldError>;

    /// How far the journal is known to have been durable. A fold that is made anew may know it from the one in whose place
    /// it is: what was acknowledged is damaged when it doesn't check, and never a torn write that may be cut off.
    fn acknowledged(&self) -> Result<Option<Mark>, FoldError> {
        self.mark()
    }

    /// The stored head of a run.
    fn head(&self, run: RunId) -> Result<Option<Head>, FoldError>;

    /// Judges an append before it is written. Earlier appends that were admitted and not yet applied count as happened.
    fn admit(&mut self, _append: &Append) -> Result<(), FoldError> {
        Ok(())
    }

    /// What was admitted since the last `apply` will not happen after all.
    fn abandon(&mut self) {}

    /// Takes what was made durable, before those who appended it hear so.
    fn apply(&mut self, step: Applied<'_>) -> Result<(), FoldError>;

    /// Learns new positions. An entry it does not know belongs to a deleted run and is to be ignored.
    fn moved(&mut self, moved: &[Moved]) -> Result<(), FoldError>;

    /// Forgets everything: the journal holds less than was applied, and all of it is about to be given again.
    fn reset(&mut self) -> Result<(), FoldError>;
}
