//! `sh [options] [-c text | file | -s] [arguments]`.

use crate::expand::variable::now_ms;
use crate::options::{Opt, Shopt};
use crate::process;
use crate::reader::StandardInput;
use crate::state::{Shell, State};
use crate::stop::Run;
use std::hash::{BuildHasher as _, RandomState};

/// What the command line asks for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Invocation {
    switches: Vec<(Opt, bool)>,
    shopts: Vec<(Shopt, bool)>,
    /// The first argument is the script itself.
    text: bool,
    standard_input: bool,
    rest: Vec<String>,
}

fn read(arguments: &[String]) -> Result<Invocation, String> {
    let mut invocation = Invocation::default();
    let mut at = 0;
    while let Some(argument) = arguments.get(at) {
        let on = argument.starts_with('-');
        if argument == "--" || argument == "-" {
            at += 1;
            break;
        }
        if !(on || argument.starts_with('+')) || argument.len() < 2 {
            break;
        }
        at += 1;
        if argument.starts_with("--") {
            match argument.as_str() {
                "--norc" | "--noprofile" | "--login" | "--posix" | "--noediting" => {}
                "--rcfile" | "--init-file" => at += 1,
                _ => return Err(format!("{argument}: invalid option")),
            }
            continue;
        }
        for letter in argument[1..].chars() {
            match letter {
                'c' => invocation.text = true,
                's' => invocation.standard_input = true,
                'i' | 'l' | 'r' => {}
                'o' | 'O' => {
                    let name = arguments.get(at).ok_or_else(|| format!("-{letter}: option requires an argument"))?;
                    at += 1;
                    let unknown = || format!("{name}: invalid option name");
                    if letter == 'o' {
                        invocation.switches.push((Opt::named(name).ok_or_else(unknown)?, on));
                    } else {
                        invocation.shopts.push((Shopt::named(name).ok_or_else(unknown)?, on));
                    }
                }
                _ => {
                    let option = Opt::lettered(letter).ok_or_else(|| format!("-{letter}: invalid option"))?;
                    invocation.switches.push((option, on));
                }
            }
        }
    }
    invocation.rest = arguments[at.min(arguments.len())..].to_vec();
    Ok(invocation)
}

/// A fresh shell's life, from its command line to its exit status.
pub(crate) fn run(arguments: Vec<String>) -> i32 {
    let mut shell = Shell::new(initial_state(arguments.first()));
    let environment = std::env::vars_os();
    let environment =
        environment.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    set_variables(&mut shell, environment.collect());
    let invocation = match read(arguments.get(1..).unwrap_or_default()) {
        Ok(invocation) => invocation,
        Err(problem) => {
            shell.print_error(&format!("{}: {problem}\n", shell.state.name));
            return 2;
        }
    };
    for (option, on) in &invocation.switches {
        shell.state.options.set(*option, *on);
    }
    for (option, on) in &invocation.shopts {
        shell.state.options.set_shopt(*option, *on);
    }
    let result = start(&mut shell, invocation);
    shell.end(result)
}

fn initial_state(name: Option<&String>) -> State {
    let (number, parent) = process::numbers();
    State {
        name: name.cloned().unwrap_or_else(|| "sh".into()),
        directory: "/".into(),
        umask: 0o022,
        number,
        parent,
        began: now_ms(),
        random: RandomState::new().hash_one(number) as u32,
        ..State::default()
    }
}

