//! One event, one line.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::Duration;

use anstyle::Style;
use skep_model::{Call, Content, Event, Happening, Outcome, RunId, Seq, Stream, Timestamp, Usage};
use skep_state::Store;

use crate::args::Format;
use crate::output::Output;
use crate::readable::{count, harmless, moment, one_line, size, span};
use crate::wire;

/// The most of one text that is shown to people, in bytes. All of it is in the journal.
const SHOWN: usize = 4 * 1024;
const ARGUMENTS: usize = 80;

/// Prints a run's events in the order of the journal.
pub(crate) struct Transcript<'a> {
    out: &'a Output,
    store: &'a Store,
    run: RunId,
    zero: Option<Timestamp>,
    open: HashMap<Seq, OpenCall>,
    /// The run is worked on right now: its result is shown afterwards, and calls under way are shown for as long.
    live: bool,
    /// A call that is under way stands on a line that will be overwritten.
    underway: bool,
}

struct OpenCall {
    at: Timestamp,
    title: String,
    /// What it does has an event of its own.
    is_told: bool,
}

/// What is said of an event.
struct Line {
    kind: &'static str,
    style: Style,
    text: String,
}

impl<'a> Transcript<'a> {
    /// The transcript of a run that is over, or of what there is of it.
    pub(crate) fn new(out: &'a Output, store: &'a Store, run: RunId) -> Self {
        Self { out, store, run, zero: None, open: HashMap::new(), live: false, underway: false }
    }

    /// The transcript of a run while it is worked on.
    pub(crate) fn live(out: &'a Output, store: &'a Store, run: RunId) -> Self {
        Self { live: true, ..Self::new(out, store, run) }
    }

    /// Prints one event.
    pub(crate) fn event(&mut self, seq: Seq, event: &Event) -> io::Result<()> {
        if self.out.is_json() {
            return self.out.line(&serde_json::to_string(&wire::EventItem { run: self.run, seq, event })?);
        }
        let zero = *self.zero.get_or_insert(event.at);
        let Some(line) = self.describe(seq, event) else { return Ok(()) };
        match self.out.format {
            Format::Pretty => self.for_people(event.at.since(zero), &line),
            Format::Text | Format::Json | Format::Ndjson => {
                let text = harmless(&line.text).replace('\n', "\\n").replace('\t', " ");
                self.out.line(&format!("{}\t{seq}\t{}\t{text}", moment(event.at), line.kind))
            }
        }
    }

    fn for_people(&mut self, since: Duration, line: &Line) -> io::Result<()> {
        self.clear()?;
        let Line { kind, style, text } = line;
        let text = harmless(text);
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let time = self.out.styled(self.out.palette.dim, &format!("{:>9}", clock(since)));
        let kind = self.out.styled(*style, &format!("{kind:<8}"));
        self.out.line(&format!("{time}  {kind}  {}", self.out.styled(*style, first)))?;
        lines.try_for_each(|more| self.out.line(&format!("{:21}{}", "", self.out.styled(*style, more))))
    }

