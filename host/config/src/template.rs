//! Texts with `{{NAME}}` in them.

/// What stands in double braces: each name with its braces around it and the blanks within them.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let begin = rest.find("{{")? + 2;
        let length = rest[begin..].find("}}")?;
        let name = &rest[begin..begin + length];
        rest = &rest[begin + length + 2..];
        Some(name)
    })
}

/// The names of the secrets in a text, in which nothing else may look like one.
pub(crate) fn secrets(text: &str) -> Result<Vec<&str>, String> {
    if text.contains("${") {
        return Err("variables are not replaced here; a secret is written {{NAME}}".to_owned());
    }
    let names: Vec<_> = placeholders(text).map(str::trim).collect();
    if names.len() != text.matches("{{").count() || names.len() != text.matches("}}").count() {
        return Err("{{ and }} stand around the name of a secret, and for nothing else".to_owned());
    }
    for name in &names {
        crate::name::secret(name)?;
    }
    Ok(names)
}

/// The same of a value that is sent in a header or given to a program: one line.
pub(crate) fn line(text: &str) -> Result<String, String> {
    if text.contains(|c: char| c.is_control()) || text.len() > 4096 {
        return Err("must be one line of at most 4096 bytes, without control characters".to_owned());
    }
    secrets(text).map(|_| text.to_owned())
}
