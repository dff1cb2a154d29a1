//! The request that a command line means, and those that redirects make of it.

use super::Stop;
use super::data;
use super::form;
use super::options::Options;
use crate::ask::{Ask, Body};
use crate::base64::basic;
use crate::decode::ACCEPTED;
use crate::url::{Url, Wrong, decoded};

const AGENT: &str = "curl/7.88.1";

/// The first request for a URL.
pub(crate) fn first(options: &Options, url: &str) -> Result<Ask, Stop> {
    let mut url = Url::read(url).map_err(wrong)?;
    let (body, kind) = body(options, &mut url)?;
    let method = options.method.clone().unwrap_or_else(|| method(options, &body).into());
    let headers = headers(options, &url, kind);
    Ok(Ask { method, url, headers, body, timeout_ms: None })
}

pub(crate) fn wrong(wrong: Wrong) -> Stop {
    match wrong {
        Wrong::Malformed => Stop::new(3, "URL using bad/illegal format or missing URL"),
        Wrong::Scheme(scheme) => Stop::new(1, format!("Protocol \"{scheme}\" not supported; here are http and https")),
    }
}

fn method(options: &Options, body: &Body) -> &'static str {
    if options.head {
        "HEAD"
    } else if options.upload.is_some() {
        "PUT"
    } else if *body == Body::Nothing {
        "GET"
    } else {
        "POST"
    }
}

/// What is sent, and its media type.
fn body(options: &Options, url: &mut Url) -> Result<(Body, Option<String>), Stop> {
    if let Some(path) = &options.upload {
        return Ok((upload(path, url)?, None));
    }
    if !options.form.is_empty() {
        let (bytes, kind) = form::body(&options.form, &form::boundary());
        return Ok((Body::Bytes(bytes), Some(kind)));
    }
    if options.data.is_empty() {
        return Ok((Body::Nothing, None));
    }
    if options.get || options.head {
        url.add_query(&String::from_utf8_lossy(&data::together(&options.data)?));
        return Ok((Body::Nothing, None));
    }
    let body = match options.data.as_slice() {
        [piece] if piece.whole_file.is_some() => Body::File(piece.whole_file.clone().unwrap_or_default()),
        pieces => Body::Bytes(data::together(pieces)?),
    };
    let kind = if options.json { "application/json" } else { "application/x-www-form-urlencoded" };
    Ok((body, Some(kind.to_owned())))
}

/// A file's name follows a URL that ends with a slash.
fn upload(path: &str, url: &mut Url) -> Result<Body, Stop> {
    if path == "-" || path == "." {
        return Ok(Body::Input);
    }
    if !std::fs::metadata(path).is_ok_and(|file| file.is_file()) {
        return Err(Stop::new(26, format!("Can't open '{path}'!")));
    }
    if url.file_name().is_empty() && !url.target.contains('?') {
        url.target.push_str(path.rsplit('/').next().unwrap_or(path));
    }
    Ok(Body::File(path.to_owned()))
}

fn headers(options: &Options, url: &Url, kind: Option<String>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let mut add = |name: &str, value: Option<String>| headers.extend(value.map(|value| (name.to_owned(), value)));
    let user = options.user.clone().or_else(|| url.user.clone());
    // A password that is not given would be asked for.
    let user = user.map(|user| if user.contains(':') { user } else { format!("{user}:") });
    add("Authorization", user.map(|user| basic(&user)));
    add("Authorization", options.bearer.as_ref().map(|token| format!("Bearer {token}")));
    add(
        "User-Agent",
        Some(options.user_agent.clone().unwrap_or_else(|| AGENT.into())).filter(|agent| !agent.is_empty()),
    );
    add("Accept", Some(if options.json { "application/json" } else { "*/*" }.to_owned()));
    add("Accept-Encoding", options.compressed.then(|| ACCEPTED.to_owned()));
    add(
        "Referer",
        options
            .referer
            .as_ref()
            .map(|referer| referer.trim_end_matches(";auto").to_owned())
            .filter(|referer| !referer.is_empty()),
    );
    add("Range", options.range.as_ref().map(|range| format!("bytes={range}")));
    add("Cookie", (!options.cookies.is_empty()).then(|| options.cookies.join("; ")));
    add("Content-Type", kind);
    for own in &options.headers {
        replace(&mut headers, own, url);
    }
    headers
}

/// `Name: value` is sent in place of what would be, `Name:` sends none, and `Name;` an empty one.
fn replace(headers: &mut Vec<(String, String)>, own: &str, url: &Url) {
    let (name, value) = match own.split_once(':') {
        Some((name, value)) => (name.trim(), value.trim()),
        None => (own.trim_end_matches(';'), ""),
    };
    let keep = !value.is_empty() || (!own.contains(':') && own.ends_with(';'));
    // The host writes this one, and this is what it writes.
    let said_anyway = name.eq_ignore_ascii_case("host") && value.eq_ignore_ascii_case(&url.host);
    let from_options = headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
    // A header of one's own may be there more than once.
    if let Some(at) = from_options.filter(|at| DEFAULTS.contains(&headers[*at].0.as_str())) {
        headers.remove(at);
    }
    if keep && !said_anyway {
        headers.push((name.to_lowercase(), value.to_owned()));
    }
}

