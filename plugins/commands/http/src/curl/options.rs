//! What a curl command line asks for.

mod names;

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};

use super::Stop;
use super::data::{self, Piece};
use super::form::Part;
use names::{IGNORED, IGNORED_VALUES, REFUSED, SHORT};

/// Where a body goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    File(String),
    /// `-O`: a file named as in the URL.
    Remote,
}

/// What becomes of a status of 400 and above.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Fail {
    #[default]
    No,
    WithoutBody,
    WithBody,
}

#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) urls: Vec<String>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) remote_name_all: bool,
    pub(crate) output_dir: Option<String>,
    pub(crate) create_dirs: bool,
    /// `-J`: named as the answer says.
    pub(crate) remote_header_name: bool,
    pub(crate) data: Vec<Piece>,
    pub(crate) json: bool,
    pub(crate) form: Vec<Part>,
    pub(crate) upload: Option<String>,
    /// Data become the query.
    pub(crate) get: bool,
    pub(crate) head: bool,
    pub(crate) method: Option<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) bearer: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) referer: Option<String>,
    pub(crate) cookies: Vec<String>,
    pub(crate) range: Option<String>,
    pub(crate) compressed: bool,
    pub(crate) include: bool,
    pub(crate) dump_header: Option<String>,
    pub(crate) verbose: bool,
    pub(crate) silent: bool,
    pub(crate) show_error: bool,
    pub(crate) fail: Fail,
    pub(crate) fail_early: bool,
    pub(crate) location: bool,
    /// Credentials go along to other hosts.
    pub(crate) location_trusted: bool,
    /// Redirects that don't make a GET of a POST.
    pub(crate) keep_post: Vec<u16>,
    pub(crate) max_redirects: Option<u32>,
    pub(crate) max_time_ms: Option<u32>,
    pub(crate) retries: u32,
    pub(crate) retry_delay: Option<u32>,
    pub(crate) retry_all: bool,
    pub(crate) write_out: Option<String>,
    pub(crate) globoff: bool,
}

impl Options {
    pub(crate) fn read(arguments: &[String]) -> Result<Self, Stop> {
        let mut options = Self::default();
        let mut parser = Parser::from_iter(arguments);
        while let Some(argument) = parser.next().map_err(|problem| Stop::usage(problem.to_string()))? {
            match argument {
                Arg::Value(url) => options.urls.push(text(url)?),
                Arg::Short(letter) => {
                    let name = SHORT.iter().find(|(short, _)| *short == letter).map(|(_, name)| *name);
                    let name = name.ok_or_else(|| unknown(&format!("-{letter}")))?;
                    options.take(name, &format!("-{letter}"), &mut parser)?;
                }
                Arg::Long(name) => {
                    let name = name.to_owned();
                    options.take(&name, &format!("--{name}"), &mut parser)?;
                }
            }
        }
        if options.urls.is_empty() {
            return Err(Stop::usage("no URL specified!"));
        }
        for path in options.data.iter().filter_map(|piece| piece.missing.as_ref()).filter(|_| !options.silent) {
            eprintln!("Warning: Couldn't read data from file \"{path}\", this makes an empty POST.");
        }
        Ok(options)
    }

    fn take(&mut self, name: &str, shown: &str, parser: &mut Parser) -> Result<(), Stop> {
        if let Some((_, why)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            return Err(Stop::new(2, format!("option {shown}: {why}")));
        }
        if IGNORED.contains(&name) || self.flag(name)? {
            return Ok(());
        }
        let mut value =
            || text(parser.value().map_err(|_| Stop::usage(format!("option {shown}: requires parameter")))?);
        if IGNORED_VALUES.contains(&name) {
            return value().map(drop);
        }
        if !self.list(name, &mut value)? && !self.single(name, &mut value)? {
            return Err(unknown(shown));
        }
        Ok(())
    }

