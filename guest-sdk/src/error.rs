//! The one error of the SDK: why a call has no answer, or what the guest itself has to say about its failure.

use std::fmt;

/// A result with the SDK's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something has no answer. A failed call is data: its [`Kind`] says whether another try makes sense.
///
/// `?` turns the errors of `std` and `serde_json` into it, and strings too: `return Err("nothing to do".into())`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What sort of failure it is.
    pub kind: Kind,
    /// For people: what happened and what would help.
    pub message: String,
}

impl Error {
    /// A failure of the guest's own.
    pub fn new(message: impl Into<String>) -> Self {
        Self { kind: Kind::Guest, message: message.into() }
    }

    pub(crate) fn from_host(kind: &str, message: String) -> Self {
        Self { kind: Kind::from_word(kind), message }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Guest => formatter.write_str(&self.message),
            kind => write!(formatter, "{kind}: {}", self.message),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! from_errors {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        })*
    };
}

from_errors!(
    &str,
    String,
    fmt::Error,
    serde_json::Error,
    std::io::Error,
    std::num::ParseFloatError,
    std::num::ParseIntError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
);

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)?) => {
        /// What sort of failure an [`Error`] is, as the contract names it.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Kind {
            /// The guest's own failure; no call to the host is involved.
            Guest,
            $($(#[$doc])* $variant,)*
            /// A kind that this version of the SDK doesn't know. Treat it as final.
            Other(String),
        }

        impl Kind {
            fn from_word(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    _ => Self::Other(word.to_owned()),
                }
            }

            /// The contract's word for it.
            pub fn as_str(&self) -> &str {
                match self {
                    Self::Guest => "guest",
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }
    };
}

kinds! {
    /// Policy forbids it; the message names the grant that is missing.
    Refused = "refused",
    /// The arguments don't fit the tool's schema.
    InvalidArguments = "invalid-arguments",
    /// The tool ran and said that it failed.
    ToolError = "tool-error",
    /// The tool's component trapped, for example by a panic.
    Trap = "trap",
    /// A limit was reached; the message says which one and its value.
    Limit = "limit",
    /// The run is being cancelled.
    Cancelled = "cancelled",
    /// The host stopped in the middle of a call that may have had effects.
    Interrupted = "interrupted",
    /// This host has no such service.
    NotAvailable = "not-available",
    /// The host failed; nothing that the guest did wrong.
    HostFault = "host-fault",
    /// HTTP: no answer in time.
    Timeout = "timeout",
    /// HTTP: no connection.
    Connect = "connect",
    /// HTTP: the answer is larger than the limit.
    TooLarge = "too-large",
    /// HTTP: not a request that can be sent.
    InvalidRequest = "invalid-request",
    /// Search: no such path.
    NotFound = "not-found",
    /// Search: not a glob or not a regular expression.
    InvalidPattern = "invalid-pattern",
    /// Search: the path is absolute or leaves the workspace.
    InvalidPath = "invalid-path",
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
