//! The one place that decides exit codes. Each is a situation that a script tells apart.

use skep_model::RunState;

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    Usage,
    Error,
    Cancelled,
    NotFound,
    Refused,
    Busy,
    DataFolder,
    Diverged,
    NotWhole,
    Waits,
    Registry,
    Internal,
    Left,
    NobodyReads,
    /// What a command ended with that was executed for somebody.
    Command(u8),
}

/// The table that `--help` and the README show.
pub(crate) const TABLE: &[(Exit, &str)] = &[
    (Exit::Done, "done; a run that was waited for SUCCEEDED"),
    (Exit::Failed, "the run FAILED: its agent, a limit or what was asked for is the cause"),
    (Exit::Usage, "the command line is wrong"),
    (Exit::Error, "the run ended as ERROR: the host is the cause"),
    (Exit::Cancelled, "the run was CANCELLED"),
    (Exit::NotFound, "no such run, agent, environment, image, artifact or data folder"),
    (Exit::Refused, "refused: a limit, prompt, repository, plugin, image or file; nothing was changed"),
    (Exit::Busy, "another process has the data folder"),
    (Exit::DataFolder, "the data folder can't be used: not writable, full, or damaged"),
    (Exit::Diverged, "the replay differs from the record"),
    (Exit::NotWhole, "a replay agrees as far as it goes and the end was not the agent's own, or a diff is not whole"),
    (Exit::Waits, "what is left waits for a message, which `skep run send` writes"),
    (Exit::Registry, "the registry can't be reached, or sends something wrong; trying again may help"),
    (Exit::Internal, "skep itself failed"),
    (Exit::Left, "left while runs were under way; they go on when a host starts again"),
    (Exit::NobodyReads, "whoever read the output went away"),
];

impl Exit {
    /// How waiting for a run ends when the run ends so.
    pub(crate) const fn of_run(state: RunState) -> Self {
        match state {
            RunState::Succeeded => Self::Done,
            RunState::Failed => Self::Failed,
            RunState::Error => Self::Error,
            RunState::Cancelled => Self::Cancelled,
            RunState::Queued | RunState::Pending | RunState::Claimed | RunState::InProgress | RunState::Blocked => {
                Self::Left
            }
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Error => 3,
            Self::Cancelled => 4,
            Self::NotFound => 5,
            Self::Refused => 6,
            Self::Busy => 7,
            Self::DataFolder => 8,
            Self::Diverged => 9,
            Self::NotWhole => 10,
            Self::Waits => 11,
            Self::Registry => 12,
            Self::Internal => 70,
            Self::Left => 130,
            Self::NobodyReads => 141,
            Self::Command(code) => code,
        }
    }
}

/// A problem that this command found itself, with the code that it ends with.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Problem {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

/// An error that ends the command with this code.
pub(crate) fn problem(exit: Exit, message: impl Into<String>) -> anyhow::Error {
    Problem { exit, message: message.into() }.into()
}

/// The code for an error, by the first of its causes that is known.
pub(crate) fn of_error(error: &anyhow::Error) -> Exit {
    // A problem may be the context of another error, where only anyhow itself finds it.
    let own = error.downcast_ref::<Problem>().map(|problem| problem.exit);
    own.or_else(|| error.chain().find_map(of_cause)).unwrap_or(Exit::Internal)
}

fn of_cause(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(error) = cause.downcast_ref::<skep_engine::Error>() {
        return of_engine(error);
    }
    if let Some(error) = cause.downcast_ref::<skep_state::Error>() {
        return of_state(error);
    }
    if let Some(error) = cause.downcast_ref::<skep_journal::Error>() {
        return of_journal(error);
    }
    if let Some(error) = cause.downcast_ref::<skep_image::ImageError>() {
        return of_image(error);
    }
    if let Some(error) = cause.downcast_ref::<std::io::Error>() {
        return (error.kind() == std::io::ErrorKind::BrokenPipe).then_some(Exit::NobodyReads);
    }
    cause.is::<skep_config::ConfigError>().then_some(Exit::Refused)
}

fn of_engine(error: &skep_engine::Error) -> Option<Exit> {
    use skep_engine::Error;
    match error {
        Error::Store(error) => of_state(error),
        Error::Sandbox(skep_sandbox::Error::Engine(_)) => Some(Exit::Internal),
        Error::Sandbox(skep_sandbox::Error::Cache(_)) | Error::Unreadable { .. } | Error::Torn(_) => {
            Some(Exit::DataFolder)
        }
        Error::UnknownAgent { .. } | Error::UnknownEnvironment { .. } | Error::UnknownRun(_) => Some(Exit::NotFound),
        Error::Sandbox(_)
        | Error::Config(_)
        | Error::Image(_)
        | Error::Plugin { .. }
        | Error::Limit(_)
        | Error::Environment { .. }
        | Error::Unheard { .. }
        | Error::Invalid(_)
        | Error::Full { .. }
        | Error::Ended(_)
        | Error::NotEnded { .. }
        | Error::ShuttingDown => Some(Exit::Refused),
        Error::Worker(_) => Some(Exit::Internal),
    }
}

fn of_state(error: &skep_state::Error) -> Option<Exit> {
    use skep_state::Error;
    match error {
        Error::Journal(error) => of_journal(error),
        Error::NoSuchRun(_) => Some(Exit::NotFound),
        Error::NotEnded { .. } | Error::Import { .. } | Error::NotEmpty(_) => Some(Exit::Refused),
        Error::Broken { .. } | Error::UnknownEvent { .. } | Error::Io { .. } => Some(Exit::DataFolder),
    }
}

fn of_journal(error: &skep_journal::Error) -> Option<Exit> {
    use skep_journal::Error;
    match error {
        Error::InUse { .. } => Some(Exit::Busy),
        Error::TooLarge { .. } => Some(Exit::Refused),
        Error::Conflict { .. }
        | Error::NothingToAppend
        | Error::Refused { .. }
        | Error::Closed
        | Error::Moved { .. } => Some(Exit::Internal),
        Error::Lagged | Error::Config(_) => Some(Exit::Internal),
        Error::Damaged { .. }
        | Error::Poisoned { .. }
        | Error::DiskFull
        | Error::LowSpace { .. }
        | Error::Fold { .. }
        | Error::NewerFormat { .. }
        | Error::Unwritable { .. }
        | Error::BlobMissing(_)
        | Error::BlobDamaged(_)
        | Error::Io { .. } => Some(Exit::DataFolder),
    }
}

fn of_image(error: &skep_image::ImageError) -> Option<Exit> {
    use skep_image::ImageError;
    match error {
        ImageError::BadReference { .. } | ImageError::WrongReference { .. } => Some(Exit::Usage),
        ImageError::Unknown { .. } | ImageError::NotThere { .. } => Some(Exit::NotFound),
        ImageError::Folder(_)
        | ImageError::Changed { .. }
        | ImageError::Denied { .. }
        | ImageError::NoImage { .. }
        | ImageError::NoCommand { .. }
        | ImageError::TooMuch { .. }
        | ImageError::Redirected { .. }
        | ImageError::AddressRefused { .. } => Some(Exit::Refused),
        ImageError::Missing { .. } | ImageError::Damaged { .. } | ImageError::Store { .. } => Some(Exit::DataFolder),
        ImageError::WrongDigest { .. }
        | ImageError::Truncated { .. }
        | ImageError::TooSlow { .. }
        | ImageError::Unreachable { .. } => Some(Exit::Registry),
    }
}
