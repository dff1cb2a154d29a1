//! A tool with every effect and every misbehaviour that a tool can have. Files are named by their path below `/workspace`;
//! what goes wrong in wasi comes back as the error's text.

mod network;
mod workspace;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Line {
    file: String,
    line: String,
    /// How long to sleep before.
    #[serde(default)]
    ms: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Content {
    file: String,
    content: String,
}

#[derive(Deserialize, JsonSchema)]
struct Sleep {
    ms: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Megabytes {
    megabytes: usize,
}

#[derive(Deserialize, JsonSchema)]
struct Exit {
    code: i32,
}

#[derive(Deserialize, JsonSchema)]
struct Socket {
    /// `connect`, `bind`, `udp` or `lookup`.
    operation: String,
    /// For example `127.0.0.1:8080`.
    address: String,
}

#[derive(Deserialize, JsonSchema)]
struct Fetch {
    method: Option<String>,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

#[derive(Serialize)]
struct Surroundings {
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    directory: Result<String, String>,
}

#[derive(Serialize)]
struct Clock {
    unix_ms: u128,
    slept_ms: u128,
}

#[skep::tools]
mod effects {
    use super::*;

    /// Append a line to a file, after a sleep if asked. Doing it twice shows.
    #[tool]
    fn append(line: Line) -> skep::Result<u64> {
        std::thread::sleep(Duration::from_millis(line.ms));
        workspace::append(&line.file, &line.line)
    }

    /// Sleep, then append a line to a file: for a host that dies in the middle.
    #[tool]
    fn sleep_then_append(line: Line) -> skep::Result<u64> {
        append(line)
    }

    /// Write a file. Doing it twice makes no difference.
    #[tool]
    fn write(content: Content) -> skep::Result<()> {
        Ok(std::fs::write(workspace::path(&content.file), content.content)?)
    }

    /// Sleep and answer how long it took, in milliseconds.
    #[tool]
    fn slow(sleep: Sleep) -> skep::Result<u128> {
        let before = Instant::now();
        std::thread::sleep(Duration::from_millis(sleep.ms));
        Ok(before.elapsed().as_millis())
    }

    /// Panic.
    #[tool]
    fn trap() -> skep::Result<()> {
        panic!("the tool traps as asked")
    }

    /// Fail with an error of the tool's own.
    #[tool]
    fn fail() -> skep::Result<()> {
        Err("the tool fails as asked".into())
    }

    /// Spin for ever.
    #[tool]
    fn spin() -> skep::Result<()> {
        loop {
            std::hint::spin_loop();
        }
    }

    /// Take memory until there is no more; answers how many MiB there were.
    #[tool]
    fn grow() -> skep::Result<usize> {
        Ok(workspace::take_memory())
    }

    /// Answer with this many MiB.
    #[tool]
    fn flood(size: Megabytes) -> skep::Result<String> {
        Ok("f".repeat(size.megabytes << 20))
    }

    /// Print this many MiB of lines to standard output.
    #[tool]
    fn print(size: Megabytes) -> skep::Result<()> {
        let line = "p".repeat(1023);
        (0..size.megabytes << 10).for_each(|_| println!("{line}"));
        Ok(())
    }

    /// Try to use a socket.
    #[tool]
    fn socket(socket: Socket) -> skep::Result<String> {
        network::socket(&socket.operation, &socket.address)
    }

    /// Send a request through the plain HTTP interface; answers status and body.
    #[tool]
    fn fetch(fetch: Fetch) -> skep::Result<(u16, String)> {
        network::fetch(fetch)
    }

    /// Answer environment variables, arguments and current directory.
    #[tool]
    fn env() -> skep::Result<Surroundings> {
        let directory =
            std::env::current_dir().map(|path| path.display().to_string()).map_err(|error| error.to_string());
        Ok(Surroundings { environment: std::env::vars().collect(), arguments: std::env::args().collect(), directory })
    }

    /// Answer the time and how long a sleep of 10 ms takes.
    #[tool]
    fn clock() -> skep::Result<Clock> {
        let unix_ms = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
        Ok(Clock { unix_ms, slept_ms: slow(Sleep { ms: 10 })? })
    }

    /// Leave the process in the middle of the call.
    #[tool]
    fn exit(exit: Exit) -> skep::Result<()> {
        std::process::exit(exit.code)
    }
}
