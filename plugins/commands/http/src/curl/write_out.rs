//! `-w`: what is said when a transfer is over.

use super::Stop;
use super::data;
use super::transfer::Told;

/// The text itself, or that of a file.
pub(crate) fn template(value: String) -> Result<String, Stop> {
    let Some(path) = value.strip_prefix('@') else { return Ok(value) };
    Ok(String::from_utf8_lossy(&data::content(path)?).into_owned())
}

/// The parts of it for standard output and for standard error.
pub(crate) fn write(template: &str, told: &Told) -> (String, String) {
    let mut written = Written::default();
    let mut rest = template;
    while let Some(at) = rest.find(['%', '\\']) {
        written.put(&rest[..at]);
        let after = &rest[at + 1..];
        let next =
            if rest[at..].starts_with('%') { written.variable(after, told) } else { Some(written.escape(after)) };
        let Some(next) = next else { return written.parts.into() };
        rest = next;
    }
    written.put(rest);
    written.parts.into()
}

#[derive(Default)]
struct Written {
    parts: [String; 2],
    /// Which of them is being written.
    to: usize,
}

impl Written {
    fn put(&mut self, text: &str) {
        self.parts[self.to].push_str(text);
    }

    /// What is behind a variable; nothing when nothing more is said.
    fn variable<'a>(&mut self, after: &'a str, told: &Told) -> Option<&'a str> {
        let Some((name, rest)) = named(after) else {
            self.put("%");
            return Some(after.strip_prefix('%').unwrap_or(after));
        };
        match name {
            "stdout" => self.to = 0,
            "stderr" => self.to = 1,
            "onerror" if told.code == 0 => return None,
            "onerror" => {}
            name => match value(name, told) {
                Some(value) => self.put(&value),
                None => eprintln!("curl: unknown --write-out variable: '{name}'"),
            },
        }
        Some(rest)
    }

    fn escape<'a>(&mut self, after: &'a str) -> &'a str {
        let mut letters = after.chars();
        match letters.next() {
            Some('n') => self.put("\n"),
            Some('r') => self.put("\r"),
            Some('t') => self.put("\t"),
            Some(other) => self.parts[self.to].extend(['\\', other]),
            None => self.put("\\"),
        }
        letters.as_str()
    }
}

/// `{name}`, or `header{name}` as a whole.
fn named(after: &str) -> Option<(&str, &str)> {
    if let Some(inner) = after.strip_prefix('{') {
        return inner.split_once('}');
    }
    let end = after.starts_with("header{").then(|| after.find('}'))??;
    Some((&after[..end], &after[end + 1..]))
}

fn value(name: &str, told: &Told) -> Option<String> {
    if let Some(header) = name.strip_prefix("header{") {
        let found = told.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(header));
        return Some(found.map(|(_, value)| value.clone()).unwrap_or_default());
    }
    let seconds = || format!("{:.6}", told.seconds);
    let speed = |bytes: u64| ((bytes as f64 / told.seconds.max(0.000_001)) as u64).to_string();
    Some(match name {
        "http_code" | "response_code" => format!("{:03}", told.status),
        "http_connect" => "000".into(),
        "http_version" => told.protocol.strip_prefix("HTTP/").unwrap_or("0").to_owned(),
        "url" => told.url.clone(),
        "url_effective" => told.url_effective.clone(),
        "urlnum" => told.number.to_string(),
        "scheme" => told.scheme.to_uppercase(),
        "method" => told.method.clone(),
        "content_type" => told.header("content-type"),
        "redirect_url" => told.redirect_url.clone(),
        "num_redirects" => told.redirects.to_string(),
        "num_headers" => told.headers.len().to_string(),
        "num_connects" => (told.redirects + 1).to_string(),
        "size_download" => told.downloaded.to_string(),
        "size_upload" => told.uploaded.to_string(),
        "size_header" => told.head_bytes.to_string(),
        "size_request" => "0".into(),
        "speed_download" => speed(told.downloaded),
        "speed_upload" => speed(told.uploaded),
        "filename_effective" => told.file_name.clone(),
        "exitcode" => told.code.to_string(),
        "errormsg" => told.message.clone(),
        "ssl_verify_result" | "proxy_ssl_verify_result" => "0".into(),
        // Which addresses a request went to is not for commands.
        "remote_ip" | "remote_port" | "local_ip" | "local_port" => String::new(),
        "time_total" | "time_starttransfer" => seconds(),
        "time_namelookup" | "time_connect" | "time_appconnect" | "time_pretransfer" | "time_redirect" => {
            "0.000000".into()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_escapes_and_what_is_neither() {
        let told = Told {
            status: 200,
            downloaded: 3,
            url: "u".into(),
            headers: vec![("A".into(), "b".into())],
            ..Told::default()
        };
        let both = |template| write(template, &told);
        assert_eq!(both("%{http_code} %{size_download}\\n"), ("200 3\n".into(), String::new()));
        assert_eq!(both("100%% %x %header{a}\\q%{stderr}%{url}"), ("100% %x b\\q".into(), "u".into()));
        assert_eq!(both("a%{onerror}b"), ("a".into(), String::new()));
    }
}
