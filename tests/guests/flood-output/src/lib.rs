//! Says 64 KiB again and again: meets the limit of output.

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    let text = "o".repeat(64 << 10);
    loop {
        skep::session::say(&text)?;
    }
}