/// As they are written when nobody gave them with `-H`.
const DEFAULTS: &[&str] =
    &["Authorization", "User-Agent", "Accept", "Accept-Encoding", "Referer", "Range", "Cookie", "Content-Type"];

/// The request that a redirect makes of `ask`.
pub(crate) fn redirected(options: &Options, ask: &Ask, status: u16, to: Url) -> Ask {
    let mut next = Ask { url: to, ..ask.clone() };
    if becomes_get(options, ask, status) {
        if options.method.is_none() {
            next.method = if options.head { "HEAD" } else { "GET" }.into();
        }
        next.body = Body::Nothing;
        next.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    }
    if !next.url.same_origin(&ask.url) && !options.location_trusted {
        next.headers.retain(|(name, _)| !["authorization", "cookie"].contains(&name.to_lowercase().as_str()));
    }
    if let Some(user) = &next.url.user {
        next.headers.push(("Authorization".into(), basic(user)));
    }
    if options.referer.as_ref().is_some_and(|referer| referer.ends_with(";auto")) {
        next.headers.retain(|(name, _)| name != "Referer");
        next.headers.push(("Referer".into(), ask.url.text()));
    }
    next
}

fn becomes_get(options: &Options, ask: &Ask, status: u16) -> bool {
    match status {
        301 | 302 => options.upload.is_none() && ask.body != Body::Nothing && !options.keep_post.contains(&status),
        303 => !options.keep_post.contains(&status),
        _ => false,
    }
}

/// The name that a file of `-O` gets.
pub(crate) fn remote_name(url: &Url) -> Result<String, Stop> {
    match url.file_name() {
        "" => Err(Stop::new(23, "Remote file name has no length!")),
        name => Ok(name.to_owned()),
    }
}

/// The name that an answer gives its body.
pub(crate) fn attached_name(disposition: &str) -> Option<String> {
    let name = disposition.split(';').find_map(|part| part.trim().strip_prefix("filename="))?;
    let name = decoded(name.trim_matches('"'));
    name.rsplit(['/', '\\']).next().filter(|name| !name.is_empty() && *name != "..").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(words: &[&str]) -> Ask {
        let words: Vec<String> = ["curl"].iter().chain(words).map(|word| (*word).to_owned()).collect();
        let options = Options::read(&words).unwrap();
        first(&options, &options.urls[0]).unwrap()
    }

    fn header(ask: &Ask, name: &str) -> Option<String> {
        ask.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    }

    #[test]
    fn options_make_the_method_the_body_and_the_headers() {
        let post = ask(&["http://a/", "-d", "x=1", "-d", "y=2", "-H", "Accept:", "-H", "X-A: b", "-u", "me"]);
        assert_eq!((post.method.as_str(), &post.body), ("POST", &Body::Bytes(b"x=1&y=2".to_vec())));
        assert_eq!(header(&post, "content-type").as_deref(), Some("application/x-www-form-urlencoded"));
        assert_eq!((header(&post, "accept"), header(&post, "x-a").as_deref()), (None, Some("b")));
        assert_eq!(header(&post, "authorization").as_deref(), Some("Basic bWU6"));
        let get = ask(&["-G", "http://a/?q", "-d", "x=1", "-H", "User-Agent;", "-A", "me"]);
        assert_eq!((get.method.as_str(), get.url.text().as_str()), ("GET", "http://a/?q&x=1"));
        assert_eq!(header(&get, "user-agent").as_deref(), Some(""));
        assert_eq!(ask(&["-I", "http://a"]).method, "HEAD");
        assert_eq!(header(&ask(&["a", "--json", "{}"]), "content-type").as_deref(), Some("application/json"));
    }

    #[test]
    fn a_redirect_takes_the_body_and_another_host_the_credentials() {
        let post = ask(&["http://a/", "-d", "x", "-u", "me:too"]);
        let words = ["curl", "http://a/", "-d", "x", "-u", "me:too"].map(str::to_owned);
        let options = Options::read(&words).unwrap();
        let to = |url: &str, status| redirected(&options, &post, status, Url::read(url).unwrap());
        let found = to("http://b/", 302);
        assert_eq!(
            (found.method.as_str(), &found.body, header(&found, "authorization")),
            ("GET", &Body::Nothing, None)
        );
        let kept = to("http://a/b", 307);
        assert_eq!((kept.method.as_str(), &kept.body), ("POST", &post.body));
        assert!(header(&kept, "authorization").is_some());
    }

    #[test]
    fn a_name_from_an_answer_is_a_name_and_no_path() {
        assert_eq!(attached_name("attachment; filename=\"../../x.txt\"").as_deref(), Some("x.txt"));
        assert_eq!(attached_name("inline"), None);
    }
}
