//! Says something and fails with its prompt as the reason.

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    skep::session::say("about to fail")?;
    Err(task.prompt.into())
}
