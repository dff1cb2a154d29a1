//! A bash-compatible shell that owns nothing: it parses and expands by itself, works on files through WASI, and asks its host
//! for everything that is another command: pipes, open files, children. A subshell is another instance of this component.

mod ast;
mod builtin;
mod expand;
mod files;
mod invocation;
mod jobs;
mod options;
mod parse;
mod process;
mod reader;
mod run;
mod state;
mod stop;
mod text;
mod trap;
mod vars;

fn main() {
    let status = on_enough_stack(|| {
        let payload = process::payload();
        if payload.is_empty() { invocation::run(std::env::args().collect()) } else { run::subshell::resume(&payload) }
    });
    process::exit(status);
}

#[cfg(target_arch = "wasm32")]
fn on_enough_stack(run: fn() -> i32) -> i32 {
    run()
}

/// Frames of unoptimised code are large, and a thread's stack is given when it starts.
#[cfg(not(target_arch = "wasm32"))]
fn on_enough_stack(run: fn() -> i32) -> i32 {
    let thread = std::thread::Builder::new().name("shell".into()).stack_size(256 << 20).spawn(run);
    thread.ok().and_then(|thread| thread.join().ok()).unwrap_or(2)
}
