//! Panics with its prompt, which must be in the transcript together with the place.

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    panic!("{}", task.prompt)
}
