//! URLs as these commands are given them: RFC 3986, with what people leave out.

/// The parts of an http or https URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    /// `http` or `https`.
    pub(crate) scheme: String,
    /// `user:password`, decoded.
    pub(crate) user: Option<String>,
    /// With the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    /// Path and query; begins with a slash.
    pub(crate) target: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    Malformed,
    /// A scheme that is not served.
    Scheme(String),
}

impl Url {
    /// Reads a URL; without a scheme it is an http one.
    pub(crate) fn read(text: &str) -> Result<Self, Wrong> {
        if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(Wrong::Malformed);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_lowercase(), rest),
            _ => ("http".to_owned(), text.strip_prefix("//").unwrap_or(text)),
        };
        if scheme != "http" && scheme != "https" {
            return Err(Wrong::Scheme(scheme));
        }
        let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(decoded(user)), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        Ok(Self { scheme, user, host, port, target: tidy(target) })
    }

    /// Where a `Location` leads from here.
    pub(crate) fn join(&self, location: &str) -> Result<Self, Wrong> {
        let location = location.trim().replace(' ', "%20");
        let (location, _fragment) = location.split_once('#').unwrap_or((&location, ""));
        if location.split_once("://").is_some_and(|(scheme, _)| is_scheme(scheme)) {
            return Self::read(location);
        }
        if let Some(rest) = location.strip_prefix("//") {
            return Self::read(&format!("{}://{rest}", self.scheme));
        }
        let path = self.path();
        let target = match location.as_bytes().first() {
            None => self.target.clone(),
            Some(b'/') => location.to_owned(),
            Some(b'?') => format!("{path}{location}"),
            Some(_) => format!("{}{location}", &path[..path.rfind('/').map_or(0, |slash| slash + 1)]),
        };
        Ok(Self { target: tidy(&target), ..self.clone() })
    }

    /// Without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("/")
    }

    /// What is behind the last slash of the path; nothing where nothing is.
    pub(crate) fn file_name(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }

    pub(crate) fn add_query(&mut self, query: &str) {
        if !query.is_empty() {
            self.target.push(if self.target.contains('?') { '&' } else { '?' });
            self.target.push_str(query);
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(if self.scheme == "https" { 443 } else { 80 })
    }

    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        (&self.scheme, self.host.to_lowercase(), self.port())
            == (&other.scheme, other.host.to_lowercase(), other.port())
    }

    /// All but the user, as it is sent and shown.
    pub(crate) fn text(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.scheme, self.host, self.target)
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn host_and_port(place: &str) -> Result<(String, Option<u16>), Wrong> {
    let after_brackets = place.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match place[after_brackets..].rfind(':') {
        Some(colon) => (&place[..after_brackets + colon], &place[after_brackets + colon + 1..]),
        None => (place, ""),
    };
    if host.is_empty() {
        return Err(Wrong::Malformed);
    }
    let port = if port.is_empty() { None } else { Some(port.parse().map_err(|_| Wrong::Malformed)?) };
    Ok((host.to_owned(), port))
}

/// Without `.` and `..`, and with what no URL may have as `%XX`.
fn tidy(target: &str) -> String {
    let (path, query) = match target.find('?') {
        Some(at) => target.split_at(at),
        None => (target, ""),
    };
    let mut parts: Vec<&str> = Vec::new();
    let last = path.split('/').count().saturating_sub(1);
    for (at, part) in path.split('/').enumerate().skip(1) {
        match part {
            "." | ".." => {
                if part == ".." {
                    parts.pop();
                }
                if at == last {
                    parts.push("");
                }
            }
            _ => parts.push(part),
        }
    }
    let mut tidied = String::new();
    for byte in format!("/{}{query}", parts.join("/")).bytes() {
        match byte {
            b'<' | b'>' | b'`' | 0x80.. => tidied.push_str(&format!("%{byte:02X}")),
            _ => tidied.push(byte.into()),
        }
    }
    tidied
}

/// With `%XX` as what it stands for.
pub(crate) fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// With `%XX` for all but letters, digits, `-`, `.`, `_` and `~`.
pub(crate) fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push((*byte).into()),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        Url::read(text).map(|url| url.text()).unwrap_or_else(|wrong| format!("{wrong:?}"))
    }

    #[test]
    fn what_is_left_out_is_put_in_and_what_is_wrong_is_refused() {
        for (given, read) in [
            ("example.com", "http://example.com/"),
            ("HTTPS://Example.com:8443?q=a/../b", "https://Example.com:8443/?q=a/../b"),
            ("http://u:p%40@a/b/./c/../d/..#top", "http://a/b/"),
            ("http://[::1]:80/<\u{e9}>", "http://[::1]:80/%3C%C3%A9%3E"),
            ("localhost:8080/x", "http://localhost:8080/x"),
            ("a/b?u=http://c", "http://a/b?u=http://c"),
            ("http://", "Malformed"),
            ("http://a b", "Malformed"),
            ("http://a:99999/", "Malformed"),
            ("ftp://a/", "Scheme(\"ftp\")"),
        ] {
            assert_eq!(text(given), read, "{given}");
        }
        assert_eq!(Url::read("http://u:p%40@a/").unwrap().user.as_deref(), Some("u:p@"));
    }

    #[test]
    fn a_location_leads_on_from_where_it_was_said() {
        let here = Url::read("https://a.example/b/c?d").unwrap();
        for (location, there) in [
            ("http://other/x#y", "http://other/x"),
            ("//other/x", "https://other/x"),
            ("/x y", "https://a.example/x%20y"),
            ("x", "https://a.example/b/x"),
            ("../x", "https://a.example/x"),
            ("?q", "https://a.example/b/c?q"),
            ("", "https://a.example/b/c?d"),
        ] {
            assert_eq!(here.join(location).unwrap().text(), there, "{location}");
        }
        assert!(!here.same_origin(&here.join("https://a.example:444/").unwrap()));
        assert!(here.same_origin(&here.join("https://A.example:443/").unwrap()));
    }
}
