//! Tables of variables.

use std::collections::BTreeMap;

use skep_toml::Section;

/// The table of variables with this key, whose values mean something to `parse`.
pub(crate) fn of(
    parent: &mut Section<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<String, String>,
) -> BTreeMap<String, String> {
    let Some(mut section) = parent.section(key) else { return BTreeMap::new() };
    let mut variables = BTreeMap::new();
    for (name, value) in section.pairs() {
        if !is_variable(name) {
            value.problem("is no variable's name: write letters, digits and underscores, and no digit first");
        }
        variables.extend(value.text(&parse).map(|text| (name.to_owned(), text)));
    }
    variables
}

/// Any value that a variable can have.
pub(crate) fn value(text: &str) -> Result<String, String> {
    match text.contains('\0') {
        true => Err("a variable's value has no NUL in it".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn is_variable(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.len() <= 128 && name.chars().all(fits) && !name.starts_with(|c: char| c.is_ascii_digit())
}
