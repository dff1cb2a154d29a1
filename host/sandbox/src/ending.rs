//! From wasmtime's errors to outcomes. A guest's failure is data with a name; what is left over is the host's fault.

use skep_model::{Content, LimitKind, Outcome, Stream, Usage};
use wasmtime::Trap;
use wasmtime::component::ResourceTableError;
use wasmtime_wasi::I32Exit;

use crate::agent::Stopped;
use crate::door::Stop;
use crate::logs::printable;
use crate::meter::{Exceeded, Meter};

/// How an agent's attempt ended.
#[derive(Debug)]
pub enum Ended {
    /// By itself, or by a limit.
    Outcome(Outcome),
    /// By its door.
    Stopped(Stop),
}

/// How a tool call ended.
#[derive(Debug)]
pub struct ToolEnded {
    /// A completed call holds its JSON inline, however long it is.
    pub outcome: Outcome,
    /// What it printed.
    pub printed: Vec<(Stream, String)>,
    /// What it used.
    pub usage: Usage,
}

/// The longest message of a trap, in characters.
const TRAP_MESSAGE: usize = 2_000;
/// The longest name of a function in it.
const FUNCTION_NAME: usize = 120;

/// What a guest's own result means.
pub(crate) fn returned(result: Result<String, String>) -> Outcome {
    match result {
        Ok(value) => Outcome::Completed(Content::Inline(value)),
        Err(message) => Outcome::GuestError(message),
    }
}

/// What an error out of wasmtime means. `None` when the door stopped the guest.
pub(crate) fn outcome(error: &wasmtime::Error, meter: &Meter, last_words: &[String]) -> Option<Outcome> {
    if error.downcast_ref::<Stopped>().is_some() {
        return None;
    }
    let limit = |kind, reached| Outcome::Limit(meter.hit(kind, reached).0);
    let at_least = |kind| limit(kind, meter.limits().get(kind).saturating_add(1));
    if let Some(Exceeded(hit)) = error.downcast_ref::<Exceeded>() {
        return Some(Outcome::Limit(*hit));
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return Some(Outcome::GuestError(shown(&format!("exited with code {code}{}", quote(last_words)))));
    }
    if matches!(error.downcast_ref::<ResourceTableError>(), Some(ResourceTableError::Full)) {
        return Some(at_least(LimitKind::Handles));
    }
    if matches!(error.downcast_ref::<Trap>(), Some(Trap::StackOverflow)) {
        return Some(at_least(LimitKind::StackBytes));
    }
    Some(by_text(error, at_least).unwrap_or_else(|| trap(error, last_words)))
}

/// Two of wasmtime's limits have no public type; their texts are pinned with its version, and a test holds each.
fn by_text(error: &wasmtime::Error, at_least: impl Fn(LimitKind) -> Outcome) -> Option<Outcome> {
    let text = error.root_cause().to_string();
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        return Some(at_least(LimitKind::CallBytes));
    }
    text.contains("store handle limit exceeded").then(|| at_least(LimitKind::Handles))
}

fn trap(error: &wasmtime::Error, last_words: &[String]) -> Outcome {
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        return Outcome::HostFault("no instance slot was free although one was reserved".into());
    }
    let cause = error.root_cause().to_string();
    let frames = frames(&format!("{error:?}"));
    Outcome::Trap(shown(&format!("{cause}{}{frames}", quote(last_words))))
}

/// A panic leaves its message on standard error; that is what people want to read.
fn quote(last_words: &[String]) -> String {
    if last_words.is_empty() { String::new() } else { format!(": {}", last_words.join(" | ")) }
}

/// The innermost frames of the wasm backtrace, one line.
fn frames(debug: &str) -> String {
    let names = debug.lines().filter_map(|line| line.split_once('!').map(|(_, name)| name.trim()));
    let names = names.filter(|name| !name.contains("rust_panic") && !name.contains("panicking"));
    let inner: Vec<_> = names.take(6).map(|name| cut(name.to_owned(), FUNCTION_NAME)).collect();
    if inner.is_empty() { String::new() } else { format!(" (in {})", inner.join(" < ")) }
}

/// The guest has named its functions and may have had a hand in the cause, so this is text for people as its lines are.
fn shown(message: &str) -> String {
    cut(printable(message.as_bytes()), TRAP_MESSAGE)
}

fn cut(mut text: String, chars: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(chars) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_can_not_draw_on_a_terminal_by_its_name_nor_fill_the_message() {
        let long = "x".repeat(5_000);
        let debug = format!("0: 0x1 - <unknown>!\x1b[2J\u{202e}evil\n1: 0x2 - <unknown>!{long}\n");
        let message = shown(&format!("cause{}", frames(&debug)));
        let expected = format!("cause (in \u{fffd}[2J\u{fffd}evil < {}…)", "x".repeat(FUNCTION_NAME));
        assert_eq!(message, expected);
    }
}
