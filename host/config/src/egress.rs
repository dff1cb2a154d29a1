//! Destinations that a plugin asks for, checked so that a rule can only mean what it seems to mean.

use std::net::IpAddr;

use skep_model::EgressRule;
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

/// One `[[capabilities.egress]]`.
pub(crate) fn rule(mut section: Section<'_>) -> EgressRule {
    EgressRule {
        host: section.need("host", host),
        methods: section.list("methods", method),
        paths: section.list("paths", path),
    }
}

/// A host name in lower case, optionally one label wide open. Addresses are refused: what they mean depends on where
/// the host stands.
fn host(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    if text.contains("://") || text.contains(['/', ':', '@']) {
        return Err(format!("{text:?} must be a host name only, such as \"api.example.com\""));
    }
    if name.parse::<IpAddr>().is_ok() {
        return Err(format!("{text:?} is an address; rules are about host names"));
    }
    if !name.split('.').all(is_label) || name.len() > 253 {
        return Err(format!("{text:?} is no host name: write \"api.example.com\" or \"*.example.com\", in lower case"));
    }
    if name != text && !name.contains('.') {
        return Err(format!("{text:?} would match everything below a top-level name; write \"*.example.com\""));
    }
    Ok(text.to_owned())
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

fn path(text: &str) -> Result<String, String> {
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
