//! Calls itself without end: meets the limit of the stack.

use std::hint::black_box;

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    Ok(descend(0).to_string())
}

/// Through a pointer that the compiler can't see through, and next to nothing on the stack in linear memory, so that the
/// stack of calls is what ends.
fn descend(depth: u64) -> u64 {
    let next: fn(u64) -> u64 = black_box(descend);
    next(depth + 1) ^ depth
}
