//! The Python command, which is not cargo's to build: componentize-py makes a component of CPython, its library and the package in
//! `plugins/commands/python`. It and what else goes in are pinned in `requirements.txt` there, by digest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::collect::Installed;
use super::fingerprint;
use crate::cargo;
use crate::checkout::{Checkout, build_cache};
use crate::stage::stage;

/// The package in the folder, whose module `app` is the component's.
const PACKAGE: &str = "skep_python";

/// What componentize-py's own program does.
const COMPONENTIZE: &str = "import sys, componentize_py; sys.exit(componentize_py.script())";

/// What would have Python look in places of this machine.
const MACHINE: &[&str] = &["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV"];

const NO_WAY: &str = "\
the Python command is made with packages from PyPI, in a virtual environment of its own. It needs python3 (3.9 or newer) with
its modules venv and ensurepip (on Debian: apt-get install python3-venv), and PyPI or a mirror of it that pip knows";

/// The component as `commands/python.wasm`; none if the checkout has no sources for it.
pub(super) fn component(checkout: &Checkout) -> Result<Option<Installed>> {
    let folder = checkout.root.join("plugins/commands/python");
    if !folder.is_dir() {
        return Ok(None);
    }
    let contract = checkout.root.join("guest-sdk/wit/command");
    let digest = fingerprint::of_folders(checkout, &[folder.clone(), contract.clone()])?;
    let builds = checkout.guest_build().join("python");
    let built = builds.join(format!("{digest}.wasm"));
    if !built.is_file() {
        stage("guests", "building the Python command with componentize-py", || {
            let home = environment(&folder.join("requirements.txt")).context(NO_WAY)?;
            remove(&builds)?;
            let draft = builds.join("draft.wasm");
            build(&home, &folder, &contract, &draft)?;
            fs::rename(&draft, &built).with_context(|| format!("cannot write {}", built.display()))
        })?;
    }
    Ok(Some(Installed { name: "commands/python.wasm".into(), source: built }))
}

/// A virtual environment with exactly these packages, made once for each list of them.
fn environment(requirements: &Path) -> Result<PathBuf> {
    let homes = build_cache().context("there is no folder for a cache")?.join("python");
    let home = homes.join(&fingerprint::of_file(requirements)?[..16]);
    if home.is_dir() {
        return Ok(home);
    }
    let work = homes.join(format!("partial-{}", std::process::id()));
    remove(&work)?;
    let made = install(&work, requirements).and_then(|()| take_place(&work, &home));
    remove(&work)?;
    made.map(|()| home)
}

fn install(work: &Path, requirements: &Path) -> Result<()> {
    let mut venv = Command::new("python3");
    cargo::run(of_no_machine(&mut venv).args(["-m", "venv"]).arg(work).stdout(io::stderr()))?;
    let mut pip = Command::new(work.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r"]);
    cargo::run(of_no_machine(&mut pip).arg(requirements).stdout(io::stderr()))
}

/// Two builds may do this at once; the second one's work is as good as the first one's.
fn take_place(work: &Path, home: &Path) -> Result<()> {
    let renamed = fs::rename(work, home);
    if renamed.is_err() && home.is_dir() { Ok(()) } else { Ok(renamed?) }
}

fn build(home: &Path, folder: &Path, contract: &Path, output: &Path) -> Result<()> {
    // Python leaves compiled files beside its sources, so it is given a copy of them.
    let sources = output.with_extension("sources");
    let package = sources.join(PACKAGE);
    let copy = || {
        fs::create_dir_all(&package)?;
        for entry in fs::read_dir(folder.join(PACKAGE))? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "py") {
                fs::copy(&path, package.join(path.file_name().unwrap_or_default()))?;
            }
        }
        Ok::<_, io::Error>(())
    };
    copy().with_context(|| format!("cannot copy {} to {}", folder.display(), package.display()))?;
    let mut command = Command::new(home.join("bin/python"));
    of_no_machine(&mut command).args(["-c", COMPONENTIZE, "--quiet", "--wit-path"]).arg(contract);
    command.arg("--wit-path").arg(folder.join("wit")).args(["--world", "skep:python/python", "componentize"]);
    command.arg("--python-path").arg(&sources).arg(format!("{PACKAGE}.app")).arg("--output").arg(output);
    // By these it finds the packages that go into the component.
    command.env("VIRTUAL_ENV", home).env("PATH", path_of(home)?).stdout(io::stderr());
    cargo::run(&mut command)?;
    remove(&sources)
}

fn path_of(home: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(home.join("bin")).chain(std::env::split_paths(&path)))?)
}

fn of_no_machine(command: &mut Command) -> &mut Command {
    for name in MACHINE {
        command.env_remove(name);
    }
    command
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
