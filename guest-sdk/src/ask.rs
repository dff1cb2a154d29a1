//! Questions to people.

use crate::Result;
use crate::wit::agent::skep::agent::ask;

/// Asks a person and waits for the answer; the run is BLOCKED meanwhile. `options`, when not empty, are the answers to
/// choose from.
pub fn question(text: &str, options: &[&str]) -> Result<String> {
    let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
    Ok(ask::question(text, &options)?)
}
