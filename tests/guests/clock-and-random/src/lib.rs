//! Returns what the clocks and both kinds of randomness answer, before and after something was said: a replay must get the
//! same.

use std::hash::{BuildHasher, RandomState};
use std::time::{Instant, SystemTime};

use serde_json::{Value, json};

unsafe extern "C" {
    /// wasi-libc's way to `wasi:random/random`.
    fn getentropy(buffer: *mut u8, length: usize) -> i32;
}

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    let start = Instant::now();
    let before = look(start);
    skep::session::say("time may pass")?;
    Ok(json!({ "before": before, "after": look(start) }).to_string())
}

fn look(start: Instant) -> Value {
    let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    json!({
        "unix_ns": unix.as_nanos() as u64,
        "since_start_ns": start.elapsed().as_nanos() as u64,
        "hash": RandomState::new().hash_one("skep"),
        "random": random_bytes(),
    })
}

fn random_bytes() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    // SAFETY: the buffer is as long as is said.
    let status = unsafe { getentropy(bytes.as_mut_ptr(), bytes.len()) };
    (status == 0).then_some(bytes)
}
