//! The conversation of this run, which people watch and steer.

use std::time::Duration;

use crate::Result;
use crate::wit::agent::skep::agent::session;

/// Something a person, or another run, wrote to this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who wrote it, as the host knows them.
    pub sender: String,
    /// What they wrote.
    pub text: String,
    /// When, in milliseconds since the Unix epoch.
    pub sent_at: u64,
}

/// Says something; it is in the transcript from then on.
pub fn say(text: impl AsRef<str>) -> Result<()> {
    Ok(session::say(text.as_ref())?)
}

/// Waits for the next message: `receive(None)` for as long as it takes, `receive(Duration::from_secs(60))` until a minute
/// has passed, when there is `None`. The wait survives a restart of the host.
pub fn receive(timeout: impl Into<Option<Duration>>) -> Result<Option<Message>> {
    let received = session::receive(timeout.into().map(milliseconds))?;
    Ok(received.map(|session::Message { sender, text, sent_at }| Message { sender, text, sent_at }))
}

/// Keeps a document as an artifact of this run and returns its digest (`sha256:…`). The same name replaces the earlier
/// document in the run's record.
pub fn report(name: &str, media_type: &str, content: impl AsRef<[u8]>) -> Result<String> {
    Ok(session::report(name, media_type, content.as_ref())?)
}

/// Keeps a file of the workspace, named by its path there, as an artifact of this run and returns its digest.
pub fn report_file(name: &str, media_type: &str, path: &str) -> Result<String> {
    Ok(session::report_file(name, media_type, path)?)
}

/// A duration in the contract's unit. A wait that is too long for it is as good as for ever.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
