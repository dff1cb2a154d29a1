//! `skep env shell`: an environment's shell for people, in a workspace that is gone when it ends. No run, no journal.

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use skep_config::Environment;
use skep_engine::{DIRECTORY, Images, Loaded};
use skep_model::{Access, Limits, StartupCommand, Stream};
use skep_repo::Watch;
use skep_sandbox::git::Git;
use skep_sandbox::{Ask, Ending, Execution, Input, Meter, Room, Sandbox, Workspace};

use crate::args::ShellArgs;
use crate::exit::{Exit, problem};
use crate::host::Settings;
use crate::output::{Output, note};
use crate::signals::{Signals, Wish};

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
    git: Option<Git>,
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
        None => match person(settings, out, &args.name) {
            Some(person) => trial.converse(&person).await,
            None => trial.execute(vec!["bash".into()], Input::Asked(Arc::new(next_bytes)), None).await,
        },
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
    let (home, workspace, terms) = (root.parent().unwrap_or(root), root.join("workspace"), settings.repo_terms());
    let prepared = skep_repo::prepare(&workspace, &repos, &terms, watch)?;
    prepared.repos.iter().for_each(|about| note(&about.to_string()));
    skep_engine::git::begin(home, &workspace, &prepared, &terms, &cancel)?;
    let mut config = settings.sandbox_config()?;
    config.cache = Some(settings.data.join("cache"));
    let run_limits = Limits::RUN.with(&environment.limits, &settings.config.maxima)?;
    let git = skep_engine::git::data(home, &workspace, &terms, &run_limits);
    let room = Room::of(&run_limits, settings.config.disk.min_free_bytes / 2);
    let root = Workspace::with_room(root, room)?;
    Ok(Trial { environment, sandbox: Arc::new(Sandbox::new(config)?), loaded, root, git, limits })
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

    /// A shell for whoever sits there. Ctrl-C ends what runs, and not the session; the shell that ran it ends with it, so the
    /// next line is the first one of another, in the same workspace.
    async fn converse(&self, person: &Person) -> Result<Ending> {
        loop {
            let input = Input::Asked(Arc::clone(&person.ask));
            // At the prompt the editor has the keyboard, and nothing runs.
            let idle = || person.asked.load(Ordering::Relaxed);
            match self.attempt(vec!["bash".into()], input, None, idle).await? {
                Ok(ending) => return Ok(ending),
                Err(Wish::Terminate) => return Ok(left()),
                Err(Wish::Interrupt) => {
                    note("\ninterrupted; the shell begins anew, without its variables, in /workspace")
                }
            }
        }
    }

    async fn execute(&self, arguments: Vec<String>, input: Input, timeout_ms: Option<u64>) -> Result<Ending> {
        Ok(self.attempt(arguments, input, timeout_ms, || false).await?.unwrap_or_else(|_| left()))
    }

    /// To the end, or to a signal that comes while it is not `idle`. Limits are those of one line of an agent's, but for time:
    /// people take theirs.
    async fn attempt(
        &self,
        arguments: Vec<String>,
        input: Input,
        timeout_ms: Option<u64>,
        idle: impl Fn() -> bool,
    ) -> Result<Result<Ending, Wish>> {
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
            began: None,
            seed: None,
            git: self.git.clone(),
            http: None,
        };
        let mut signals = Signals::listen()?;
        let mut executing = std::pin::pin!(self.sandbox.execute(execution));
        loop {
            tokio::select! {
                executed = &mut executing => return Ok(Ok(executed.ending)),
                wish = signals.next() => {
                    if wish == Wish::Terminate || !idle() {
                        return Ok(Err(wish));
                    }
                }
            }
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

/// The end of a shell that somebody left.
fn left() -> Ending {
    Ending { code: Exit::Left.code(), reason: String::new() }
}

/// Somebody at a terminal.
struct Person {
    /// What they type next.
    ask: Ask,
    /// Whether they are being asked.
    asked: Arc<AtomicBool>,
}

/// Whoever sits there, if somebody does and there is a line editor for them.
fn person(settings: &Settings, out: &Output, name: &str) -> Option<Person> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let prompt = out.styled(out.palette.voice, &format!("{name}$ "));
    let editor = editor(settings.data.join(HISTORY), prompt);
    editor.inspect_err(|error| note(&format!("there is no line editor here: {error}"))).ok()
}

fn next_bytes() -> Vec<u8> {
    let mut stdin = std::io::stdin().lock();
    let bytes = stdin.fill_buf().map(<[u8]>::to_vec).unwrap_or_default();
    stdin.consume(bytes.len());
    bytes
}

/// Asks for lines with an editor that has a history.
fn editor(history: PathBuf, prompt: String) -> rustyline::Result<Person> {
    let mut editor = DefaultEditor::new()?;
    // The first time there is none.
    editor.load_history(&history).unwrap_or_default();
    let editor = Mutex::new(editor);
    let asked = Arc::new(AtomicBool::new(false));
    let asking = Arc::clone(&asked);
    let ask = move || {
        let mut editor = editor.lock().unwrap_or_else(PoisonError::into_inner);
        asking.store(true, Ordering::Relaxed);
        let line = next_line(&mut editor, &prompt);
        asking.store(false, Ordering::Relaxed);
        let Some(line) = line else { return Vec::new() };
        editor.add_history_entry(&line).unwrap_or_default();
        editor.save_history(&history).unwrap_or_default();
        format!("{line}\n").into_bytes()
    };
    Ok(Person { ask: Arc::new(ask), asked })
}

/// The next line, or nothing when there will be none. Ctrl-C gives up what was typed.
fn next_line(editor: &mut DefaultEditor, prompt: &str) -> Option<String> {
    loop {
        match editor.readline(prompt) {
            Ok(line) => return Some(line),
            Err(ReadlineError::Interrupted) => {}
            Err(_) => return None,
        }
    }
}
