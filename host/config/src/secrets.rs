//! `[[secrets]]`: where the egress door may put a secret. Whoever makes the request holds a placeholder and never the value,
//! so there is no way to have one as a variable or a file.

use skep_model::{EgressRule, Scheme};
use skep_toml::Section;

use crate::{egress, name, template};

/// One place of one secret. Without an [`EgressRule`] for the host it is of no use, and such a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretBinding {
    /// What the host's vault knows it by.
    pub name: String,
    /// Where it goes, in TLS only: a host or a pattern, as in an egress rule.
    pub host: String,
    /// On which of the paths that the rules permit; empty for all of them.
    pub paths: Vec<String>,
    /// Where in the request.
    pub place: SecretPlace,
}

/// Where in a request a secret goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// Into a header.
    Header {
        /// In lower case.
        name: String,
        /// The header's value, with the secret's name in double braces.
        template: String,
    },
    /// Into the query, as the value of this parameter.
    Query(String),
    /// As the password of HTTP's basic authentication, with this name.
    Basic(String),
}

/// The most of one file.
const BINDINGS: usize = 64;
const NEVER_A_VARIABLE: &str = "a secret is never a variable or a file: the guest holds a placeholder, and the host puts the \
                                value into the request, as `header`, `query` or `basic` says";
const NO_VALUE: &str = "a secret's value doesn't belong into a file; it is in the host's vault under its `name`";
/// Headers that say how a request is carried, and so are no place for a value.
/// Source: RFC 9110 sections 7.2, 7.6.1, 8.6 and 10.1.1, RFC 9112 section 6.1.
const CARRYING: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// All `[[secrets]]`.
pub(crate) fn secrets(root: &mut Section<'_>, rules: &[EgressRule]) -> Vec<SecretBinding> {
    let mut bindings = Vec::new();
    for mut section in root.sections("secrets") {
        let binding = binding(&mut section);
        let host = |rule: &&EgressRule| rule.scheme == Scheme::Https && egress::covers(&rule.host, &binding.host);
        if !binding.host.is_empty() && !rules.iter().any(|rule| host(&rule)) {
            let message = format!("no `[[egress]]` rule lets an https request go to {:?}; add one", binding.host);
            section.problem(message);
        }
        if bindings.contains(&binding) {
            section.problem("the same stands above already".to_owned());
        }
        if bindings.len() == BINDINGS {
            section.problem(format!("there are at most {BINDINGS}"));
        }
        bindings.push(binding);
    }
    bindings
}

fn binding(section: &mut Section<'_>) -> SecretBinding {
    section.never(&["env", "variable", "file"], NEVER_A_VARIABLE);
    section.never(&["value"], NO_VALUE);
    let secret = section.need("name", name::secret);
    SecretBinding {
        // An address that is not public is the rule's to permit.
        host: section.need("host", |text| egress::host(text, true)),
        paths: section.list("paths", egress::path),
        place: place(section, &secret),
        name: secret,
    }
}

fn place(section: &mut Section<'_>, secret: &str) -> SecretPlace {
    let header = section.get("header", header_name).map(|name| SecretPlace::Header {
        name,
        template: section.get("template", |text| one_secret(text, secret)).unwrap_or(format!("{{{{{secret}}}}}")),
    });
    if !section.keys().contains(&"header") {
        section.never(&["template"], "is a `header`'s value, and there is no header");
    }
    let query = section.get("query", parameter).map(SecretPlace::Query);
    let basic = section.get("basic", user).map(SecretPlace::Basic);
    let named = section.keys().into_iter().filter(|key| ["header", "query", "basic"].contains(key)).count();
    if named == 0 {
        section.problem("say where in the request it goes: `header`, `query` or `basic`".to_owned());
    }
    if named > 1 {
        let message = "it goes to one place: `header`, `query` or `basic`; write another [[secrets]] for another";
        section.problem(message.to_owned());
    }
    // What stands in for a place that is none is never seen.
    header.or(query).or(basic).unwrap_or(SecretPlace::Query(String::new()))
}

fn one_secret(text: &str, secret: &str) -> Result<String, String> {
    let line = template::line(text)?;
    match template::secrets(text)?.as_slice() {
        [name] if *name == secret => Ok(line),
        _ => Err(format!("has {{{{{secret}}}}} in it once, and no other, such as \"Bearer {{{{{secret}}}}}\"")),
    }
}

/// A field name of HTTP, in lower case. Source: RFC 9110 section 5.6.2.
pub(crate) fn header_name(text: &str) -> Result<String, String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if text.is_empty() || text.len() > 128 || !text.chars().all(token) {
        return Err(format!("{text:?} is no header, such as \"authorization\""));
    }
    let name = text.to_ascii_lowercase();
    if CARRYING.contains(&name.as_str()) {
        return Err(format!("{text:?} says how a request is carried; the host writes it itself"));
    }
    Ok(name)
}

fn parameter(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._~[]".contains(c);
    if text.is_empty() || text.len() > 128 || !text.chars().all(fits) {
        return Err(format!("{text:?} is no parameter's name, such as \"api_key\""));
    }
    Ok(text.to_owned())
}

/// A user name without the colon that ends it. Source: RFC 7617 section 2.
fn user(text: &str) -> Result<String, String> {
    if text.len() > 256 || text.contains(|c: char| c == ':' || c.is_control()) {
        return Err(format!("{text:?} is no user's name: it has no colon and no control character in it"));
    }
    Ok(text.to_owned())
}
