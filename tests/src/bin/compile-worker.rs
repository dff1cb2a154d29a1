//! The compile worker as a program of its own: what `skep compile-worker` is to the real host, for hosts in tests.

fn main() -> Result<(), String> {
    skep_sandbox::compile_worker()
}
