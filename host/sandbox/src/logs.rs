//! Standard output and standard error as lines for people.
//!
//! Guest text is data: lines are cut, control characters are replaced, and past the quota a single mark stands for the rest.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use skep_model::Stream;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// The longest line kept, in bytes as it is shown.
const LINE_BYTES: usize = 8 * 1024;
/// What a line costs beside its text, about as much as its event takes.
const LINE_COST: u64 = 128;
/// Lines of standard error remembered for the message of a trap.
const LAST_WORDS: usize = 4;

/// The lines of one guest, in the order in which they were printed.
#[derive(Clone)]
pub(crate) struct Logs(Arc<Mutex<Lines>>);

struct Lines {
    done: VecDeque<(Stream, String)>,
    open: [Vec<u8>; 2],
    last_words: VecDeque<String>,
    left: u64,
    quota: u64,
    cut: bool,
}

impl Logs {
    /// No lines yet, and room for `quota` bytes of them.
    pub(crate) fn new(quota: u64) -> Self {
        let lines = Lines {
            done: VecDeque::new(),
            open: [Vec::new(), Vec::new()],
            last_words: VecDeque::new(),
            left: quota,
            quota,
            cut: false,
        };
        Self(Arc::new(Mutex::new(lines)))
    }

    pub(crate) fn stream(&self, stream: Stream) -> LogStream {
        LogStream { logs: self.clone(), stream }
    }

    /// The next complete line.
    pub(crate) fn pop(&self) -> Option<(Stream, String)> {
        self.lock().done.pop_front()
    }

    /// Completes what was printed without a line end, when the guest is gone.
    pub(crate) fn finish(&self) {
        let mut lines = self.lock();
        for stream in [Stream::Stdout, Stream::Stderr] {
            if !lines.open[stream as usize].is_empty() {
                lines.complete(stream);
            }
        }
    }

    /// The last lines of standard error, where a panic leaves its message.
    pub(crate) fn last_words(&self) -> Vec<String> {
        self.lock().last_words.iter().cloned().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            let open = &mut self.open[stream as usize];
            // One more than is kept, so that a line that is too long is known as such.
            let room = (LINE_BYTES + 1).saturating_sub(open.len());
            open.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                self.complete(stream);
            }
        }
    }

    fn complete(&mut self, stream: Stream) {
        let raw = std::mem::take(&mut self.open[stream as usize]);
        let mut line = printable(&raw);
        // A byte that is no text takes three when it is shown.
        if line.len() > LINE_BYTES {
            line.truncate(line.floor_char_boundary(LINE_BYTES));
            line.push_str(" … (line cut)");
        }
        if stream == Stream::Stderr && !line.trim().is_empty() && !line.starts_with("note: run with `RUST_BACKTRACE") {
            self.last_words.push_back(line.clone());
            if self.last_words.len() > LAST_WORDS {
                self.last_words.pop_front();
            }
        }
        self.keep(stream, line);
    }

    fn keep(&mut self, stream: Stream, line: String) {
        // Or a flood of empty lines would be free.
        let cost = line.len() as u64 + LINE_COST;
        if cost <= self.left {
            self.left -= cost;
            self.done.push_back((stream, line));
        } else if !self.cut {
            self.cut = true;
            self.left = 0;
            let quota = self.quota;
            self.done.push_back((Stream::Stderr, format!("… (log cut: limit log_bytes = {quota} bytes reached)")));
        }
    }
}

/// Text without what could move a terminal's cursor or turn its reading order.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let hides = |c: char| {
        (c.is_control() && c != '\t')
            || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    String::from_utf8_lossy(bytes).chars().map(|c| if hides(c) { '\u{fffd}' } else { c }).collect()
}

/// One of the two streams, as wasi sees it. Always ready: what it does not keep it counts as written.
pub(crate) struct LogStream {
    logs: Logs,
    stream: Stream,
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.logs.stream(self.stream))
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.logs.stream(self.stream))
    }
}

#[async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.logs.lock().write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.logs.lock().write(self.stream, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(logs: &Logs) -> Vec<String> {
        std::iter::from_fn(|| logs.pop()).map(|(_, line)| line).collect()
    }

    #[test]
    fn what_is_printed_becomes_lines_without_control_characters() {
        let logs = Logs::new(1_000);
        logs.lock().write(Stream::Stdout, b"one\ntw");
        logs.lock().write(Stream::Stderr, b"\x1b[31mred\n");
        logs.lock().write(Stream::Stdout, b"o\nopen");
        logs.finish();
        assert_eq!(all(&logs), ["one", "\u{fffd}[31mred", "two", "open"]);
    }

    #[test]
    fn a_flood_is_cut_at_the_quota_with_one_mark() {
        let logs = Logs::new(300);
        for _ in 0..1_000 {
            logs.lock().write(Stream::Stdout, b"abc\n");
        }
        assert_eq!(all(&logs), ["abc", "abc", "… (log cut: limit log_bytes = 300 bytes reached)"]);
    }

    #[test]
    fn a_line_is_cut_where_it_is_too_long_as_it_is_shown() {
        let logs = Logs::new(1 << 20);
        let mark = " … (line cut)";
        for byte in [b"\x01", b"\xff", b"a"] {
            logs.lock().write(Stream::Stdout, &byte.repeat(20_000));
            logs.lock().write(Stream::Stdout, b"\n");
        }
        logs.lock().write(Stream::Stdout, &b"a".repeat(LINE_BYTES));
        logs.finish();
        let replaced = "\u{fffd}".repeat(LINE_BYTES / 3) + mark;
        let cut = "a".repeat(LINE_BYTES) + mark;
        assert_eq!(all(&logs), [replaced.clone(), replaced, cut, "a".repeat(LINE_BYTES)]);
    }

    #[test]
    fn empty_lines_cost_what_their_events_take() {
        let logs = Logs::new(64 << 10);
        logs.lock().write(Stream::Stdout, &b"\n".repeat(100_000));
        assert_eq!(all(&logs).len() as u64, (64 << 10) / LINE_COST + 1);
    }

    #[test]
    fn what_turns_the_reading_order_is_not_shown() {
        assert_eq!(printable("a\u{61c}\u{202e}\u{2066}\u{200f}b".as_bytes()), "a\u{fffd}\u{fffd}\u{fffd}\u{fffd}b");
    }
}
