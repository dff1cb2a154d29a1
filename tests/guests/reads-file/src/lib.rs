//! Tries to read and to list each path of its prompt, one a line, and returns what came of it: a brain has no files.

use std::fs;

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let tried = task.prompt.lines().map(|path| match (fs::read(path), fs::read_dir(path)) {
        (Err(read), Err(list)) => format!("{path}: {read}; {list}"),
        _ => format!("{path}: it is there"),
    });
    Ok(tried.collect::<Vec<_>>().join("\n"))
}
