//! A tool that takes more than it may: of the disk, of the host's memory, of its calls. What goes wrong comes back as the
//! error's text.

mod calls;
mod disk;

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Fill {
    /// How: see `disk.rs`.
    way: String,
    /// How much.
    mebibytes: u64,
    /// How often, where it is done again and again.
    #[serde(default)]
    times: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Create {
    /// `file`, `folder`, `symlink` or `hardlink`.
    kind: String,
    count: u64,
    /// Removes each before the next is made.
    #[serde(default)]
    removed: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Count {
    count: u64,
}

#[derive(Deserialize, JsonSchema)]
struct Calls {
    count: u64,
    /// Bytes that each carries.
    bytes: usize,
}

#[skep::tools]
mod greedy {
    use super::*;

    /// Write to the workspace; answers how many bytes the file `full` has then.
    #[tool]
    fn fill(fill: Fill) -> skep::Result<u64> {
        disk::fill(&fill.way, fill.mebibytes << 20, fill.times)
    }

    /// Make many entries in the workspace; answers how many.
    #[tool]
    fn create(create: Create) -> skep::Result<u64> {
        disk::create(&create.kind, create.count, create.removed)
    }

    /// Open the file `full` so many times and keep all of them open.
    #[tool]
    fn open(count: Count) -> skep::Result<u64> {
        disk::open(count.count)
    }

    /// List the workspace so many times and keep all listings; answers how many.
    #[tool]
    fn list(count: Count) -> skep::Result<u64> {
        disk::list(count.count)
    }

    /// Ask for a URL again and again, with a body; answers how often it was refused.
    #[tool]
    fn fetch(calls: Calls) -> skep::Result<u64> {
        Ok(calls::fetch(calls.count, calls.bytes))
    }

    /// Make outgoing bodies and write to each without sending it; answers how many bytes were taken.
    #[tool]
    fn bodies(count: Count) -> skep::Result<u64> {
        calls::bodies(count.count)
    }

    /// Call itself without end.
    #[tool]
    fn descend() -> skep::Result<u64> {
        Ok(calls::descend(0))
    }
}
