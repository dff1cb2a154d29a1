//! Holds skep's shell against a public suite: the tests that BusyBox has for its own shells, of the source package that Debian has.
//! They are fetched when they are wanted and are no part of this repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{self, cargo};
use crate::checkout::{Checkout, build_cache};
use crate::guests;

const NO_WAY: &str = "\
the suite comes from Debian's source package busybox, which this machine's apt must be able to fetch; elsewhere unpack a
release of BusyBox and name its folder `shell` in SKEP_SHELL_SUITE";

/// `cargo xtask conformance`: fails when a case fails that is listed to pass.
pub(crate) fn check(checkout: &Checkout) -> Result<()> {
    guests::build(checkout)?;
    let suite = suite()?;
    let mut test = cargo(&checkout.root);
    test.args(["test", "--package", "skep-tests", "--test", "conformance", "--", "--ignored", "--nocapture"]);
    cargo::run(test.env("SKEP_SHELL_SUITE", suite))
}

/// The folder with the suite, which is fetched if it is not here.
fn suite() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("SKEP_SHELL_SUITE") {
        return Ok(given.into());
    }
    let home = build_cache().context("there is no folder for a cache")?.join("busybox-suite");
    let suite = home.join("shell");
    if !suite.is_dir() {
        fetch(&home).context(NO_WAY)?;
    }
    Ok(suite)
}

fn fetch(home: &Path) -> Result<()> {
    ensure!(Path::new("/etc/debian_version").exists(), "this is no Debian system");
    eprintln!("[conformance] unpacking the suite of Debian's busybox into {}", home.display());
    let work = home.with_extension(format!("partial-{}", std::process::id()));
    std::fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
    let done = download(&work).and_then(|()| unpack(&work)).and_then(|suite| take_place(&suite, home));
    std::fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    done
}

/// Most systems' lists have no source packages: a private configuration fetches this one from the machine's own mirror and
/// leaves the system's as it is.
fn download(work: &Path) -> Result<()> {
    let targets = ["indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"];
    let targets = cargo::output(Command::new("apt-get").args(targets))?;
    let release = std::fs::read_to_string("/etc/os-release")?;
    let release = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap_or_default();
    let mirror = targets.lines().find_map(|line| line.strip_suffix(release)).map(str::trim_end);
    let Some(mirror) = mirror.filter(|_| !release.is_empty()) else {
        bail!("'apt-get indextargets' names no mirror of Debian");
    };
    for folder in ["lists/partial", "archives/partial", "parts", "unpacked"] {
        std::fs::create_dir_all(work.join(folder))?;
    }
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    std::fs::write(work.join("sources.list"), format!("deb-src [signed-by={keys}] {mirror} {release} main\n"))?;
    cargo::run(apt(work).arg("update"))?;
    cargo::run(apt(work).args(["source", "--download-only", "busybox"]))
}

fn apt(work: &Path) -> Command {
    let mut apt = Command::new("apt-get");
    apt.current_dir(work).stdout(std::io::stderr()).arg("-q");
    let at = |path: &str| work.join(path).display().to_string();
    for (option, value) in [
        ("Dir::Etc::sourcelist", at("sources.list")),
        ("Dir::Etc::sourceparts", at("parts")),
        ("Dir::State::lists", at("lists")),
        ("Dir::Cache", at("")),
        ("Dir::Cache::archives", at("archives")),
        ("APT::Sandbox::User", "root".into()),
        ("Acquire::Languages", "none".into()),
    ] {
        apt.arg("-o").arg(format!("{option}={value}"));
    }
    apt
}

/// Unpacks what the authors released, without what Debian changes, and gives the suite's folder.
fn unpack(work: &Path) -> Result<PathBuf> {
    let files = std::fs::read_dir(work)?.collect::<std::io::Result<Vec<_>>>()?;
    let released = files.iter().find(|file| file.file_name().to_string_lossy().contains(".orig.tar."));
    let released = released.context("apt-get source brought no release")?.path();
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--strip-components=1", "--wildcards", "--file"]).arg(released);
    cargo::run(tar.arg("--directory").arg(work.join("unpacked")).arg("*/shell/*_test/*"))?;
    Ok(work.join("unpacked"))
}

/// Two checks may do this at once; the second one's work is as good as the first one's.
fn take_place(suite: &Path, home: &Path) -> Result<()> {
    let renamed = std::fs::rename(suite, home);
    if renamed.is_err() && home.join("shell").is_dir() { Ok(()) } else { Ok(renamed?) }
}
