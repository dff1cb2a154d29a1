//! From a wish to an accepted run: everything is resolved, checked and pinned, then made durable, then acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_config::{Environment, RepoNeed};
use skep_model::{Event, Happening, Limits, Overrides, REPOS, RepoSource, RepoSpec, RunId, RunSpec};
use skep_state::Store;

use crate::Error;
use crate::dispatch::Board;
use crate::engine::Engine;
use crate::fit::PATH_BYTES;
use crate::queue::Waiting;
use crate::{clock, keep};

/// The largest prompt, in bytes.
pub const PROMPT_BYTES: usize = 1 << 20;
/// The largest message to a run, in bytes.
pub const MESSAGE_BYTES: usize = 1 << 20;
/// The longest name of whoever writes to a run, in bytes.
const SENDER_BYTES: usize = 256;
const TITLE_CHARS: usize = 80;

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Submission {
    /// What to do.
    pub prompt: String,
    /// For lists; made from the prompt when absent.
    pub title: Option<String>,
    /// A JSON object for the agent; empty when absent.
    pub context: Option<serde_json::Map<String, serde_json::Value>>,
    /// The agent's name; the environment's own when absent.
    pub agent: Option<String>,
    /// The environment's name; `minimal` when absent.
    pub environment: Option<String>,
    /// Repositories beside those of the environment: a folder of this machine or a URL.
    pub repos: Vec<String>,
    /// Limits other than the defaults, each `key=value`.
    pub limits: Vec<String>,
    /// On whose behalf.
    pub submitter: Option<String>,
    /// Higher goes first.
    pub priority: i8,
    /// The submitter's labels.
    pub metadata: BTreeMap<String, String>,
}

impl Engine {
    /// Accepts a run. When this returns, the run is durable and will end, whatever happens to this process.
    ///
    /// # Errors
    /// The submission is wrong, the host is full or shuts down, or the disk has no room; nothing was accepted then.
    pub async fn submit(&self, submission: Submission) -> Result<RunId, Error> {
        if self.shutdown.drain.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        self.guard.admit().map_err(skep_state::Error::from)?;
        let spec = self.resolve(submission).await?;
        let mut random = [0; 10];
        rand::fill(&mut random[..]);
        let run = RunId::new(clock::now().0, &random);
        self.board.reserve(run, self.queue)?;
        // A run that is durable has to be in the queue, even when nobody waits for the answer any more.
        let accepting = accept(Arc::clone(&self.store), Arc::clone(&self.board), run, spec);
        self.begun.spawn(accepting).await?
    }

    async fn resolve(&self, submission: Submission) -> Result<RunSpec, Error> {
        let Submission { prompt, title, context, agent, environment, repos, limits, submitter, priority, metadata } =
            submission;
        let name = environment.unwrap_or_else(|| "minimal".to_owned());
        let environment = self.catalog.environment(&name)?;
        let agent = agent.or_else(|| environment.agent.clone()).ok_or_else(|| {
            Error::Invalid(format!("which agent? Name one with --agent; environment {name:?} has none of its own"))
        })?;
        check_prompt(&prompt)?;
        check_metadata(&metadata)?;
        let repos = check_repos(repos, environment)?;
        let mut wishes = Overrides::default();
        for limit in &limits {
            wishes.add(limit)?;
        }
        let limits = self::limits(environment, &self.maxima)?.with(&wishes, &self.maxima)?;
        let title = title.unwrap_or_else(|| title_of(&prompt, &agent));
        let context = serde_json::Value::Object(context.unwrap_or_default()).to_string();
        let agent = self.pins.agent(&agent).await?;
        let grants = self.pins.grants(environment).await?;
        Ok(RunSpec {
            title,
            prompt: keep::text(&self.store, prompt).await?,
            context: keep::text(&self.store, context).await?,
            agent,
            environment: name,
            repos,
            grants,
            startup: environment.startup.clone(),
            variables: environment.variables.clone(),
            limits: limits.at_most(&self.maxima),
            archive: environment.archive_workspace,
            keep_failed_ms: environment.failed_workspace_ms,
            submitter: submitter.unwrap_or_else(|| "local".to_owned()),
            priority,
            metadata,
            seed: rand::random(),
        })
    }
}

