//! What happens on the far side of the door: policy, and the work itself.

use std::sync::Arc;
use std::time::Duration;

use skep_model::{
    Access, Artifact, Content, Digest, Happening, Idempotency, Outcome, RunSpec, Seq, Timestamp, ToolPin,
};
use skep_sandbox::{Answer, Request, Sandbox, Tool, ToolCall};
use skep_state::Store;

use crate::Error;
use crate::door::{Leave, Underway, failure};
use crate::fit::{self, NAME_BYTES, OPTIONS, PATH_BYTES};
use crate::home::Home;
use crate::images::Images;
use crate::runlog::{Hears, Live, Message, RunLog};
use crate::shell::{self, Shell};
use crate::spent::Spent;
use crate::{changes, clock, keep};

/// The longest name of an artifact, in bytes.
const ARTIFACT_NAME: usize = 200;

/// Does what one run's brain asks for.
pub(crate) struct Performer {
    pub(crate) log: Arc<RunLog>,
    pub(crate) live: Arc<Live>,
    pub(crate) store: Arc<Store>,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) spec: Arc<RunSpec>,
    pub(crate) spent: Arc<Spent>,
    pub(crate) home: Option<Home>,
    pub(crate) images: Images,
    /// How long a waiting run stays in memory.
    pub(crate) linger: Duration,
}

/// A call's outcome, and what else is to be journaled with it.
pub(crate) struct Performed {
    outcome: Outcome,
    /// What the repositories are afterwards, where the call may have changed them.
    workspace: Option<Digest>,
    beside: Vec<Beside>,
    /// Bytes that were given to people and that nobody could charge before.
    pub(crate) given: u64,
}

/// Events that belong to a call but are not its answer.
enum Beside {
    Printed(skep_model::Stream, String),
    Reported(Artifact),
}

impl From<Outcome> for Performed {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, workspace: None, beside: Vec::new(), given: 0 }
    }
}

impl Performer {
    /// What policy says against a call; nothing when it may be performed.
    pub(crate) fn check(&self, request: &Request) -> Option<Outcome> {
        match request {
            Request::Tool { name, arguments } => {
                too_long("a tool's name", name, NAME_BYTES).or_else(|| match self.spec.grants.tool(name) {
                    None => Some(Outcome::Refused(self.not_granted(name))),
                    Some(_) => not_an_object(arguments),
                })
            }
            Request::Report { name, media_type, .. } => {
                bad_name(name).or_else(|| too_long("a media type", media_type, NAME_BYTES))
            }
            Request::ReportFile { name, media_type, path } => bad_name(name)
                .or_else(|| too_long("a media type", media_type, NAME_BYTES))
                .or_else(|| too_long("a path", path, PATH_BYTES)),
            Request::Spawn { .. } | Request::Wait { .. } | Request::CancelChild { .. } => {
                Some(not_available("child runs are"))
            }
            Request::Complete { .. } => Some(not_available("models are")),
            Request::Ask { options, .. } => {
                Some(too_many(options).unwrap_or_else(|| not_available("questions to people are")))
            }
            Request::Receive { .. } | Request::ListTools | Request::Sleep { .. } => None,
        }
    }

    fn not_granted(&self, name: &str) -> String {
        let granted: Vec<_> = self.spec.grants.tools.iter().map(|tool| tool.name.as_str()).collect();
        let granted =
            if granted.is_empty() { "none is".to_owned() } else { format!("granted are {}", granted.join(", ")) };
        format!(
            "tool {name} is not granted to this run ({granted}); to grant it, add `tools = [{name:?}]` to environment {:?}",
            self.spec.environment
        )
    }

    /// What happens when the call is made twice.
    pub(crate) fn idempotency(&self, request: &Request) -> Idempotency {
        match request {
            Request::Tool { name, .. } => {
                self.spec.grants.tool(name).map_or(Idempotency::ReadOnly, |tool| tool.idempotency)
            }
            Request::Report { .. } | Request::ReportFile { .. } => Idempotency::Idempotent,
            Request::Receive { .. } | Request::ListTools | Request::Sleep { .. } => Idempotency::ReadOnly,
            // None of these is performed yet.
            Request::Spawn { .. }
            | Request::Wait { .. }
            | Request::CancelChild { .. }
            | Request::Complete { .. }
            | Request::Ask { .. } => Idempotency::ReadOnly,
        }
    }

    /// Large arguments become blobs before the event that names them.
    pub(crate) async fn keep_arguments(&self, request: &Request) -> Result<(), Error> {
        match request {
            Request::Report { content, .. } => keep::bytes(&self.store, content.clone()).await.map(drop),
            Request::Tool { arguments: text, .. }
            | Request::Spawn { spec: text }
            | Request::Complete { request: text }
            | Request::Ask { text, .. } => keep::text(&self.store, text.clone()).await.map(drop),
            Request::ReportFile { .. }
            | Request::Receive { .. }
            | Request::ListTools
            | Request::Sleep { .. }
            | Request::Wait { .. }
            | Request::CancelChild { .. } => Ok(()),
        }
    }

