//! The registry that tests of images speak to: Debian's docker-registry. It is unpacked and not installed, because its
//! package would have the machine start it as a service.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;
use crate::checkout::build_cache;

const PROGRAM: &str = "usr/bin/docker-registry";

const NO_WAY: &str = "\
install docker-registry (Debian's package; elsewhere the program 'registry' of the CNCF's distribution project), or name
its program in SKEP_TEST_REGISTRY";

/// The program, which is fetched if this machine does not have it.
pub(crate) fn program() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("SKEP_TEST_REGISTRY") {
        return Ok(given.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed =
        std::env::split_paths(&path).map(|folder| folder.join("docker-registry")).find(|file| file.is_file());
    match installed {
        Some(program) => Ok(program),
        None => unpacked().context(NO_WAY),
    }
}

fn unpacked() -> Result<PathBuf> {
    let home = build_cache().context("there is no folder for a cache")?.join("docker-registry");
    let program = home.join(PROGRAM);
    if !program.is_file() {
        ensure!(Path::new("/etc/debian_version").exists(), "there is no docker-registry on this machine");
        eprintln!("[registry] unpacking Debian's docker-registry into {}", home.display());
        let work = home.with_extension(format!("partial-{}", std::process::id()));
        std::fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
        let done = unpack(&work).and_then(|()| take_place(&work, &home));
        if work.exists() {
            std::fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
        }
        done?;
    }
    Ok(program)
}

fn unpack(work: &Path) -> Result<()> {
    // Images are shipped without package lists, or with old ones.
    if download(work).is_err() {
        cargo::run(Command::new("apt-get").args(["-q", "-o", "DPkg::Lock::Timeout=300", "update"]))?;
        download(work)?;
    }
    let entries = std::fs::read_dir(work)?.collect::<std::io::Result<Vec<_>>>()?;
    let package =
        entries.iter().map(std::fs::DirEntry::path).find(|path| path.extension().is_some_and(|end| end == "deb"));
    let Some(package) = package else { bail!("apt-get download brought no package") };
    cargo::run(Command::new("dpkg").arg("-x").arg(package).arg(work))
}

fn download(work: &Path) -> Result<()> {
    let mut download = Command::new("apt-get");
    download.args(["-q", "-o", "APT::Sandbox::User=root", "download", "docker-registry"]);
    cargo::run(download.current_dir(work).stdout(std::io::stderr()))
}

/// Two builds may do this at once; the second one's work is as good as the first one's.
fn take_place(work: &Path, home: &Path) -> Result<()> {
    let renamed = std::fs::rename(work, home);
    if renamed.is_err() && home.join(PROGRAM).is_file() { Ok(()) } else { Ok(renamed?) }
}
