//! One URL, from the first request to the last byte.

use std::io::Read;
use std::path::Path;

use super::log::{self, Log};
use super::names::{self, Output, Place};
use super::options::Options;
use super::{CERTIFICATE, GENERIC, LOGIN, NETWORK, SERVER, Stop};
use crate::ask::{Answer, Ask, Body, Failure, on_the_way};
use crate::base64::basic;
use crate::decode::{ACCEPTED, decoded};
use crate::reason::reason;
use crate::url::Url;

/// Redirects that are followed unless `--max-redirect` says otherwise.
const REDIRECTS: u32 = 20;
const AGENT: &str = "Wget/1.21.3";

pub(crate) struct Get<'a> {
    pub(crate) options: &'a Options,
    pub(crate) log: &'a mut Log,
    pub(crate) output: &'a mut Output,
}

impl Get<'_> {
    pub(crate) fn get(&mut self, url: Url) -> Result<(), Stop> {
        let name = names::of(self.options, &url, None);
        if self.options.no_clobber && matches!(self.output, Output::Each) && Path::new(&name).exists() {
            self.log.say(&format!("File ‘{name}’ already there; not retrieving.\n"));
            return Ok(());
        }
        let most = self.options.redirects.unwrap_or(REDIRECTS);
        let (first, mut redirects) = (url.clone(), 0);
        let mut ask = self.ask(url);
        loop {
            let answer = self.send(&ask)?;
            let user = self.user(&ask.url).filter(|_| answer.status == 401 && !authorized(&ask));
            if let Some(user) = user {
                ask.headers.push(("Authorization".into(), basic(&user)));
                answer.skip();
                continue;
            }
            let Some(location) = answer.redirect() else { return self.finish(&first, &ask, answer) };
            self.log.step(&format!("Location: {location} [following]\n"));
            redirects += 1;
            if redirects > most {
                return Err(Stop::new(SERVER, format!("{most} redirections exceeded.")));
            }
            let to = ask.url.join(location);
            let to = to.map_err(|_| Stop::new(GENERIC, format!("{location}: Unsupported scheme.")))?;
            ask = redirected(&ask, answer.status, to);
            answer.skip();
        }
    }

    fn user(&self, url: &Url) -> Option<String> {
        let password = self.options.password.as_deref().unwrap_or_default();
        url.user.clone().or_else(|| self.options.user.as_ref().map(|user| format!("{user}:{password}")))
    }

    fn ask(&self, url: Url) -> Ask {
        let options = self.options;
        let method = match &options.method {
            Some(method) => method,
            None if options.spider => "HEAD",
            None if options.post => "POST",
            None => "GET",
        };
        let mut headers = Vec::new();
        let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        add("User-Agent", options.agent.as_deref().unwrap_or(AGENT));
        add("Accept", "*/*");
        add("Accept-Encoding", if options.compressed { ACCEPTED } else { "identity" });
        add("Referer", options.referer.as_deref().unwrap_or_default());
        add("Content-Type", if options.body == Body::Nothing { "" } else { "application/x-www-form-urlencoded" });
        if let Some(user) = self.user(&url).filter(|_| options.user_at_once) {
            add("Authorization", &basic(&user));
        }
        for (name, value) in &options.headers {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            headers.push((name.clone(), value.clone()));
        }
        headers.retain(|(_, value)| !value.is_empty());
        Ask { method: method.to_owned(), url, headers, body: options.body.clone(), timeout_ms: options.timeout_ms }
    }

    fn send(&mut self, ask: &Ask) -> Result<Answer, Stop> {
        let (host, port) = (&ask.url.host, ask.url.port());
        self.log.step(&format!("--{}--  {}\nConnecting to {host}:{port}... ", log::now(), ask.url.text()));
        let answer = ask.send().map_err(|failure| failed(&failure, &ask.url))?;
        let words = format!("{} {}", answer.status, reason(answer.status));
        self.log.step(&format!("connected.\nHTTP request sent, awaiting response... {words}\n"));
        if self.options.show_head {
            let mut head = format!("  {} {words}\n", answer.protocol);
            answer.headers.iter().for_each(|(name, value)| head.push_str(&format!("  {name}: {value}\n")));
            // Whoever asks for it sees it, quiet or not.
            self.log.write(&head);
        }
        Ok(answer)
    }

    fn finish(&mut self, first: &Url, ask: &Ask, answer: Answer) -> Result<(), Stop> {
        let status = answer.status;
        if status < 400 && (self.options.spider || ask.method == "HEAD") {
            self.log.step("Remote file exists.\n\n");
            return Ok(());
        }
        if status < 400 || self.options.content_on_error {
            self.receive(first, answer)?;
        }
        match status {
            401 => Err(Stop::new(LOGIN, "Username/Password Authentication Failed.")),
            400.. => Err(Stop::new(SERVER, format!("{} ERROR {status}: {}.", log::now(), reason(status)))),
            _ => Ok(()),
        }
    }

    fn receive(&mut self, first: &Url, answer: Answer) -> Result<(), Stop> {
        let length = answer.header("content-length").unwrap_or("unspecified").to_owned();
        let kind = answer.header("content-type").map(|kind| format!(" [{kind}]")).unwrap_or_default();
        let name = names::free(names::of(self.options, first, answer.header("content-disposition")));
        let mut place = self.output.place(&name)?;
        self.log.step(&format!("Length: {length}{kind}\nSaving to: ‘{}’\n\n", place.name()));
        if self.options.save_head {
            place.put(answer.head().as_bytes())?;
        }
        let encoding = answer.header("content-encoding").filter(|_| self.options.compressed);
        let encoding = encoding.unwrap_or_default().to_owned();
        let unknown = || Stop::new(GENERIC, format!("Content-Encoding {encoding} is not known."));
        let body = decoded(&encoding, answer).ok_or_else(unknown)?;
        let bytes = copy(body, &mut place, first)?;
        let (now, name) = (log::now(), place.name());
        self.log.say(&if self.log.brief {
            format!("{now} URL:{} [{bytes}/{length}] -> \"{name}\" [1]\n", first.text())
        } else {
            format!("{now} - ‘{name}’ saved [{bytes}/{length}]\n\n")
        });
        Ok(())
    }
}

