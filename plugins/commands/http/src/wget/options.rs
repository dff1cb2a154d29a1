//! What a wget command line asks for.

use lexopt::{Arg, Parser, ValueExt};

use super::{GENERIC, Stop, USAGE};
use crate::ask::Body;

#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) urls: Vec<String>,
    /// A file with more URLs.
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) folder: Option<String>,
    pub(crate) no_clobber: bool,
    /// Named as the answer says.
    pub(crate) content_disposition: bool,
    pub(crate) quiet: bool,
    /// Only what came of it is told.
    pub(crate) brief: bool,
    /// Where it is told, and whether after what is there.
    pub(crate) log: Option<(String, bool)>,
    pub(crate) show_head: bool,
    pub(crate) save_head: bool,
    pub(crate) spider: bool,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) agent: Option<String>,
    pub(crate) referer: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) body: Body,
    /// The body came by `--post-…`.
    pub(crate) post: bool,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) user_at_once: bool,
    pub(crate) redirects: Option<u32>,
    pub(crate) timeout_ms: Option<u32>,
    pub(crate) content_on_error: bool,
    pub(crate) compressed: bool,
}

/// Without a meaning here.
const IGNORED: &[&str] = &[
    "force-directories",
    "https-only",
    "inet4-only",
    "inet6-only",
    "keep-session-cookies",
    "no-cache",
    "no-config",
    "no-cookies",
    "no-directories",
    "no-dns-cache",
    "no-host-directories",
    "no-hsts",
    "no-http-keep-alive",
    "no-iri",
    "no-proxy",
    "no-use-server-timestamps",
    "random-wait",
    "retry-connrefused",
    "show-progress",
];

/// The same, with a value.
const IGNORED_VALUES: &[&str] = &[
    "connect-timeout",
    "dns-timeout",
    "limit-rate",
    "prefer-family",
    "progress",
    "quota",
    "retry-on-http-error",
    "secure-protocol",
    "tries",
    "wait",
    "waitretry",
];

const CERTIFICATES: &str = "the host checks certificates, and no command can change that";
const SECRETS: &str = "secrets are put into requests by the host, by the environment's `secrets`";
const SITES: &str = "whole sites are not fetched here; name each URL";
const COOKIES: &str = "cookies are not kept here; send one with --header='Cookie: ...'";

/// What is not for a command to decide, or not here, and why.
const REFUSED: &[(&str, &str)] = &[
    ("background", "nothing is left in the background here; write `wget ... &`"),
    ("ca-certificate", CERTIFICATES),
    ("certificate", SECRETS),
    ("continue", "a part of a file is not continued here; fetch all of it"),
    ("execute", "there is no configuration here; write options into the command line"),
    ("load-cookies", COOKIES),
    ("mirror", SITES),
    ("no-check-certificate", CERTIFICATES),
    ("page-requisites", SITES),
    ("private-key", SECRETS),
    ("recursive", SITES),
    ("save-cookies", COOKIES),
    ("timestamping", "times of files are not compared here; see -nc"),
];

const SHORT: &[(char, &str)] = &[
    ('4', "inet4-only"),
    ('6', "inet6-only"),
    ('a', "append-output"),
    ('b', "background"),
    ('c', "continue"),
    ('e', "execute"),
    ('h', "help"),
    ('i', "input-file"),
    ('m', "mirror"),
    ('N', "timestamping"),
    ('o', "output-file"),
    ('O', "output-document"),
    ('p', "page-requisites"),
    ('P', "directory-prefix"),
    ('q', "quiet"),
    ('Q', "quota"),
    ('r', "recursive"),
    ('S', "server-response"),
    ('t', "tries"),
    ('T', "timeout"),
    ('U', "user-agent"),
    ('v', "verbose"),
    ('V', "version"),
    ('w', "wait"),
    ('x', "force-directories"),
];

/// Those of `-n`.
const NO: &[(char, &str)] =
    &[('c', "no-clobber"), ('d', "no-directories"), ('H', "no-host-directories"), ('v', "no-verbose")];

const VERSION: &str = "GNU Wget 1.21.3, as skep has it, built on wasm32-wasip2.";
const USE: &str = "Usage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.";
const HELP: &str =
    "Usage: wget [OPTION]... [URL]...\nRequests go through the host, to what the environment's `egress` permits.";

