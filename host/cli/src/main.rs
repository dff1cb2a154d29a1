//! The `skep` command: reads the command line, opens the host, does one thing, and says how it ended.
#![forbid(unsafe_code)]

mod advice;
mod args;
mod args_image;
mod args_run;
mod catalog_show;
mod doctor;
mod env_shell;
mod exit;
mod follow;
mod help;
mod host;
mod image_here;
mod image_transfer;
mod listing;
mod output;
mod paths;
mod plugin_check;
mod readable;
mod run_artifacts;
mod run_batch;
mod run_diff;
mod run_end;
mod run_inspect;
mod run_read;
mod run_replay;
mod run_start;
mod run_steer;
mod run_workspace;
mod shipped;
mod signals;
mod store_admin;
mod transcript;
mod verbosity;
mod wire;

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use args::{AgentCommand, Cli, Command, EnvCommand, PluginCommand};
use args_run::RunCommand;
use exit::Exit;
use host::Settings;
use output::{Output, note};

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let ended = Cli::from_arg_matches(&matches).map_err(|error| error.exit()).and_then(|cli| run(cli, words(&matches)));
    let exit = ended.unwrap_or_else(|error: anyhow::Error| {
        let exit = exit::of_error(&error);
        if exit != Exit::NobodyReads {
            note(&format!("error: {}", told(&error)));
        }
        exit
    });
    ExitCode::from(exit.code())
}

fn run(cli: Cli, command: String) -> Result<Exit> {
    if matches!(cli.command, Command::CompileWorker) {
        return skep_sandbox::compile_worker().map(|()| Exit::Done).map_err(|error| anyhow!(error));
    }
    verbosity::listen(cli.globals.verbose);
    if let Err(error) = skep_sandbox::open_as_many_files_as_allowed() {
        note(&format!("warning: fewer tools work at once, because this process may not open more files: {error}"));
    }
    let out = Output::new(&cli.globals);
    let settings = Settings::read(&cli.globals, command)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime can't be started")?;
    let ended = runtime.block_on(dispatch(cli.command, &settings, &out));
    // A thread that waits for standard input or for a compiler keeps nobody here.
    runtime.shutdown_background();
    ended
}

async fn dispatch(command: Command, settings: &Settings, out: &Output) -> Result<Exit> {
    match command {
        Command::Run(command) => dispatch_run(command, settings, out).await,
        Command::Agent(AgentCommand::List) => catalog_show::agents(settings, out),
        Command::Env(EnvCommand::List) => catalog_show::environments(settings, out),
        Command::Env(EnvCommand::Show { name, resolved }) => catalog_show::environment(settings, out, &name, resolved),
        Command::Env(EnvCommand::Shell(args)) => env_shell::shell(settings, out, args).await,
        Command::Plugin(PluginCommand::List) => catalog_show::plugins(settings, out),
        Command::Plugin(PluginCommand::Check { path }) => plugin_check::check(settings, out, &path).await,
        Command::Image(command) => image_here::run(settings, out, command),
        Command::Store(command) => store_admin::run(settings, out, command),
        Command::Doctor => doctor::run(settings, out),
        Command::CompileWorker => Ok(Exit::Done),
    }
}

async fn dispatch_run(command: RunCommand, settings: &Settings, out: &Output) -> Result<Exit> {
    match command {
        RunCommand::Start(args) => run_start::start(settings, out, *args).await,
        RunCommand::Resume => run_steer::resume(settings, out).await,
        RunCommand::Send { id, text, sender } => run_steer::send(settings, out, &id, &sender, &text).await,
        RunCommand::List(args) => run_inspect::list(settings, out, args),
        RunCommand::Get { id } => run_inspect::get(settings, out, &id),
        RunCommand::Logs { id, follow, from } => run_inspect::logs(settings, out, &id, from, follow).await,
        RunCommand::Cancel { id, reason } => run_steer::cancel(settings, out, &id, &reason).await,
        RunCommand::Replay { id } => run_replay::replay(settings, out, &id).await,
        RunCommand::Diff { id, list } => run_diff::diff(settings, out, &id, list),
        RunCommand::Workspace { id, export } => run_workspace::workspace(settings, out, &id, export.as_deref()),
        RunCommand::Artifacts { id, get, to } => run_artifacts::artifacts(settings, out, &id, get.as_deref(), &to),
        RunCommand::Delete { id, reason } => run_steer::delete(settings, out, &id, &reason),
    }
}

/// `skep run start`: the words of the command, without anything that may be private.
fn words(matches: &ArgMatches) -> String {
    let (mut words, mut at) = ("skep".to_owned(), matches);
    while let Some((word, below)) = at.subcommand() {
        words = format!("{words} {word}");
        at = below;
    }
    words
}

/// An error with its causes, each said once because many quote their cause already, and the way out.
fn told(error: &anyhow::Error) -> String {
    let parts = error.chain().skip(1).map(ToString::to_string);
    let text = parts
        .fold(error.to_string(), |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") });
    advice::about(error).map_or(text.clone(), |advice| format!("{text}; {advice}"))
}
