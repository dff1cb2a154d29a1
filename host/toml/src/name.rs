//! What things may be called.

use std::path::{Component, Path};

use semver::Version;

/// The name of a plugin, an agent, an environment or an image. It stands in paths, URLs and shells, hence so little.
///
/// # Errors
/// What would do.
pub fn name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let good = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.len() <= 64 && text.chars().all(fits);
    let rule = "a lower-case letter, then up to 63 lower-case letters, digits and hyphens";
    if good { Ok(text.to_owned()) } else { Err(format!("{text:?} is no name: write {rule}")) }
}

/// A version as in <https://semver.org>.
///
/// # Errors
/// What would do.
pub fn version(text: &str) -> Result<Option<Version>, String> {
    Version::parse(text).map(Some).map_err(|error| format!("{text:?} is no version such as \"1.4.0\": {error}"))
}

/// A component beside the manifest or below it; never above.
///
/// # Errors
/// What would do.
pub fn component(text: &str) -> Result<String, String> {
    let below = !text.is_empty() && Path::new(text).components().all(|part| matches!(part, Component::Normal(_)));
    if !below || text.contains(['\0', '\\']) {
        return Err(format!("{text:?} must be a file beside this one or in a folder below it, such as \"files.wasm\""));
    }
    if text.ends_with(".wasm") { Ok(text.to_owned()) } else { Err(format!("{text:?} must end in .wasm")) }
}
