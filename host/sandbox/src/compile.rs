//! Compilation, which wasmtime does not promise to be bounded; so it is done by a worker process that has limits.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, pidfd_open, pidfd_send_signal, setrlimit};

use crate::engine::{self, Sizes};
use crate::{Allocation, Error};

/// Who compiles.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// This process, without bounds; for components that the operator trusts, and tests.
    InProcess,
    /// A program that calls [`compile_worker`] when started with these arguments.
    Worker {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
        /// The longest it may take.
        timeout: Duration,
    },
}

/// Address space of the worker: the compiler's data for the largest component that is admitted.
const WORKER_BYTES: u64 = 4 << 30;
/// Processor seconds of the worker.
const WORKER_CPU: u64 = 300;
/// Compiled code is several times as large as what it was made of; more than this is taken from no worker.
const CODE_BYTES: u64 = 1 << 30;

/// What a worker process does: limits itself, reads a component from standard input, writes compiled code to standard
/// output. Its engine is the same as the host's in all that decides what the code looks like.
///
/// # Errors
/// The component does not compile, or the pipes broke; the message is for the parent.
pub fn compile_worker() -> Result<(), String> {
    let bound = |limit| Rlimit { current: Some(limit), maximum: Some(limit) };
    setrlimit(Resource::As, bound(WORKER_BYTES)).map_err(|error| format!("can't limit memory: {error}"))?;
    setrlimit(Resource::Cpu, bound(WORKER_CPU)).map_err(|error| format!("can't limit processor time: {error}"))?;
    let mut wasm = Vec::new();
    std::io::stdin().read_to_end(&mut wasm).map_err(|error| error.to_string())?;
    let sizes = Sizes { instances: 1, memory_bytes: 1 << 30, table_elements: 1 << 20 };
    let (engine, ..) = engine::engine(Allocation::OnDemand, sizes).map_err(|error| format!("{error:#}"))?;
    let code = engine.precompile_component(&wasm).map_err(|error| format!("{error:#}"))?;
    std::io::stdout().write_all(&code).map_err(|error| error.to_string())
}

/// Compiled code of `wasm` for `engine`. Blocks; not for an executor's thread.
pub(crate) fn compile(compiler: &Compiler, engine: &wasmtime::Engine, wasm: &[u8]) -> Result<Vec<u8>, Error> {
    match compiler {
        Compiler::InProcess => engine.precompile_component(wasm).map_err(|error| Error::Compile(format!("{error:#}"))),
        Compiler::Worker { program, arguments, timeout } => {
            let command = Command::new(program);
            in_worker(command, arguments, *timeout, wasm)
        }
    }
}

fn in_worker(mut command: Command, arguments: &[String], timeout: Duration, wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let failed = |what: &str, error: std::io::Error| Error::Compile(format!("{what} the compile worker: {error}"));
    command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed("can't start", error))?;
    let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())
        .map_err(|error| failed("can't watch", error.into()))?;
    let (done, waiting) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
                // A worker that has just ended can't be killed, which is as good.
                pidfd_send_signal(&handle, Signal::KILL).ok();
            }
        });
        // A worker that dies early breaks this pipe; its own message says why.
        scope.spawn(move || drop(stdin.take().map(|mut pipe| pipe.write_all(wasm))));
        let errors = scope.spawn(move || drain(stderr, 64 * 1024));
        let code = drain(stdout, CODE_BYTES);
        let errors = errors.join().unwrap_or_default();
        let status = child.wait();
        drop(done);
        match status.map_err(|error| failed("can't wait for", error))? {
            status if status.success() => Ok(code),
            status if status.code().is_none() => Err(Error::Compile(format!(
                "the compile worker was stopped ({status}): the component takes too long or too much memory to compile (limits: {} s, {WORKER_BYTES} bytes)",
                timeout.as_secs()
            ))),
            _ => Err(Error::Compile(String::from_utf8_lossy(&errors).trim().to_owned())),
        }
    })
}

fn drain(pipe: Option<impl Read>, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What arrived before an error is all there is; the exit status tells whether it is whole.
        drop(pipe.take(limit).read_to_end(&mut bytes));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(script: &str, timeout: Duration) -> Result<Vec<u8>, String> {
        let engine = wasmtime::Engine::default();
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        let compiler = Compiler::Worker { program: "/bin/sh".into(), arguments, timeout };
        compile(&compiler, &engine, b"wasm").map_err(|error| error.to_string())
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_worker_that_takes_too_long_is_stopped() {
        let began = std::time::Instant::now();
        let error = worker("exec sleep 60", Duration::from_millis(100)).unwrap_err();
        let said = "the component does not compile: the compile worker was stopped (signal: 9 (SIGKILL)): the component takes too long or too much memory to compile";
        assert!(error.starts_with(said), "{error}");
        assert!(began.elapsed() < LONG / 2);
    }

    #[test]
    fn a_worker_that_fails_says_why_and_one_that_dies_is_no_success() {
        assert_eq!(worker("cat", LONG).unwrap(), b"wasm");
        assert_eq!(worker("echo broken >&2; exit 1", LONG).unwrap_err(), "the component does not compile: broken");
        let died = worker("kill -ABRT $$", LONG).unwrap_err();
        assert!(died.contains("was stopped (signal: 6 (SIGABRT)"), "{died}");
        let flood = worker("head -c 10000000 /dev/zero >&2; exit 1", LONG).unwrap_err();
        assert!(flood.len() < 70 * 1024, "{} bytes", flood.len());
    }

    #[test]
    fn a_worker_that_does_not_exist_is_named() {
        let compiler = Compiler::Worker { program: "/nowhere".into(), arguments: Vec::new(), timeout: LONG };
        let error = compile(&compiler, &wasmtime::Engine::default(), b"").unwrap_err().to_string();
        assert!(error.contains("can't start the compile worker"), "{error}");
    }
}