    /// Performs a call that policy allows.
    pub(crate) async fn perform(&self, underway: Underway) -> Result<Performed, Leave> {
        let Underway { at, started, request } = underway;
        match request {
            Request::Receive { timeout_ms } => {
                self.receive(timeout_ms.map(|ms| at.after(Duration::from_millis(ms)))).await
            }
            Request::Sleep { ms } => self.sleep(at.after(Duration::from_millis(ms))).await,
            Request::ListTools => Ok(self.list()),
            Request::Tool { name, arguments } => {
                let before = self.home.as_ref().map(|home| home.root.changes());
                let performed = self.tool(&name, &arguments, (started, at)).await.map_err(Leave::Host)?;
                Ok(Performed { workspace: self.changed_since(before).await, ..performed })
            }
            Request::Report { name, media_type, content } => {
                let (digest, bytes) = (Digest::of(&content), content.len() as u64);
                Ok(reported(Artifact { name, media_type, digest, bytes }))
            }
            Request::ReportFile { name, media_type, path } => {
                self.report_file(name, media_type, path).await.map_err(Leave::Host)
            }
            Request::Spawn { .. }
            | Request::Wait { .. }
            | Request::CancelChild { .. }
            | Request::Complete { .. }
            | Request::Ask { .. } => Ok(not_available("this is").into()),
        }
    }

    /// What the repositories are, if a guest may have changed them.
    async fn changed_since(&self, before: Option<u64>) -> Option<Digest> {
        let home = self.home.as_ref().filter(|home| before != Some(home.root.changes()))?;
        home.digest().await
    }

    async fn receive(&self, deadline: Option<Timestamp>) -> Result<Performed, Leave> {
        if let Some(message) = self.live.take_message() {
            return self.received(message).await;
        }
        let wait = deadline.map_or(Duration::MAX, clock::until);
        tokio::select! {
            biased;
            message = self.live.message() => self.received(message).await,
            () = tokio::time::sleep(wait.min(self.linger)) => {
                if wait <= self.linger {
                    Ok(Outcome::Completed(Content::Inline("null".to_owned())).into())
                } else {
                    Err(Leave::Suspend(Hears::Messages, deadline))
                }
            }
        }
    }

    async fn received(&self, message: Message) -> Result<Performed, Leave> {
        let Message { at, sender, text } = message;
        self.log.heard();
        let text = keep::whole(&self.store, text).await.map_err(Leave::Host)?;
        let json = serde_json::json!({ "sender": sender, "text": text, "sent_at": at.0 });
        Ok(Outcome::Completed(Content::Inline(json.to_string())).into())
    }

    async fn sleep(&self, deadline: Timestamp) -> Result<Performed, Leave> {
        let wait = clock::until(deadline);
        if wait > self.linger {
            return Err(Leave::Suspend(Hears::Cancels, Some(deadline)));
        }
        tokio::time::sleep(wait).await;
        Ok(Outcome::Completed(Content::Inline("null".to_owned())).into())
    }

    fn list(&self) -> Performed {
        let listed = self.spec.grants.tools.iter().map(|tool| {
            let ToolPin { name, description, parameters, idempotency, .. } = tool;
            serde_json::json!({ "name": name, "description": description, "parameters": parameters, "idempotency": idempotency })
        });
        Outcome::Completed(Content::Inline(serde_json::Value::from_iter(listed).to_string())).into()
    }

    async fn tool(&self, name: &str, arguments: &str, began: (Seq, Timestamp)) -> Result<Performed, Error> {
        let Some(pin) = self.spec.grants.tool(name) else {
            return Ok(Outcome::Refused(self.not_granted(name)).into());
        };
        if name == shell::NAME {
            return self.shell(pin, arguments, began).await;
        }
        let tool = match self.component(pin.component).await {
            Ok(tool) => tool,
            Err(Error::Sandbox(error)) => return Ok(Outcome::HostFault(format!("{name}: {error}")).into()),
            Err(error) => return Err(error),
        };
        let own_name = name.split_once('.').map_or(name, |(_, own)| own);
        let workspace = self.home.as_ref().map(|home| &home.workspace).filter(|_| pin.workspace != Access::None);
        let meter = self.spent.tool(pin.limits);
        let call = ToolCall {
            tool: &tool,
            name: own_name,
            arguments,
            workspace: workspace.map(|workspace| (workspace, pin.workspace)),
            meter: Arc::clone(meter.meter()),
        };
        let ended = self.sandbox.call(call).await;
        let beside = ended.printed.into_iter().map(|(stream, line)| Beside::Printed(stream, line)).collect();
        Ok(Performed { outcome: ended.outcome, workspace: None, beside, given: 0 })
    }

