//! Receives messages and says each back, until one is "stop" or nobody has written for as many milliseconds as the prompt
//! says; an empty prompt waits for ever.

use std::time::Duration;

use skep::session;

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let timeout = match task.prompt.as_str() {
        "" => None,
        milliseconds => Some(Duration::from_millis(milliseconds.parse()?)),
    };
    let mut heard = 0;
    while let Some(message) = session::receive(timeout)? {
        if message.text == "stop" {
            return Ok(format!("stopped by {} after {heard} messages", message.sender));
        }
        heard += 1;
        session::say(format!("{}: {}", message.sender, message.text))?;
    }
    Ok(format!("nobody wrote after {heard} messages"))
}
