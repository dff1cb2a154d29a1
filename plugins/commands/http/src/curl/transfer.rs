//! One URL, from the first request to the last byte.

use std::io::{self, Read, Write};
use std::time::Instant;

use super::Stop;
use super::options::{Fail, Options, Output};
use super::request;
use super::sink::Sink;
use crate::ask::{Answer, Ask, Body, Failure, on_the_way};
use crate::decode::decoded;
use crate::url::Url;

/// Redirects that are followed unless `--max-redirs` says otherwise.
const REDIRECTS: u32 = 50;

/// What there is to say about a transfer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) number: usize,
    pub(crate) url: String,
    pub(crate) url_effective: String,
    pub(crate) scheme: String,
    pub(crate) method: String,
    /// 0 until there was an answer.
    pub(crate) status: u16,
    pub(crate) protocol: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) head_bytes: usize,
    pub(crate) redirects: u32,
    pub(crate) redirect_url: String,
    pub(crate) downloaded: u64,
    pub(crate) uploaded: u64,
    pub(crate) file_name: String,
    pub(crate) code: i32,
    pub(crate) message: String,
    pub(crate) seconds: f64,
}

impl Told {
    pub(crate) fn header(&self, name: &str) -> String {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

pub(crate) struct Transfer<'a> {
    options: &'a Options,
    output: Option<Output>,
    told: Told,
    began: Instant,
}

impl<'a> Transfer<'a> {
    pub(crate) fn new(options: &'a Options, url: &str, output: Option<Output>, number: usize) -> Self {
        let told = Told { number, url: url.to_owned(), url_effective: url.to_owned(), ..Told::default() };
        Self { options, output, told, began: Instant::now() }
    }

    /// All that is known when it is over.
    pub(crate) fn told(&self, result: &Result<(), Stop>) -> Told {
        let (code, message) = result.as_ref().err().map_or((0, ""), |stop| (stop.code, stop.message.as_str()));
        let seconds = self.began.elapsed().as_secs_f64();
        Told { code, message: message.to_owned(), seconds, ..self.told.clone() }
    }

    pub(crate) fn run(&mut self) -> Result<(), Stop> {
        let mut ask = request::first(self.options, &self.told.url)?;
        let mut sink = self.sink(&ask.url)?;
        let mut heads = self.options.dump_header.clone().map(|path| Sink::file(path, false));
        loop {
            let answer = self.send(&ask)?;
            let head = answer.head();
            self.told.head_bytes += head.len();
            if let Some(heads) = &mut heads {
                heads.write_all(head.as_bytes()).map_err(|problem| written(&problem))?;
            }
            let to = answer.redirect().map(|location| ask.url.join(location));
            let Some(to) = to.filter(|_| self.options.location) else {
                return self.finish(&ask, answer, &mut sink, &head);
            };
            self.show(&mut sink, &head)?;
            let to = to.map_err(request::wrong)?;
            if self.told.redirects >= self.options.max_redirects.unwrap_or(REDIRECTS) {
                return Err(Stop::new(47, format!("Maximum ({}) redirects followed", self.told.redirects)));
            }
            self.told.redirects += 1;
            ask = request::redirected(self.options, &ask, answer.status, to);
            answer.skip();
        }
    }

    fn sink(&self, url: &Url) -> Result<Sink, Stop> {
        let path = match &self.output {
            None => return Ok(Sink::Output),
            Some(Output::File(path)) => path.clone(),
            Some(Output::Remote) => request::remote_name(url)?,
        };
        let folder = self.options.output_dir.as_ref().filter(|_| path != "-");
        let path = folder.map_or(path.clone(), |folder| format!("{folder}/{path}"));
        Ok(Sink::file(path, self.options.create_dirs))
    }

