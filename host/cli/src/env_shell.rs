//! `skep env shell`: an environment's shell for people, in a workspace that is gone when it ends. No run, no journal.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use skep_config::Environment;
use skep_engine::{DIRECTORY, Images, Loaded};
use skep_model::{Access, Limits, StartupCommand, Stream};
use skep_repo::Watch;
use skep_sandbox::{Ask, Ending, Execution, Input, Meter, Room, Sandbox, Workspace};

use crate::args::ShellArgs;
use crate::exit::{Exit, problem};
use crate::host::Settings;
use crate::output::{Output, note};
use crate::signals::Signals;

/// What is kept of the output beside showing it: nothing is asked for afterwards.
const KEPT: usize = 0;
/// The history of lines that were typed, in the data folder.
const HISTORY: &str = "shell-history";

/// An environment with a root of its own.
struct Trial<'a> {
    environment: &'a Environment,
    sandbox: Arc<Sandbox>,
    loaded: Loaded,
    root: Workspace,
    limits: Limits,
}

pub(crate) async fn shell(settings: &Settings, out: &Output, args: ShellArgs) -> Result<Exit> {
    let catalog = settings.catalog()?;
    let environment = catalog.environment(&args.name)?;
    if environment.image.is_empty() {
        let text = format!("environment {:?} has no image, and so no shell; `skep env list` shows others", args.name);
        return Err(problem(Exit::Refused, text));
    }
    let folder =
        tempfile::Builder::new().prefix("skep-shell-").tempdir().context("there is no room for a workspace")?;
    let trial = prepare(settings, &catalog, environment, &folder.path().join("root"), &args.repos)?;
    if !args.no_startup
        && let Some(ending) = trial.start_up().await
    {
        return Ok(Exit::Command(ending.code));
    }
    let ending = match args.command {
        Some(line) => trial.execute(vec!["bash".into(), "-c".into(), line], input_of_others(), None).await,
        None => trial.execute(vec!["bash".into()], input_of(settings, out, &args.name), None).await,
    };
    Ok(Exit::Command(told(ending).code))
}

fn prepare<'a>(
    settings: &Settings,
    catalog: &skep_engine::Catalog,
    environment: &'a Environment,
    root: &Path,
    repos: &[String],
) -> Result<Trial<'a>> {
    let limits = Limits::TOOL.with(&environment.tool_limits, &settings.config.tool_maxima)?;
    let images = Images::new(&settings.data, catalog.images().to_vec());
    let pin = images.pin(&environment.image, limits)?;
    let mut loaded = images.load(pin.digest)?;
    loaded.variables.retain(|(name, _)| !environment.variables.contains_key(name));
    loaded.variables.extend(environment.variables.clone());
    skep_sandbox::lay_out(root).context("the workspace can't be made")?;
    let repos = skep_engine::repositories(environment, repos.to_vec());
    let cancel = AtomicBool::new(false);
    let watch = Watch { progress: &mut |_| {}, cancel: &cancel };
    for about in skep_repo::prepare(&root.join("workspace"), &repos, &settings.repo_terms(), watch)?.repos {
        note(&about.to_string());
    }
    let mut config = settings.sandbox_config()?;
    config.cache = Some(settings.data.join("cache"));
    let room = Room::of(
        &Limits::RUN.with(&environment.limits, &settings.config.maxima)?,
        settings.config.disk.min_free_bytes / 2,
    );
    let root = Workspace::with_room(root, room)?;
    Ok(Trial { environment, sandbox: Arc::new(Sandbox::new(config)?), loaded, root, limits })
}

