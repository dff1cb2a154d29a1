//! Finds a way to compile for wasm32-wasip2 on this machine. Never asks rustup to download anything.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo;

/// Flags for the host's code; guests get theirs from their own workspace, so that the same sources give the same bytes.
const HOST_FLAGS: &[&str] = &["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];

/// What rustup, `cargo xtask` or the user set for the host's toolchain and would mislead Debian's.
const HOST_TOOLCHAIN: &[&str] =
    &["CARGO", "LD_LIBRARY_PATH", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RUSTUP_TOOLCHAIN"];

const NO_WAY: &str = "\
guests are built for wasm32-wasip2, and this machine cannot do that yet. Do one of these, then try again:
  with rustup             rustup target add wasm32-wasip2
  on Debian 12, as root   xtask/guest-toolchain.sh install";

/// How guests are compiled here.
pub(crate) enum Route {
    /// The active toolchain has the target.
    Rustup { identity: String },
    /// Debian's compiler, prepared by xtask/guest-toolchain.sh, which prints these variables.
    Debian { variables: BTreeMap<String, String> },
}

impl Route {
    pub(crate) fn find(root: &Path) -> Result<Self> {
        let rustc = || {
            let mut command = Command::new("rustc");
            command.current_dir(root);
            command
        };
        let sysroot = cargo::output(rustc().args(["--print", "sysroot"]))?;
        if Path::new(sysroot.trim()).join("lib/rustlib/wasm32-wasip2/lib").is_dir() {
            return Ok(Self::Rustup { identity: cargo::output(rustc().arg("-vV"))? });
        }
        Self::debian(&root.join("xtask/guest-toolchain.sh"))
    }

    fn debian(script: &Path) -> Result<Self> {
        ensure!(Path::new("/etc/debian_version").exists(), NO_WAY);
        cargo::run(Command::new(script).arg("install")).context(NO_WAY)?;
        let printed = cargo::output(Command::new(script).arg("env"))?;
        Ok(Self::Debian { variables: variables(&printed) })
    }

    /// What decides the compiler's output besides the sources.
    pub(crate) fn identity(&self) -> &str {
        match self {
            Self::Rustup { identity } => identity,
            Self::Debian { variables } => variables.get("SKEP_GUEST_IDENTITY").map_or("", String::as_str),
        }
    }

    /// `cargo SUBCOMMAND` for the guests of `workspace`, to which the caller may add arguments.
    pub(crate) fn cargo(&self, workspace: &Path, subcommand: &str) -> Command {
        let mut command = match self {
            Self::Rustup { .. } => cargo::cargo(workspace),
            Self::Debian { .. } => Command::new("/usr/bin/cargo"),
        };
        command.current_dir(workspace).args([subcommand, "--target", "wasm32-wasip2"]);
        for name in HOST_FLAGS {
            command.env_remove(name);
        }
        if let Self::Debian { variables } = self {
            for name in HOST_TOOLCHAIN {
                command.env_remove(name);
            }
            command.envs(variables).args(["-Z", "build-std=std,panic_abort"]);
        }
        command
    }
}

fn variables(printed: &str) -> BTreeMap<String, String> {
    printed.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn a_value_may_hold_spaces_and_equal_signs() {
        let variables = variables("RUSTC=/usr/bin/rustc\nRUSTFLAGS=-C linker=/x -C link-arg=--a=b\n");
        assert_eq!(variables["RUSTC"], "/usr/bin/rustc");
        assert_eq!(variables["RUSTFLAGS"], "-C linker=/x -C link-arg=--a=b");
    }
}
