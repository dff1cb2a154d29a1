//! Destinations of requests, checked so that a rule can only mean what it seems to mean.

use std::net::IpAddr;

use skep_model::{EgressRule, Scheme, is_public};
use skep_toml::{Section, one_of};

const METHODS: &[(&str, &str)] = &[
    ("GET", "GET"),
    ("HEAD", "HEAD"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
    ("OPTIONS", "OPTIONS"),
];
const SCHEMES: &[(&str, Scheme)] = &[("https", Scheme::Https), ("http", Scheme::Http)];

/// The most rules of one file.
const RULES: usize = 256;

/// What a plugin asks for: `[[capabilities.egress]]`.
pub(crate) fn asked(parent: &mut Section<'_>) -> Vec<EgressRule> {
    rules(parent, |section| {
        section.never(&["private"], "only an environment can permit private addresses");
        rule(section, name_only, false)
    })
}

/// What an environment permits: `[[egress]]`.
pub(crate) fn granted(parent: &mut Section<'_>) -> Vec<EgressRule> {
    rules(parent, |section| {
        let private = section.take("private").and_then(|value| value.flag()).unwrap_or_default();
        rule(section, |text| host(text, private), private)
    })
}

fn rules(parent: &mut Section<'_>, read: impl Fn(&mut Section<'_>) -> EgressRule) -> Vec<EgressRule> {
    let mut rules = Vec::new();
    for mut section in parent.sections("egress") {
        let rule = read(&mut section);
        if !rule.host.is_empty() && rules.contains(&rule) {
            section.problem("the same rule stands above already".to_owned());
        }
        if rules.len() == RULES {
            section.problem(format!("there are at most {RULES} rules"));
        }
        rules.push(rule);
    }
    rules
}

fn rule(section: &mut Section<'_>, host: impl Fn(&str) -> Result<String, String>, private: bool) -> EgressRule {
    let port = section.take("port").and_then(|value| value.number(1..=u64::from(u16::MAX)));
    EgressRule {
        scheme: section.get("scheme", one_of(SCHEMES)).unwrap_or_default(),
        host: section.need("host", host),
        port: port.and_then(|port| u16::try_from(port).ok()),
        methods: section.list("methods", method),
        paths: section.list("paths", path),
        private,
    }
}

/// A host's name or pattern, or its address.
pub(crate) fn host(text: &str, private: bool) -> Result<String, String> {
    let Ok(address) = text.parse::<IpAddr>() else {
        let name = name_only(text)?;
        let local = name == "localhost" || name.ends_with(".localhost");
        return match local && !private {
            true => Err(format!("{text:?} is this machine itself; say `private = true` if that is meant")),
            false => Ok(name),
        };
    };
    if address.to_string() != text {
        return Err(format!("{text:?} is an address in another spelling; write \"{address}\""));
    }
    if !is_public(address) && !private {
        return Err(format!("{text:?} is no public address; say `private = true` if that is meant"));
    }
    Ok(text.to_owned())
}

/// A host name in lower case; `*.` before it stands for one label, `**.` for one or more. Addresses are refused: what they
/// mean depends on where the host stands.
pub(crate) fn name_only(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("**.").or_else(|| text.strip_prefix("*.")).unwrap_or(text);
    if name.parse::<IpAddr>().is_ok()
        || (is_number(name.rsplit('.').next().unwrap_or(name)) && !name.contains([':', '/']))
    {
        return Err(format!("{text:?} is an address; rules are about host names"));
    }
    if text.contains("://") || text.contains(['/', ':', '@']) {
        return Err(format!("{text:?} must be a host name only, such as \"api.example.com\""));
    }
    if !name.split('.').all(is_label) || name.len() > 253 {
        return Err(format!("{text:?} is no host name: write \"api.example.com\" or \"*.example.com\", in lower case"));
    }
    if name != text && !name.contains('.') {
        return Err(format!("{text:?} would match everything below a top-level name; write \"*.example.com\""));
    }
    Ok(text.to_owned())
}

/// A name that ends in a number is taken for an address by whoever resolves it (`127.1`, `0x7f.1`).
/// Source: <https://url.spec.whatwg.org/#ends-in-a-number-checker>.
fn is_number(label: &str) -> bool {
    let hexadecimal = label.strip_prefix("0x").is_some_and(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
    hexadecimal || (!label.is_empty() && label.chars().all(|c| c.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (1..=63).contains(&label.len()) && label.chars().all(fits) && !label.starts_with('-') && !label.ends_with('-')
}

fn method(text: &str) -> Result<String, String> {
    let upper = text.to_uppercase();
    if upper != text && METHODS.iter().any(|(word, _)| *word == upper) {
        return Err(format!("{text:?} must be in upper case: {upper:?}"));
    }
    one_of(METHODS)(text).map(str::to_owned)
}

pub(crate) fn path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') || text.contains(['?', '#', '%', '\\']) || text.contains(|c: char| c.is_control()) {
        return Err(format!("{text:?} must start with / and is about the decoded path only, such as \"/v1/**\""));
    }
    if text.split('/').any(|part| part == "." || part == "..") {
        return Err(format!("{text:?} has . or .. in it, which no checked path has"));
    }
    if text.split('/').any(|part| part.contains("**") && part != "**") {
        return Err(format!("{text:?}: ** stands for whole segments only; within one write *"));
    }
    Ok(text.to_owned())
}

/// Whether every host that `wanted` names is one that `rule` names.
pub(crate) fn covers(rule: &str, wanted: &str) -> bool {
    let (depth, name) = split(wanted);
    match split(rule) {
        (0, host) => depth == 0 && host == name,
        (rule_depth, above) => {
            let below = name
                .strip_suffix(above)
                .and_then(|labels| labels.strip_suffix('.').or(labels.is_empty().then_some("")));
            let labels = below.map(|below| below.split('.').filter(|label| !label.is_empty()).count());
            match (labels, depth) {
                (None, _) => false,
                (Some(labels), 0) => labels == 1 || (labels > 1 && rule_depth == 2),
                (Some(labels), 1) => labels == 0 || rule_depth == 2,
                (Some(_), _) => rule_depth == 2,
            }
        }
    }
}

/// How many asterisks a pattern begins with, and the name after them.
fn split(pattern: &str) -> (usize, &str) {
    match (pattern.strip_prefix("**."), pattern.strip_prefix("*.")) {
        (Some(name), _) => (2, name),
        (None, Some(name)) => (1, name),
        (None, None) => (0, pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_it_matches_and_no_more() {
        for (rule, wanted) in [
            ("a.example", "a.example"),
            ("*.example.com", "a.example.com"),
            ("*.example.com", "*.example.com"),
            ("**.example.com", "a.b.example.com"),
            ("**.example.com", "*.example.com"),
            ("**.example.com", "**.b.example.com"),
            ("**.example.com", "*.b.example.com"),
        ] {
            assert!(covers(rule, wanted), "{rule} {wanted}");
        }
        for (rule, wanted) in [
            ("a.example", "b.example"),
            ("a.example.com", "*.example.com"),
            ("*.example.com", "example.com"),
            ("*.example.com", "a.b.example.com"),
            ("*.example.com", "notexample.com"),
            ("*.example.com", "**.example.com"),
            ("*.example.com", "*.b.example.com"),
            ("**.example.com", "example.com"),
            ("**.example.com", "notexample.com"),
            ("**.example.com", "**.com"),
        ] {
            assert!(!covers(rule, wanted), "{rule} {wanted}");
        }
    }
}