async fn accept(store: Arc<Store>, board: Arc<Board>, run: RunId, spec: RunSpec) -> Result<RunId, Error> {
    let (submitter, priority) = (spec.submitter.clone(), spec.priority);
    let event = Event { at: clock::now(), what: Happening::Queued(Box::new(spec)) };
    match store.append(run, 1, &[event]).await {
        Ok(_) => {
            board.enqueue(Waiting { run, submitter, priority });
            Ok(run)
        }
        Err(error) => {
            board.release(run);
            Err(error.into())
        }
    }
}

/// The limits of a run in this environment that has no wishes of its own.
pub(crate) fn limits(environment: &Environment, maxima: &Limits) -> Result<Limits, Error> {
    let wrong = |source| Error::Environment { name: environment.name.clone(), source };
    Limits::RUN.with(&environment.limits, maxima).map_err(wrong)
}

/// What may be sent to a run.
pub(crate) fn check_message(sender: &str, text: &str) -> Result<(), Error> {
    if text.len() > MESSAGE_BYTES {
        return Err(Error::Invalid(format!("the message has {} bytes; at most {MESSAGE_BYTES} are taken", text.len())));
    }
    if sender.len() > SENDER_BYTES {
        return Err(Error::Invalid(format!(
            "the sender's name has {} bytes; at most {SENDER_BYTES} are taken",
            sender.len()
        )));
    }
    Ok(())
}

fn check_prompt(prompt: &str) -> Result<(), Error> {
    if prompt.len() <= PROMPT_BYTES {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "the prompt has {} bytes; at most {PROMPT_BYTES} are taken. Put the long part into a file of the repository and name it in the prompt",
        prompt.len()
    )))
}

/// The public API's rules for labels.
fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Error> {
    let plain = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let fits = |(key, value): (&String, &String)| {
        (1..=64).contains(&key.len()) && plain(key) && value.len() <= 256 && !value.contains('\0')
    };
    if metadata.len() <= 20 && metadata.iter().all(fits) {
        return Ok(());
    }
    Err(Error::Invalid(
        "metadata is at most 20 labels: keys of 1 to 64 letters, digits, dots, hyphens and underscores, values of at most \
         256 bytes"
            .to_owned(),
    ))
}

fn check_repos(repos: Vec<String>, environment: &Environment) -> Result<Vec<RepoSpec>, Error> {
    let Environment { name, repos: given, .. } = environment;
    match (environment.repo, repos.len()) {
        (RepoNeed::Required, 0) => {
            Err(Error::Invalid(format!("environment {name:?} works on a repository; name one with --repo")))
        }
        (RepoNeed::None, 1..) => Err(Error::Invalid(format!(
            "environment {name:?} takes no repository; use another with --env, for example repo-readonly"
        ))),
        (_, count) if count > REPOS.saturating_sub(given.len()) => Err(Error::Invalid(match given.len() {
            0 => format!("{count} repositories; at most {REPOS} are taken"),
            given => {
                format!("{count} repositories beside the {given} of environment {name:?}; at most {REPOS} are taken")
            }
        })),
        _ if repos.iter().any(|repo| repo.len() > PATH_BYTES) => {
            Err(Error::Invalid(format!("a repository's path or URL has at most {PATH_BYTES} bytes")))
        }
        _ => Ok(repositories(environment, repos)),
    }
}

/// The repositories of the environment, and then those that are named beside them.
pub fn repositories(environment: &Environment, own: Vec<String>) -> Vec<RepoSpec> {
    environment.repos.iter().map(here).chain(own.into_iter().map(|repo| repo_source(repo).into())).collect()
}

/// What somebody means who names a repository: a URL, or a folder of this machine.
fn repo_source(repo: String) -> RepoSource {
    if repo.contains("://") { RepoSource::Url(repo) } else { RepoSource::Path(absolute(repo)) }
}

/// The environment's file may have been named by a relative path too.
fn here(repo: &RepoSpec) -> RepoSpec {
    match repo.source.clone() {
        RepoSource::Path(path) => RepoSpec { source: RepoSource::Path(absolute(path)), ..repo.clone() },
        RepoSource::Url(_) => repo.clone(),
    }
}

/// A path is of whoever names it, who may stand elsewhere than the host does when the run begins.
fn absolute(path: String) -> String {
    let absolute = std::path::absolute(&path).ok().and_then(|path| path.into_os_string().into_string().ok());
    absolute.unwrap_or(path)
}

fn title_of(prompt: &str, agent: &str) -> String {
    let first = prompt.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or(agent);
    match first.char_indices().nth(TITLE_CHARS) {
        Some((cut, _)) => format!("{}…", &first[..cut]),
        None => first.to_owned(),
    }
}