    async fn shell(&self, pin: &ToolPin, arguments: &str, (number, at): (Seq, Timestamp)) -> Result<Performed, Error> {
        let Some(home) = &self.home else {
            return Ok(Outcome::Refused("this run has no workspace".to_owned()).into());
        };
        let meter = self.spent.tool(pin.limits);
        let shell = Shell {
            sandbox: &self.sandbox,
            images: &self.images,
            spec: &self.spec,
            root: &home.root,
            access: pin.workspace,
            meter: Arc::clone(meter.meter()),
            git: home.git.clone(),
            at,
            number,
        };
        let (outcome, printed) = shell.call(arguments).await?;
        let beside = printed.into_iter().map(|line| Beside::Printed(skep_model::Stream::Stdout, line)).collect();
        Ok(Performed { outcome, workspace: None, beside, given: 0 })
    }

    async fn component(&self, digest: Digest) -> Result<Tool, Error> {
        if let Some(tool) = self.sandbox.loaded_tool(digest) {
            return Ok(tool);
        }
        let (store, sandbox) = (Arc::clone(&self.store), Arc::clone(&self.sandbox));
        tokio::task::spawn_blocking(move || {
            let wasm = store.blobs().get(&digest).map_err(skep_state::Error::from)?;
            Ok(sandbox.tool(digest, &wasm)?)
        })
        .await?
    }

    async fn report_file(&self, name: String, media_type: String, path: String) -> Result<Performed, Error> {
        let Some(workspace) = self.home.as_ref().map(|home| home.workspace.clone()) else {
            return Ok(Outcome::Refused("this run has no workspace".to_owned()).into());
        };
        let limit = self.spec.limits.output_bytes;
        let read = tokio::task::spawn_blocking(move || workspace.read(&path, limit)).await?;
        match read {
            Ok(content) => {
                let bytes = content.len() as u64;
                let digest = keep::bytes(&self.store, content).await?;
                Ok(Performed { given: bytes, ..reported(Artifact { name, media_type, digest, bytes }) })
            }
            Err(error) => Ok(Outcome::GuestError(error.to_string()).into()),
        }
    }

    /// Journals an outcome; returns when, and what the brain hears.
    pub(crate) async fn finish(&self, started: Seq, performed: Performed) -> Result<(Timestamp, Answer), Error> {
        let Performed { outcome, workspace, beside, .. } = performed;
        let outcome = fit::outcome(outcome);
        let answer = match &outcome {
            Outcome::Completed(Content::Inline(text)) => Ok(text.clone()),
            other => Err(failure(other)),
        };
        let outcome = match outcome {
            Outcome::Completed(Content::Inline(text)) => Outcome::Completed(keep::text(&self.store, text).await?),
            other => other,
        };
        let mut happenings = Vec::with_capacity(beside.len() + 1);
        for event in beside {
            happenings.push(match event {
                Beside::Printed(stream, line) => Happening::Printed { started, stream, text: fit::line(&line) },
                Beside::Reported(artifact) => Happening::Reported { artifact },
            });
        }
        happenings.push(Happening::Finished { started, outcome, workspace });
        let added = self.log.add(happenings).await?;
        Ok((added.at, answer))
    }
}

fn reported(artifact: Artifact) -> Performed {
    let outcome = Outcome::Completed(Content::Inline(artifact.digest.to_string()));
    Performed { outcome, workspace: None, beside: vec![Beside::Reported(artifact)], given: 0 }
}

fn not_an_object(arguments: &str) -> Option<Outcome> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(arguments) {
        Ok(_) => None,
        Err(error) => Some(Outcome::Invalid(format!("arguments must be one JSON object: {error}"))),
    }
}

fn bad_name(name: &str) -> Option<Outcome> {
    let plain =
        !name.is_empty() && name.len() <= ARTIFACT_NAME && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    if changes::is_reserved(name) {
        return Some(Outcome::Invalid(format!(
            "{name:?} is what the host calls what a run changed; choose another name"
        )));
    }
    let printable = name.chars().all(|c| !c.is_control());
    (!plain || !printable).then(|| {
        Outcome::Invalid(format!(
            "an artifact's name is a plain file name of 1 to {ARTIFACT_NAME} bytes, not {:?}",
            name.chars().take(80).collect::<String>()
        ))
    })
}

fn too_long(what: &str, text: &str, limit: usize) -> Option<Outcome> {
    (text.len() > limit).then(|| Outcome::Invalid(format!("{what} has at most {limit} bytes, not {}", text.len())))
}

fn too_many(options: &[String]) -> Option<Outcome> {
    let fits = options.len() <= OPTIONS && options.iter().all(|option| option.len() <= NAME_BYTES);
    (!fits).then(|| Outcome::Invalid(format!("a question has at most {OPTIONS} options of {NAME_BYTES} bytes")))
}

fn not_available(what: &str) -> Outcome {
    Outcome::NotAvailable(format!("{what} not available in this host yet"))
}
