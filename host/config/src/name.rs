//! What tools and secrets may be called.

pub(crate) use skep_toml::{component, name, version};

/// The name of a tool, which is a function in most languages.
pub(crate) fn tool(text: &str) -> Result<String, String> {
    let rule = "a lower-case letter, then up to 63 lower-case letters, digits, hyphens and underscores";
    name(&text.replace('_', "-"))
        .map(|_| text.to_owned())
        .map_err(|_| format!("{text:?} is no tool's name: write {rule}"))
}

/// The name of a secret.
pub(crate) fn secret(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let good = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.len() <= 64 && text.chars().all(fits);
    let rule = "a letter, then up to 63 letters, digits, underscores and hyphens";
    if good { Ok(text.to_owned()) } else { Err(format!("{text:?} is no secret's name: write {rule}")) }
}
