//! Why a command does not go on to the next one.

/// Everything but the ordinary end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The shell ends with this code.
    Exit(i32),
    /// The function or sourced file ends with this status.
    Return(i32),
    /// So many loops end.
    Break(u32),
    /// So many loops less one end, and the last goes on.
    Continue(u32),
    /// An error gives up the complete command; the shell goes on with the next line.
    Discard(i32),
}

/// A status, or the reason to stop.
pub(crate) type Run<T = i32> = Result<T, Stop>;
