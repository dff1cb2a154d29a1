//! Leaves by `std::process::exit` with the code in its prompt, which is no way for an agent to end.

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    std::process::exit(task.prompt.parse()?)
}
