//! The tool `shell.run`: a line for the shell of the environment's image, executed in the run's root.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use skep_model::{
    Access, Circumstance, Content, Idempotency, ImagePin, Limits, Outcome, RunSpec, StartupCommand, Timestamp, ToolPin,
};
use skep_sandbox::git::Git;
use skep_sandbox::{Executed, Execution, Input, Meter, Sandbox, Workspace};

use crate::Error;
use crate::images::{Images, Loaded};

/// The plugin's name that the tool goes by; no plugin may have it.
pub(crate) const PLUGIN: &str = "shell";
const TOOL: &str = "run";
/// What it is called.
pub(crate) const NAME: &str = "shell.run";
/// Where commands start that say nothing else.
pub const DIRECTORY: &str = "/workspace";
/// The output that a caller sees, in bytes; more is left out in the middle.
const SHOWN: usize = 64 * 1024;

const DESCRIPTION: &str = "Executes a bash command line in the workspace, in a sandbox without network, and returns its exit code \
    and what it printed. Pipes, redirections, loops, functions and here-documents work as in bash. Programs are those of the image \
    (`compgen -c` lists them); native programs can't be run. The current directory and variables do not carry over to the next call.";
const PARAMETERS: &str = r#"{"type":"object","required":["command"],"additionalProperties":false,"properties":{"command":{"type":"string","description":"The command line, or several lines."},"directory":{"type":"string","description":"Where it starts: an absolute path or one below /workspace. Default: /workspace."},"timeout_ms":{"type":"integer","minimum":1,"description":"Ends it after so long; its exit code is 124 then."},"input":{"type":"string","description":"What it reads from its standard input."}}}"#;

/// The tool's pin in an environment that grants it and has an image.
pub(crate) fn pin(image: &ImagePin, workspace: Access) -> ToolPin {
    ToolPin {
        name: NAME.to_owned(),
        description: DESCRIPTION.to_owned(),
        parameters: PARAMETERS.to_owned(),
        idempotency: Idempotency::NonIdempotent,
        component: image.digest,
        workspace,
        limits: image.limits,
    }
}

/// Whether an environment grants it.
pub(crate) fn is_granted(environment: &skep_config::Environment) -> bool {
    !environment.image.is_empty() && environment.grants(PLUGIN, TOOL)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    command: String,
    directory: Option<String>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    input: String,
}

/// What a line is executed with.
pub(crate) struct Shell<'a> {
    pub(crate) sandbox: &'a Arc<Sandbox>,
    pub(crate) images: &'a Images,
    pub(crate) spec: &'a RunSpec,
    pub(crate) root: &'a Workspace,
    pub(crate) access: Access,
    pub(crate) meter: Arc<Meter>,
    /// The git data of the run's repositories.
    pub(crate) git: Option<Git>,
    /// When the line begins, as the journal has it.
    pub(crate) at: Timestamp,
    /// Differs from line to line of a run, and is the same whenever it is executed again.
    pub(crate) number: u64,
}

/// One line for the shell.
pub(crate) struct Line {
    pub(crate) command: String,
    pub(crate) directory: String,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) input: String,
}

impl Line {
    /// A startup command.
    pub(crate) fn of(startup: &StartupCommand) -> Self {
        let time_limit = Some(Duration::from_millis(startup.timeout_ms));
        Self { command: startup.command.clone(), directory: DIRECTORY.to_owned(), time_limit, input: String::new() }
    }
}

/// What a startup command may use: as much as a line of the agent's, but it may compute for as long as it may take.
pub(crate) fn startup_limits(image: &ImagePin, startup: &StartupCommand) -> Limits {
    Limits { wall_ms: startup.timeout_ms, cpu_ms: startup.timeout_ms, ..image.limits }
}

impl Shell<'_> {
    /// Does a tool call: the outcome, and lines for people that the caller does not get.
    pub(crate) async fn call(self, arguments: &str) -> Result<(Outcome, Vec<String>), Error> {
        let arguments = match serde_json::from_str::<Arguments>(arguments) {
            Ok(arguments) => arguments,
            Err(error) => {
                return Ok((Outcome::Invalid(format!("{NAME}: {error}; its arguments are {PARAMETERS}")), Vec::new()));
            }
        };
        let Arguments { command, directory, timeout_ms, input } = arguments;
        let directory = directory.map_or(DIRECTORY.to_owned(), |directory| absolute(&directory));
        let time_limit = timeout_ms.map(Duration::from_millis);
        let executed = self.execute(Line { command, directory, time_limit, input }).await?;
        Ok(match executed {
            Err(fault) => (fault, Vec::new()),
            Ok(executed) => answer(executed),
        })
    }

    /// Executes a line. The inner error is the host's own failure.
    pub(crate) async fn execute(self, line: Line) -> Result<Result<Executed, Outcome>, Error> {
        let Some(pin) = &self.spec.grants.image else {
            return Ok(Err(Outcome::Refused("this run has no image, and so no shell".to_owned())));
        };
        let (images, digest) = (self.images.clone(), pin.digest);
        let Loaded { image, mut variables } = match tokio::task::spawn_blocking(move || images.load(digest)).await? {
            Ok(loaded) => loaded,
            Err(error) => return Ok(Err(Outcome::HostFault(format!("image {}: {error}", pin.name)))),
        };
        variables.retain(|(name, _)| !self.spec.variables.contains_key(name));
        variables.extend(self.spec.variables.clone());
        let (Line { command, directory, time_limit, input }, grants) = (line, &self.spec.grants);
        let execution = Execution {
            image,
            root: self.root.clone(),
            access: self.access,
            arguments: vec!["bash".to_owned(), "-c".to_owned(), command],
            variables,
            directory,
            input: Input::Bytes(input.into()),
            show: None,
            output_bytes: SHOWN,
            time_limit,
            meter: self.meter,
            git: self.git,
            began: (grants.clock == Circumstance::Repeatable).then_some(self.at),
            seed: (grants.random == Circumstance::Repeatable)
                .then(|| skep_sandbox::derived_seed(self.spec.seed, self.number)),
            http: None,
        };
        Ok(Ok(self.sandbox.execute(execution).await))
    }
}

fn absolute(directory: &str) -> String {
    if directory.starts_with('/') { directory.to_owned() } else { format!("{DIRECTORY}/{directory}") }
}

/// What the caller hears. Whoever meets a limit of the call hears which, and people still see what was printed until then.
fn answer(executed: Executed) -> (Outcome, Vec<String>) {
    let Executed { ending, output, limit, .. } = executed;
    if let Some(hit) = limit {
        return (Outcome::Limit(hit), output.text.lines().map(str::to_owned).collect());
    }
    let mut answer = serde_json::json!({ "exit_code": ending.code, "output": output.text });
    if output.truncated {
        answer["truncated"] = true.into();
        answer["output_bytes"] = output.total.into();
    }
    if !ending.reason.is_empty() {
        answer["reason"] = ending.reason.into();
    }
    (Outcome::Completed(Content::Inline(answer.to_string())), Vec::new())
}
