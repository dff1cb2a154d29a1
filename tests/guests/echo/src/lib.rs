//! Says its prompt and returns it.

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    skep::session::say(&task.prompt)?;
    Ok(task.prompt)
}