    fn send(&mut self, ask: &Ask) -> Result<Answer, Stop> {
        self.told.url_effective = ask.url.text();
        self.told.scheme.clone_from(&ask.url.scheme);
        self.told.method.clone_from(&ask.method);
        let timeout_ms = match self.options.max_time_ms {
            Some(limit) => {
                let spent = u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX);
                Some(limit.saturating_sub(spent).max(1))
            }
            None => None,
        };
        let ask = Ask { timeout_ms, ..ask.clone() };
        if self.options.verbose {
            ask_lines(&ask).iter().for_each(|line| eprintln!("> {line}"));
        }
        let answer = ask.send().map_err(|failure| self.failed(&failure, Some(&ask.url)))?;
        self.told.uploaded = match &ask.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::File(path) => std::fs::metadata(path).map_or(0, |file| file.len()),
            Body::Nothing | Body::Input => 0,
        };
        if self.options.verbose {
            answer.head().lines().for_each(|line| eprintln!("< {line}"));
        }
        self.told.status = answer.status;
        self.told.protocol.clone_from(&answer.protocol);
        self.told.headers.clone_from(&answer.headers);
        Ok(answer)
    }

    fn show(&self, sink: &mut Sink, head: &str) -> Result<(), Stop> {
        if self.options.include || self.options.head {
            sink.write_all(head.as_bytes()).map_err(|problem| written(&problem))?;
        }
        Ok(())
    }

    fn finish(&mut self, ask: &Ask, answer: Answer, sink: &mut Sink, head: &str) -> Result<(), Stop> {
        if let Some(Ok(to)) = answer.redirect().map(|location| ask.url.join(location)) {
            self.told.redirect_url = to.text();
        }
        let refused = Stop::new(22, format!("The requested URL returned error: {}", answer.status));
        let fails = answer.status >= 400 && self.options.fail != Fail::No;
        if fails && self.options.fail == Fail::WithoutBody {
            return Err(refused);
        }
        self.rename(&answer, sink);
        self.show(sink, head)?;
        sink.begin().map_err(|problem| written(&problem))?;
        self.told.file_name = sink.name().to_owned();
        if ask.method != "HEAD" {
            self.receive(answer, sink)?;
        }
        sink.flush().map_err(|problem| written(&problem))?;
        if fails { Err(refused) } else { Ok(()) }
    }

    /// `-J`: the answer says what a file of `-O` is called.
    fn rename(&self, answer: &Answer, sink: &mut Sink) {
        let wanted = self.options.remote_header_name && self.output == Some(Output::Remote);
        let name = answer.header("content-disposition").filter(|_| wanted).and_then(request::attached_name);
        if let Some(name) = name {
            let folder = self.options.output_dir.as_ref();
            let path = folder.map_or(name.clone(), |folder| format!("{folder}/{name}"));
            *sink = Sink::file(path, self.options.create_dirs);
        }
    }

    fn receive(&mut self, answer: Answer, sink: &mut Sink) -> Result<(), Stop> {
        let expected = answer.header("content-length").and_then(|length| length.parse::<u64>().ok());
        let encoding = if self.options.compressed { answer.header("content-encoding").unwrap_or_default() } else { "" };
        let encoding = encoding.to_owned();
        let mut counted = Counted { answer, bytes: 0 };
        let unknown = || Stop::new(61, "Unrecognized content encoding type; understood are deflate, gzip");
        let mut piece = vec![0; 64 * 1024];
        let mut body = decoded(&encoding, &mut counted).ok_or_else(unknown)?;
        let outcome = loop {
            match body.read(&mut piece) {
                Ok(0) => break Ok(()),
                Ok(read) => sink.write_all(&piece[..read]).map_err(|problem| written(&problem))?,
                Err(problem) => break Err(problem),
            }
        };
        drop(body);
        self.told.downloaded = counted.bytes;
        outcome.map_err(|problem| self.broken(&problem, expected))
    }

    fn broken(&self, problem: &io::Error, expected: Option<u64>) -> Stop {
        match (on_the_way(problem), expected) {
            (Some(failure), Some(expected)) if failure.kind == "broken" => {
                let left = expected.saturating_sub(self.told.downloaded);
                Stop::new(18, format!("transfer closed with {left} bytes remaining to read"))
            }
            (Some(failure), _) if failure.kind == "broken" => Stop::new(56, failure.message.clone()),
            (Some(failure), _) => self.failed(failure, None),
            (None, _) => Stop::new(61, format!("Error while processing content unencoding: {problem}")),
        }
    }

    fn failed(&self, failure: &Failure, url: Option<&Url>) -> Stop {
        let Failure { kind, message } = failure;
        let place = url.map(|url| format!("{} port {}", url.host, url.port())).unwrap_or_default();
        match kind.as_str() {
            "denied" => Stop { denied: true, ..Stop::new(7, format!("Failed to connect to {place}: {message}")) },
            "invalid-request" => Stop::new(3, message),
            "resolve" => Stop::new(6, format!("Could not resolve host: {}", url.map_or("", |url| &url.host))),
            "connect" | "too-many" => Stop::new(7, format!("Failed to connect to {place}: {message}")),
            "timeout" => {
                let (spent, bytes) = (self.began.elapsed().as_millis(), self.told.downloaded);
                Stop::new(28, format!("Operation timed out after {spent} milliseconds with {bytes} bytes received"))
            }
            "tls" => Stop::new(60, message),
            "too-large" => Stop::new(63, message),
            "broken" => Stop::new(52, "Empty reply from server"),
            "not-found" | "io" | "is-directory" => Stop::new(26, message),
            _ => Stop::new(56, message),
        }
    }
}

/// Counts what came, before it is decoded.
struct Counted {
    answer: Answer,
    bytes: u64,
}

impl Read for &mut Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.answer.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

fn written(problem: &io::Error) -> Stop {
    Stop::new(23, format!("Failed writing received data to disk/application: {}", posix::reason(problem)))
}

fn ask_lines(ask: &Ask) -> Vec<String> {
    let port = ask.url.port.map(|port| format!(":{port}")).unwrap_or_default();
    let mut lines =
        vec![format!("{} {} HTTP/1.1", ask.method, ask.url.target), format!("Host: {}{port}", ask.url.host)];
    lines.extend(ask.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(String::new());
    lines
}