/// The variables of a fresh shell.
pub(crate) fn set_variables(shell: &mut Shell, environment: Vec<(String, String)>) {
    let vars = &mut shell.state.vars;
    for (name, value) in environment {
        if crate::parse::parameter::is_identifier(&name) {
            vars.put(&name, value);
            vars.own_mut(&name).attributes.exported = true;
        }
    }
    let defaults = [
        ("IFS", " \t\n"),
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("PS4", "+ "),
        ("OPTIND", "1"),
        ("OPTERR", "1"),
        ("HOSTNAME", "skep"),
        ("HOSTTYPE", "wasm32"),
        ("OSTYPE", "wasi"),
        ("MACHTYPE", "wasm32-unknown-wasi"),
        ("BASH", "/bin/bash"),
        ("BASH_VERSION", "5.2.15(1)-release"),
        ("UID", "1000"),
        ("EUID", "1000"),
    ];
    for (name, value) in defaults {
        if vars.scalar(name).is_none() || ["IFS", "OPTIND", "BASH_VERSION"].contains(&name) {
            vars.put(name, value);
        }
    }
    vars.put_array("BASH_VERSINFO", ["5", "2", "15", "1", "release", "wasm32-unknown-wasi"].map(String::from));
    if vars.scalar("_").is_none() {
        vars.put("_", shell.state.name.clone());
    }
    vars.put("PPID", shell.state.parent.to_string());
    for name in ["PPID", "UID", "EUID", "BASH_VERSINFO"] {
        vars.own_mut(name).attributes.readonly = true;
    }
    let level = vars.scalar("SHLVL").and_then(|level| level.parse::<i64>().ok()).unwrap_or(0);
    vars.put("SHLVL", (level + 1).to_string());
    vars.own_mut("SHLVL").attributes.exported = true;
    settle_directory(shell);
}

/// PWD says where a guest is; the operating system's answer is the fallback.
fn settle_directory(shell: &mut Shell) {
    let told = shell.state.vars.scalar("PWD").map(str::to_owned);
    let told = told.filter(|path| path.starts_with('/') && same_folder(path));
    let found = std::env::current_dir().ok().and_then(|path| path.into_os_string().into_string().ok());
    let directory = told.or(found).unwrap_or_else(|| "/".into());
    shell.state.directory.clone_from(&directory);
    shell.state.vars.put("PWD", directory);
    shell.state.vars.own_mut("PWD").attributes.exported = true;
    shell.state.vars.own_mut("OLDPWD").attributes.exported = true;
}

#[cfg(unix)]
fn same_folder(path: &str) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |path: &str| std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
    identity(path).is_some() && identity(path) == identity(".")
}

/// A guest's own current directory is always `/`, and says nothing.
#[cfg(not(unix))]
fn same_folder(path: &str) -> bool {
    std::path::Path::new(path).is_dir()
}

fn start(shell: &mut Shell, invocation: Invocation) -> Run {
    let mut rest = invocation.rest;
    if invocation.text {
        if rest.is_empty() {
            shell.print_error(&format!("{}: -c: option requires an argument\n", shell.state.name));
            return Ok(2);
        }
        let text = rest.remove(0);
        if !rest.is_empty() {
            shell.state.name = rest.remove(0);
        }
        shell.state.positional = rest;
        shell.state.one_string = true;
        return shell.run_text(&text, 1);
    }
    if invocation.standard_input || rest.is_empty() {
        shell.state.positional = rest;
        shell.state.from_input = true;
        return shell.run_lines(&mut StandardInput, 1);
    }
    let path = rest.remove(0);
    shell.state.positional = rest;
    if path == "/dev/stdin" {
        shell.state.from_input = true;
        shell.state.name = path;
        return shell.run_lines(&mut StandardInput, 1);
    }
    start_file(shell, path)
}

fn start_file(shell: &mut Shell, path: String) -> Run {
    let absolute = shell.absolute(&path);
    match std::fs::read(&absolute) {
        Ok(bytes) => {
            shell.state.name.clone_from(&path);
            shell.state.script.clone_from(&path);
            shell.state.source = path;
            shell.run_text(&crate::text::from_bytes(bytes), 1)
        }
        Err(_) if std::path::Path::new(&absolute).is_dir() => {
            shell.print_error(&format!("{}: {path}: Is a directory\n", shell.state.name));
            Ok(126)
        }
        Err(_) => {
            shell.print_error(&format!("{}: {path}: No such file or directory\n", shell.state.name));
            Ok(127)
        }
    }
}
