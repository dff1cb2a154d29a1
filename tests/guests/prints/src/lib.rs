//! Prints its prompt to standard output, then to standard error: each line becomes one of the transcript.

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    println!("out: {}", task.prompt);
    eprintln!("error: {}", task.prompt);
    Ok(String::new())
}
