//! The machine beside its disk: address space, processors, open files, what builds plugins.

use std::process::Command;
use std::time::Instant;

use anyhow::Result;
use rustix::process::{Resource, getrlimit};
use skep_sandbox::{Allocation, Sandbox};

use super::Finding;
use crate::host::Settings;
use crate::readable::span;

/// Open files that a busy host needs: two for a tool call, some for segments and blobs.
const FILES: u64 = 1024;

pub(super) fn findings(settings: &Settings) -> Result<Vec<Finding>> {
    Ok(vec![sandbox(settings)?, processors(settings), open_files(), wasm_target()])
}

fn sandbox(settings: &Settings) -> Result<Finding> {
    let began = Instant::now();
    Ok(match Sandbox::new(settings.sandbox_config()?) {
        Ok(sandbox) => match sandbox.allocation() {
            (Allocation::Pooling, _) => {
                Finding::good("sandbox", format!("wasmtime with pooled memory, ready after {}", span(began.elapsed())))
            }
            (Allocation::OnDemand, why) => {
                let why = why.unwrap_or("it was not asked for");
                Finding::weak(
                    "sandbox",
                    format!("wasmtime without a memory pool, which is slower: {why}; see `ulimit -v`"),
                )
            }
        },
        Err(error) => Finding::bad("sandbox", error.to_string()),
    })
}

fn processors(settings: &Settings) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Finding::good(
        "processors",
        format!("{cores}; {} runs at once (`concurrency` in skep.toml)", settings.config.concurrency),
    )
}

fn open_files() -> Finding {
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < FILES => Finding::weak(
            "open files",
            format!("at most {limit}, and a busy host needs {FILES} and more; see `ulimit -n`"),
        ),
        Some(limit) => Finding::good("open files", format!("at most {limit}")),
        None => Finding::good("open files", "without a limit"),
    }
}

/// Only needed by those who write plugins.
fn wasm_target() -> Finding {
    let about = "plugins";
    let Some(library) = rustc(&["--print", "target-libdir", "--target", "wasm32-wasip2"]) else {
        return Finding::weak(
            about,
            "there is no rustc, so none can be built here; those that are built run all the same",
        );
    };
    if std::path::Path::new(&library).is_dir() {
        return Finding::good(about, "can be built here: the wasm32-wasip2 target is installed");
    }
    Finding::weak(
        about,
        "can't be built by cargo alone: no wasm32-wasip2 target; `rustup target add wasm32-wasip2`, or on Debian `cargo xtask guests` as root",
    )
}

fn rustc(arguments: &[&str]) -> Option<String> {
    let output = Command::new("rustc").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
