//! What to do about an error that the host's parts only describe.

use skep_journal::Error as JournalError;

/// The way out of an error, if there is one that its own words don't tell.
pub(crate) fn about(error: &anyhow::Error) -> Option<&'static str> {
    match journal(error)? {
        JournalError::InUse { .. } => Some("wait until it has ended or stop it, or name another folder with --data"),
        JournalError::Unwritable { .. } | JournalError::Io { .. } => {
            Some("make it writable, or name another folder with --data or SKEP_DATA")
        }
        JournalError::LowSpace { .. } => Some("make room, or lower `min_free_bytes` in skep.toml"),
        JournalError::DiskFull => Some("make room; what was accepted is kept and goes on then"),
        JournalError::Poisoned { .. } => Some("see to the disk, then start again: what is durable is read back"),
        JournalError::Damaged { .. } | JournalError::BlobMissing(_) | JournalError::BlobDamaged(_) => {
            Some("`skep store verify` says all that is damaged; other runs go on")
        }
        JournalError::NewerFormat { .. } => Some("update skep"),
        JournalError::Conflict { .. }
        | JournalError::TooLarge { .. }
        | JournalError::NothingToAppend
        | JournalError::Refused { .. }
        | JournalError::Closed
        | JournalError::Moved { .. }
        | JournalError::Lagged
        | JournalError::Fold { .. }
        | JournalError::Config(_) => None,
    }
}

/// The journal's error at the bottom of this one.
fn journal(error: &anyhow::Error) -> Option<&JournalError> {
    let state = || match error.downcast_ref::<skep_engine::Error>() {
        Some(skep_engine::Error::Store(error)) => Some(error),
        _ => error.downcast_ref::<skep_state::Error>(),
    };
    match state() {
        Some(skep_state::Error::Journal(error)) => Some(error),
        _ => error.downcast_ref::<JournalError>(),
    }
}
