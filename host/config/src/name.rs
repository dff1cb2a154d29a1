//! What things may be called.

use std::path::{Component, Path};

use semver::Version;

/// The name of a plugin, an agent or an environment. It stands in paths, URLs and shells, hence so little.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 64 && text.chars().all(fits);
    let rule = "a lower-case letter, then up to 63 lower-case letters, digits and hyphens";
    if good { Ok(text.to_owned()) } else { Err(format!("{text:?} is no name: write {rule}")) }
}

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

/// A version as in <https://semver.org>.
pub(crate) fn version(text: &str) -> Result<Option<Version>, String> {
    Version::parse(text).map(Some).map_err(|error| format!("{text:?} is no version such as \"1.4.0\": {error}"))
}

/// A component beside the manifest or below it; never above.
pub(crate) fn component(text: &str) -> Result<String, String> {
    let below = !text.is_empty() && Path::new(text).components().all(|part| matches!(part, Component::Normal(_)));
    if !below || text.contains(['\0', '\\']) {
        return Err(format!("{text:?} must be a file beside this one or in a folder below it, such as \"files.wasm\""));
    }
    if text.ends_with(".wasm") { Ok(text.to_owned()) } else { Err(format!("{text:?} must end in .wasm")) }
}