    /// Takes a line away that was only there while something was under way.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.underway) {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(b"\r\x1b[K")?;
        stdout.flush()
    }

    fn is_for_people(&self) -> bool {
        self.out.format == Format::Pretty
    }

    fn show_underway(&mut self, title: &str) {
        if self.live && self.is_for_people() && self.out.terminal {
            self.underway = true;
            let text = self.out.styled(self.out.palette.dim, &format!("{:9}  …         {}", "", one_line(title, 60)));
            let mut stdout = io::stdout().lock();
            // Decoration: if it can't be written, the next line says so.
            write!(stdout, "\r\x1b[K{text}").and_then(|()| stdout.flush()).unwrap_or_default();
        }
    }

    fn describe(&mut self, seq: Seq, event: &Event) -> Option<Line> {
        let palette = self.out.palette;
        let (style, text) = match &event.what {
            Happening::Queued(spec) => {
                (palette.dim, format!("{} in {}: {}", spec.agent.name, spec.environment, spec.title))
            }
            Happening::Attempt { number: 1 } => (palette.dim, "the first attempt".to_owned()),
            Happening::Attempt { number } => {
                (palette.notice, format!("attempt {number}: the journal is fed to the agent again"))
            }
            Happening::Prepared { workspace, snapshot } => (palette.dim, prepared(workspace, *snapshot)),
            Happening::Startup { command, exit_code, reason, output, .. } => {
                let (style, why) = if *exit_code == 0 { (palette.dim, "") } else { (palette.bad, reason.as_str()) };
                let ended = with(&format!("{command}  ended with {exit_code}"), why);
                let output = self.shown(output);
                (style, if output.is_empty() { ended } else { format!("{ended}\n{}", output.trim_end()) })
            }
            Happening::Began => (palette.dim, "the agent works".to_owned()),
            Happening::Said { text } => (palette.voice, self.shown(text)),
            Happening::Logged { stream, text } => (palette.dim, format!("{}{}", mark(*stream), self.shown(text))),
            Happening::Started { call } => return self.started(seq, event.at, call),
            Happening::Finished { started, outcome, .. } => return self.finished(*started, event.at, outcome),
            Happening::Printed { stream, text, .. } => (palette.dim, format!("{}{}", mark(*stream), self.shown(text))),
            Happening::Reported { artifact } => {
                (palette.good, format!("{}, {}, {}", artifact.name, artifact.media_type, size(artifact.bytes)))
            }
            Happening::Message { sender, text } => (palette.voice, format!("{sender}: {}", self.shown(text))),
            Happening::CancelRequested { reason } => (palette.notice, reason.clone()),
            Happening::Ended { outcome, usage } => self.ended(outcome, usage),
            Happening::Deleted { reason, .. } => (palette.notice, reason.clone()),
        };
        Some(Line { kind: kind(&event.what), style, text })
    }

    fn started(&mut self, seq: Seq, at: Timestamp, call: &Call) -> Option<Line> {
        let title = title(call, if self.is_for_people() { ARGUMENTS } else { usize::MAX });
        self.show_underway(&title);
        let line = Line { kind: "call", style: self.out.palette.dim, text: title.clone() };
        let is_told = matches!(call, Call::Report { .. } | Call::ReportFile { .. });
        self.open.insert(seq, OpenCall { at, title, is_told });
        // For people a call is one line, when it has its answer; a wait may never have one.
        let is_shown = !self.is_for_people() || matches!(call, Call::Receive { timeout_ms: None });
        is_shown.then_some(line)
    }

    fn finished(&mut self, started: Seq, at: Timestamp, outcome: &Outcome) -> Option<Line> {
        let open = self.open.remove(&started);
        let (title, took, is_told) = match open {
            Some(open) => (open.title, format!("  {}", span(at.since(open.at))), open.is_told),
            None => (format!("of call {started}"), String::new(), false),
        };
        // For people this is the only line of a call.
        let kind = if self.is_for_people() { "call" } else { "answer" };
        match outcome {
            Outcome::Completed(_) if is_told && self.is_for_people() => None,
            Outcome::Completed(content) => {
                Some(Line { kind, style: Style::new(), text: format!("{title}{took}, {}", size(content.bytes())) })
            }
            failed => {
                let text = format!("{title}{took}, {}", with(failed.kind(), &failed.message()));
                Some(Line { kind, style: self.out.palette.bad, text })
            }
        }
    }

    /// Live, the result itself is shown after the transcript.
    fn ended(&self, outcome: &Outcome, usage: &Usage) -> (Style, String) {
        let style = if matches!(outcome, Outcome::Completed(_)) { self.out.palette.good } else { self.out.palette.bad };
        let Usage { calls, cpu_us, memory_bytes, .. } = usage;
        let used = format!(
            "{} calls, {} ms of processor time, {} of memory",
            count(*calls),
            cpu_us / 1000,
            size(*memory_bytes)
        );
        let text = match self.live && self.is_for_people() {
            true => format!("{}, {used}", outcome.run_state()),
            false => format!("{}\n{used}", with(outcome.run_state().as_str(), &self.outcome(outcome))),
        };
        (style, text)
    }

    fn outcome(&self, outcome: &Outcome) -> String {
        match outcome {
            Outcome::Completed(content) => self.shown(content),
            failed => with(failed.kind(), &failed.message()),
        }
    }

    /// A text's beginning. One that can't be read is named instead: the transcript goes on.
    fn shown(&self, content: &Content) -> String {
        let text = match content {
            Content::Inline(text) => text.clone(),
            Content::Blob { blob, .. } => match self.store.blobs().get(blob) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) => return format!("({error})"),
            },
        };
        if text.len() <= SHOWN || self.out.format != Format::Pretty {
            return text;
        }
        let end = text.floor_char_boundary(SHOWN);
        format!("{}\n… {} in all", &text[..end], size(text.len() as u64))
    }
}

/// The kind as the transcript names it; the journal's own names are in JSON output.
fn kind(what: &Happening) -> &'static str {
    match what {
        Happening::Logged { .. } => "log",
        Happening::Printed { .. } => "tool log",
        Happening::Reported { .. } => "kept",
        Happening::CancelRequested { .. } => "cancel",
        other => other.kind(),
    }
}

fn with(word: &str, text: &str) -> String {
    if text.is_empty() { word.to_owned() } else { format!("{word}: {text}") }
}

fn prepared(workspace: &[String], snapshot: Option<RunId>) -> String {
    let repositories = if workspace.is_empty() { "an empty workspace".to_owned() } else { workspace.join("\n") };
    let from = snapshot.map(|run| format!("\nas the startup commands of run {run} left it"));
    repositories + &from.unwrap_or_default()
}

fn mark(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "",
        Stream::Stderr => "! ",
    }
}

fn title(call: &Call, limit: usize) -> String {
    let arguments = match call {
        Call::Tool { arguments: Content::Inline(text), .. } => one_line(text, limit),
        Call::Tool { arguments, .. } => size(arguments.bytes()),
        Call::Report { name, .. } | Call::ReportFile { name, .. } => name.clone(),
        Call::Sleep { ms } => span(Duration::from_millis(*ms)),
        Call::Receive { timeout_ms: Some(ms) } => format!("for {}", span(Duration::from_millis(*ms))),
        Call::Wait { run, .. } | Call::CancelChild { run } => run.clone(),
        Call::Ask { text: Content::Inline(text), .. } => one_line(text, limit),
        Call::Receive { timeout_ms: None }
        | Call::ListTools
        | Call::Spawn { .. }
        | Call::Complete { .. }
        | Call::Ask { .. } => String::new(),
    };
    format!("{} {arguments}", call.name()).trim_end().to_owned()
}

/// Time since the run was accepted, in a form that lines up.
fn clock(since: Duration) -> String {
    let seconds = since.as_secs();
    match seconds {
        0..600 => format!("{:.3}", since.as_secs_f64()),
        600..86_400 => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
        _ => format!("{}d {:02}:{:02}", seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60),
    }
}
