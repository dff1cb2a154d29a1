//! Which model works.

use skep_toml::Section;

/// A model and those that take its place.
const MODELS: usize = 8;

/// `model`: a name, or a list of them.
pub(crate) fn names(section: &mut Section<'_>) -> Vec<String> {
    let Some(value) = section.take("model") else { return Vec::new() };
    if !value.is_array() {
        return value.text(name).into_iter().collect();
    }
    let mut names = Vec::new();
    for value in value.items() {
        match value.text(name) {
            Some(name) if names.contains(&name) => value.problem("stands here twice"),
            Some(_) if names.len() == MODELS => value.problem(&format!("there are at most {MODELS}")),
            Some(name) => names.push(name),
            None => {}
        }
    }
    names
}

/// As providers name them: `claude-sonnet-4-5`, `openai/gpt-5`, `qwen3:8b`.
fn name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./:@+".contains(c);
    if text.is_empty()
        || text.len() > 128
        || !text.chars().all(fits)
        || !text.starts_with(|c: char| c.is_ascii_alphanumeric())
    {
        return Err(format!("{text:?} is no model's name, such as \"provider/model\""));
    }
    Ok(text.to_owned())
}