impl Trial<'_> {
    /// Executes the startup commands; the end of one that failed and must not.
    async fn start_up(&self) -> Option<Ending> {
        for startup in &self.environment.startup {
            let StartupCommand { command, timeout_ms, continue_on_failure } = startup;
            note(&format!("+ {command}"));
            let arguments = vec!["bash".to_owned(), "-c".to_owned(), command.clone()];
            let ending = told(self.execute(arguments, Input::Bytes(Default::default()), Some(*timeout_ms)).await);
            if ending.code != 0 && !continue_on_failure {
                note(&format!("the startup command {command:?} ended with {}; a run would end here", ending.code));
                return Some(ending);
            }
        }
        None
    }

    /// Limits are those of one line of an agent's, but for time: people take theirs.
    async fn execute(&self, arguments: Vec<String>, input: Input, timeout_ms: Option<u64>) -> Result<Ending> {
        let day = Duration::from_secs(24 * 3_600).as_millis() as u64;
        let limits = Limits { wall_ms: day, cpu_ms: day, output_bytes: u64::MAX, ..self.limits };
        let execution = Execution {
            image: self.loaded.image.clone(),
            root: self.root.clone(),
            access: self.environment.workspace.max(Access::Read),
            arguments,
            variables: self.loaded.variables.clone(),
            directory: DIRECTORY.to_owned(),
            input,
            show: Some(Arc::new(show)),
            time_limit: timeout_ms.map(Duration::from_millis),
            output_bytes: KEPT,
            meter: Arc::new(Meter::new(limits)),
        };
        let mut signals = Signals::listen()?;
        tokio::select! {
            executed = self.sandbox.execute(execution) => Ok(executed.ending),
            _ = signals.next() => Ok(Ending { code: Exit::Left.code(), reason: String::new() }),
        }
    }
}

/// The ending, with its reason said when it was not the command's own.
fn told(ending: Result<Ending>) -> Ending {
    let ending = ending.unwrap_or_else(|error| Ending { code: Exit::Internal.code(), reason: error.to_string() });
    if !ending.reason.is_empty() {
        note(&format!("ended: {}", ending.reason));
    }
    ending
}

fn show(stream: Stream, bytes: &[u8]) {
    // Whoever went away does not want it, and the command's own end comes all the same.
    let shown = match stream {
        Stream::Stdout => std::io::stdout().write_all(bytes).and_then(|()| std::io::stdout().flush()),
        Stream::Stderr => std::io::stderr().write_all(bytes),
    };
    shown.unwrap_or_default();
}

/// What a line reads: this program's standard input, unless somebody sits there.
fn input_of_others() -> Input {
    if std::io::stdin().is_terminal() { Input::Bytes(Default::default()) } else { Input::Asked(Arc::new(next_bytes)) }
}

fn input_of(settings: &Settings, out: &Output, name: &str) -> Input {
    if !std::io::stdin().is_terminal() {
        return Input::Asked(Arc::new(next_bytes));
    }
    let prompt = out.styled(out.palette.voice, &format!("{name}$ "));
    match editor(settings.data.join(HISTORY), prompt) {
        Ok(ask) => Input::Asked(ask),
        Err(error) => {
            note(&format!("there is no line editor here: {error}"));
            Input::Asked(Arc::new(next_bytes))
        }
    }
}

fn next_bytes() -> Vec<u8> {
    let mut stdin = std::io::stdin().lock();
    let bytes = stdin.fill_buf().map(<[u8]>::to_vec).unwrap_or_default();
    stdin.consume(bytes.len());
    bytes
}

/// Asks for lines with an editor that has a history.
fn editor(history: PathBuf, prompt: String) -> rustyline::Result<Ask> {
    let mut editor = DefaultEditor::new()?;
    // The first time there is none.
    editor.load_history(&history).unwrap_or_default();
    let editor = Mutex::new(editor);
    Ok(Arc::new(move || {
        let mut editor = editor.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match editor.readline(&prompt) {
                Ok(line) => {
                    editor.add_history_entry(&line).unwrap_or_default();
                    editor.save_history(&history).unwrap_or_default();
                    return format!("{line}\n").into_bytes();
                }
                Err(ReadlineError::Interrupted) => {}
                Err(_) => return Vec::new(),
            }
        }
    }))
}