impl Options {
    pub(crate) fn read(arguments: &[String]) -> Result<Self, Stop> {
        let mut options = Self::default();
        let mut parser = Parser::from_iter(arguments);
        while let Some(argument) = parser.next().map_err(usage)? {
            match argument {
                Arg::Value(url) => options.urls.push(url.string().map_err(usage)?),
                Arg::Short('n') => {
                    let letters = parser.optional_value().unwrap_or_default();
                    for letter in letters.to_string_lossy().chars() {
                        options.take(long(NO, letter)?, &mut parser)?;
                    }
                }
                Arg::Short(letter) => options.take(long(SHORT, letter)?, &mut parser)?,
                Arg::Long(name) => {
                    let name = name.to_owned();
                    options.take(&name, &mut parser)?;
                }
            }
        }
        if options.urls.is_empty() && options.input.is_none() {
            return Err(Stop::new(GENERIC, format!("missing URL\n{USE}")));
        }
        if options.body != Body::Nothing && !options.post && options.method.is_none() {
            return Err(Stop::new(GENERIC, "--body-data and --body-file need a --method"));
        }
        Ok(options)
    }

    fn take(&mut self, name: &str, parser: &mut Parser) -> Result<(), Stop> {
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            return Err(Stop::new(USAGE, format!("--{name}: {why}")));
        }
        if IGNORED.contains(&name) || self.flag(name)? {
            return Ok(());
        }
        let missing = |_| usage(format!("option '--{name}' requires an argument"));
        let mut value = || parser.value().and_then(|value| value.string()).map_err(missing);
        if IGNORED_VALUES.contains(&name) {
            return value().map(drop);
        }
        self.valued(name, &mut value)
    }

    fn flag(&mut self, name: &str) -> Result<bool, Stop> {
        match name {
            "auth-no-challenge" => self.user_at_once = true,
            "content-disposition" => self.content_disposition = true,
            "content-on-error" => self.content_on_error = true,
            "no-clobber" => self.no_clobber = true,
            "no-verbose" => self.brief = true,
            "quiet" => self.quiet = true,
            "save-headers" => self.save_head = true,
            "server-response" => self.show_head = true,
            "spider" => self.spider = true,
            "verbose" => self.brief = false,
            "version" => return Err(Stop::new(0, VERSION)),
            "help" => return Err(Stop::new(0, HELP)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn valued(&mut self, name: &str, value: &mut dyn FnMut() -> Result<String, Stop>) -> Result<(), Stop> {
        match name {
            "append-output" => self.log = Some((value()?, true)),
            "body-data" => self.body = Body::Bytes(value()?.into_bytes()),
            "body-file" => self.body = file(value()?)?,
            "compression" => self.compressed = value()? != "none",
            "directory-prefix" => self.folder = Some(value()?),
            "header" => self.header(&value()?)?,
            "input-file" => self.input = Some(value()?),
            "max-redirect" => self.redirects = Some(number(name, &value()?)?),
            "method" => self.method = Some(value()?.to_uppercase()),
            "output-document" => self.output = Some(value()?),
            "output-file" => self.log = Some((value()?, false)),
            "password" | "http-password" => self.password = Some(value()?),
            "post-data" => (self.post, self.body) = (true, Body::Bytes(value()?.into_bytes())),
            "post-file" => (self.post, self.body) = (true, file(value()?)?),
            "referer" => self.referer = Some(value()?),
            "timeout" | "read-timeout" => {
                let seconds: f64 = number(name, &value()?)?;
                // 0 is no limit.
                self.timeout_ms = (seconds > 0.0).then_some((seconds * 1_000.0).max(1.0) as u32);
            }
            "user" | "http-user" => self.user = Some(value()?),
            "user-agent" => self.agent = Some(value()?),
            _ => return Err(usage(format!("unrecognized option '--{name}'\n{USE}"))),
        }
        Ok(())
    }

    /// An empty one takes all of them away.
    fn header(&mut self, header: &str) -> Result<(), Stop> {
        if header.is_empty() {
            self.headers.clear();
            return Ok(());
        }
        let invalid = || usage(format!("--header: Invalid header '{header}'."));
        let (name, value) = header.split_once(':').ok_or_else(invalid)?;
        self.headers.push((name.trim().to_owned(), value.trim().to_owned()));
        Ok(())
    }
}

fn long(table: &[(char, &'static str)], letter: char) -> Result<&'static str, Stop> {
    let found = table.iter().find(|(short, _)| *short == letter).map(|(_, name)| *name);
    found.ok_or_else(|| usage(format!("invalid option -- '{letter}'\n{USE}")))
}

fn file(path: String) -> Result<Body, Stop> {
    if std::fs::metadata(&path).is_ok_and(|file| file.is_file()) {
        return Ok(Body::File(path));
    }
    Err(Stop::new(GENERIC, format!("BODY data file '{path}' missing: No such file or directory")))
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Stop> {
    text.parse().map_err(|_| usage(format!("--{name}: Invalid number '{text}'.")))
}

fn usage(message: impl ToString) -> Stop {
    Stop::new(USAGE, message.to_string())
}
