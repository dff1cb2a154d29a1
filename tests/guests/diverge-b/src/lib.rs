//! Says the same first as `diverge-a` and then something else: replayed in its place, it diverges at the second call.

use skep::session::say;

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    say("the same in both")?;
    say("only in diverge-b")?;
    Ok(String::new())
}
