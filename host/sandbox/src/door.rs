//! What a brain can reach: its door, and nothing else.

use std::any::Any;

use skep_model::{Stream, Timestamp};

/// What a run's brain is started with.
#[derive(Debug, Clone)]
pub struct Task {
    /// The run's id, as text.
    pub run: String,
    /// What to do.
    pub prompt: String,
    /// A JSON object.
    pub context: String,
    /// Where the brain's randomness comes from.
    pub seed: u64,
}

/// One call of a brain. The same shapes as in the contract; texts are whole, wherever they will be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Wait for a message.
    Receive {
        /// In milliseconds.
        timeout_ms: Option<u64>,
    },
    /// Keep a document.
    Report {
        /// Its name.
        name: String,
        /// Its media type.
        media_type: String,
        /// Its content.
        content: Vec<u8>,
    },
    /// Keep a file of the workspace.
    ReportFile {
        /// Its name as an artifact.
        name: String,
        /// Its media type.
        media_type: String,
        /// Where it is.
        path: String,
    },
    /// Which tools are granted.
    ListTools,
    /// Call a tool.
    Tool {
        /// `<plugin>.<tool>`.
        name: String,
        /// JSON.
        arguments: String,
    },
    /// Sleep this long.
    Sleep {
        /// In milliseconds.
        ms: u64,
    },
    /// Start a child run.
    Spawn {
        /// JSON.
        spec: String,
    },
    /// Wait for a child.
    Wait {
        /// The child.
        run: String,
        /// In milliseconds.
        timeout_ms: Option<u64>,
    },
    /// Cancel a child.
    CancelChild {
        /// The child.
        run: String,
    },
    /// Ask a model.
    Complete {
        /// JSON.
        request: String,
    },
    /// Ask a person.
    Ask {
        /// The question.
        text: String,
        /// Answers to choose from.
        options: Vec<String>,
    },
}

impl Request {
    /// The bytes that this carries out of the guest.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Receive { .. } | Self::ListTools | Self::Sleep { .. } => 0,
            Self::Report { name, media_type, content } => name.len() + media_type.len() + content.len(),
            Self::ReportFile { name, media_type, path } => name.len() + media_type.len() + path.len(),
            Self::Tool { name, arguments } => name.len() + arguments.len(),
            Self::Spawn { spec: text }
            | Self::Complete { request: text }
            | Self::Wait { run: text, .. }
            | Self::CancelChild { run: text } => text.len(),
            Self::Ask { text, options } => text.len() + options.iter().map(String::len).sum::<usize>(),
        }
    }
}

/// Why a call has no answer; the kinds are in the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub kind: String,
    /// For people.
    pub message: String,
}

/// What comes back through the door: text, or why not.
pub type Answer = Result<String, Failure>;

/// The door wants the brain gone, for a reason that only its maker knows: the run was suspended, or diverged, or the host is
/// in trouble. The brain never sees it.
pub struct Stop(pub Box<dyn Any + Send>);

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stop")
    }
}

/// The one way from a brain to the world.
#[async_trait::async_trait]
pub trait Door: Send {
    /// The brain's clock: the time of the last event that it caused or was answered by.
    fn now(&self) -> Timestamp;

    /// The brain says something.
    async fn say(&mut self, text: String) -> Result<(), Stop>;

    /// The brain printed a line.
    async fn log(&mut self, stream: Stream, line: String) -> Result<(), Stop>;

    /// The brain wants something.
    async fn call(&mut self, request: Request) -> Result<Answer, Stop>;

    /// The brain wants several things at once; answers in the order of the requests.
    async fn call_many(&mut self, requests: Vec<Request>) -> Result<Vec<Answer>, Stop>;
}
