//! Does nothing and succeeds: the smallest run there is, for tests of the machinery around it and for benchmarks.

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    Ok(String::new())
}