    fn flag(&mut self, name: &str) -> Result<bool, Stop> {
        let (name, on) = match name.strip_prefix("no-") {
            Some(name) => (name, false),
            None => (name, true),
        };
        let flag = match name {
            "remote-name-all" => &mut self.remote_name_all,
            "create-dirs" => &mut self.create_dirs,
            "remote-header-name" => &mut self.remote_header_name,
            "get" => &mut self.get,
            "head" => &mut self.head,
            "compressed" => &mut self.compressed,
            "include" => &mut self.include,
            "verbose" => &mut self.verbose,
            "silent" => &mut self.silent,
            "show-error" => &mut self.show_error,
            "fail-early" => &mut self.fail_early,
            "location" => &mut self.location,
            "retry-all-errors" => &mut self.retry_all,
            "globoff" => &mut self.globoff,
            "location-trusted" => {
                self.location = on;
                &mut self.location_trusted
            }
            "fail" | "fail-with-body" => {
                let kind = if name == "fail" { Fail::WithoutBody } else { Fail::WithBody };
                self.fail = if on { kind } else { Fail::No };
                return Ok(true);
            }
            "post301" | "post302" | "post303" => {
                self.keep_post.extend(name[4..].parse::<u16>());
                return Ok(true);
            }
            "remote-name" => {
                self.outputs.push(Output::Remote);
                return Ok(true);
            }
            "version" => return Err(Stop::said(super::VERSION)),
            "help" => {
                return Err(Stop::said(
                    "Usage: curl [options...] <url>\nRequests go through the host, to what the environment's `egress` permits.\n",
                ));
            }
            _ => return Ok(false),
        };
        *flag = on;
        Ok(true)
    }

    /// Options that may be given more than once.
    fn list(&mut self, name: &str, value: &mut dyn FnMut() -> Result<String, Stop>) -> Result<bool, Stop> {
        match name {
            "url" => self.urls.push(value()?),
            "output" => self.outputs.push(Output::File(value()?)),
            "header" => self.headers.extend(headers(value()?)?),
            "data" | "data-ascii" => self.data.push(data::plain(&value()?)?),
            "data-raw" => self.data.push(data::raw(value()?)),
            "data-binary" => self.data.push(data::binary(&value()?)?),
            "data-urlencode" => self.data.push(data::encoded(&value()?)?),
            "json" => {
                self.json = true;
                self.data.push(data::json(&value()?)?);
            }
            "form" => self.form.push(Part::read(&value()?)?),
            "form-string" => self.form.push(Part::text(&value()?)?),
            "cookie" => self.cookies.push(cookie(value()?)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn single(&mut self, name: &str, value: &mut dyn FnMut() -> Result<String, Stop>) -> Result<bool, Stop> {
        let place = match name {
            "output-dir" => &mut self.output_dir,
            "upload-file" => &mut self.upload,
            "request" => &mut self.method,
            "user" => &mut self.user,
            "oauth2-bearer" => &mut self.bearer,
            "user-agent" => &mut self.user_agent,
            "referer" => &mut self.referer,
            "range" => &mut self.range,
            "dump-header" => &mut self.dump_header,
            "write-out" => {
                self.write_out = Some(super::write_out::template(value()?)?);
                return Ok(true);
            }
            "max-time" => {
                let seconds: f64 = number(&value()?)?;
                // 0 is no limit.
                self.max_time_ms = (seconds > 0.0).then_some((seconds * 1_000.0).max(1.0) as u32);
                return Ok(true);
            }
            "max-redirs" => {
                // -1 is no limit.
                self.max_redirects = Some(u32::try_from(number::<i64>(&value()?)?).unwrap_or(u32::MAX));
                return Ok(true);
            }
            "retry" => {
                self.retries = number(&value()?)?;
                return Ok(true);
            }
            "retry-delay" => {
                self.retry_delay = Some(number(&value()?)?);
                return Ok(true);
            }
            _ => return Ok(false),
        };
        *place = Some(value()?);
        Ok(true)
    }
}

fn text(value: OsString) -> Result<String, Stop> {
    value.string().map_err(|problem| Stop::usage(problem.to_string()))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Stop> {
    text.parse().map_err(|_| Stop::usage("expected a proper numerical parameter"))
}

fn unknown(shown: &str) -> Stop {
    Stop::usage(format!("option {shown}: is unknown"))
}

/// One header, or those of a file.
fn headers(value: String) -> Result<Vec<String>, Stop> {
    let Some(path) = value.strip_prefix('@') else { return Ok(vec![value]) };
    let bytes = data::content(path)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn cookie(value: String) -> Result<String, Stop> {
    if value.contains('=') || value.is_empty() {
        return Ok(value);
    }
    Err(Stop::new(2, "option -b: cookies are not kept here; send one with -b 'NAME=VALUE'"))
}