/// How many bytes that were.
fn copy(mut body: impl Read, place: &mut Place<'_>, url: &Url) -> Result<usize, Stop> {
    let (mut piece, mut bytes) = (vec![0; 64 * 1024], 0);
    loop {
        let read = body.read(&mut piece).map_err(|problem| match on_the_way(&problem) {
            Some(failure) => failed(failure, url),
            None => Stop::new(GENERIC, problem.to_string()),
        })?;
        if read == 0 {
            return Ok(bytes);
        }
        bytes += read;
        place.put(&piece[..read])?;
    }
}

fn authorized(ask: &Ask) -> bool {
    ask.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
}

/// A POST becomes a GET, unless the status says that it stays one; credentials stay with their host.
fn redirected(ask: &Ask, status: u16, to: Url) -> Ask {
    let mut next = Ask { url: to, ..ask.clone() };
    if !matches!(status, 307 | 308) && ask.method != "HEAD" {
        next.method = "GET".into();
        next.body = Body::Nothing;
        next.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    }
    if !next.url.same_origin(&ask.url) {
        next.headers.retain(|(name, _)| !["authorization", "cookie"].contains(&name.to_lowercase().as_str()));
    }
    next
}

fn failed(failure: &Failure, url: &Url) -> Stop {
    let Failure { kind, message } = failure;
    match kind.as_str() {
        "denied" => Stop { denied: true, ..Stop::new(NETWORK, message) },
        "resolve" => Stop::new(NETWORK, format!("wget: unable to resolve host address ‘{}’", url.host)),
        "tls" => Stop::new(CERTIFICATE, message),
        "invalid-request" | "not-found" | "io" => Stop::new(GENERIC, message),
        _ => Stop::new(NETWORK, format!("failed: {message}.")),
    }
}
