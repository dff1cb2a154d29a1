//! What an environment tells a model beside the prompt: `[[rules]]`, `skills` and `[prompts.NAME]`.
//!
//! None of it is a limit. What must not happen is not granted; a rule is advice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skep_toml::{Section, folder};

use crate::reading::Reading;
use crate::{name, template};

/// A text, from the file itself or from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The file that it is in, when it is not in the environment's.
    pub file: Option<PathBuf>,
    /// What it says; empty when the environment was parsed without looking at other files.
    pub text: String,
}

/// The folder of a skill, with its `SKILL.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    /// The folder's own name.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
}

/// A prompt that is kept for being used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What it is for.
    pub description: String,
    /// What it says, with `{{argument}}` for what differs each time.
    pub text: Text,
    /// Its arguments, in the order in which they come first.
    pub arguments: Vec<String>,
}

/// The most rules, skills or prompts of one file.
const ENTRIES: usize = 64;
/// The longest rule, prompt or SKILL.md, in bytes.
const TEXT_BYTES: usize = 256 * 1024;

/// All `[[rules]]`.
pub(crate) fn rules(root: &mut Section<'_>, reading: &Reading<'_>) -> Vec<Text> {
    let sections = root.sections("rules");
    bounded(root, "rules", sections.len());
    sections.into_iter().filter_map(|mut section| text(&mut section, reading)).collect()
}

/// All `skills`.
pub(crate) fn skills(root: &mut Section<'_>, reading: &Reading<'_>) -> Vec<Skill> {
    let skills = root.list("skills", |text| skill(text, reading));
    bounded(root, "skills", skills.len());
    let mut names: Vec<_> = skills.iter().map(|skill| &skill.name).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        root.refuse(&["skills"], &format!("there are two named {:?}", twice[0]));
    }
    skills
}

/// All `[prompts.NAME]`.
pub(crate) fn prompts(root: &mut Section<'_>, reading: &Reading<'_>) -> BTreeMap<String, Prompt> {
    let Some(mut section) = root.section("prompts") else { return BTreeMap::new() };
    let pairs = section.pairs();
    bounded(root, "prompts", pairs.len());
    let mut prompts = BTreeMap::new();
    for (key, value) in pairs {
        if let Err(message) = name::name(key) {
            value.problem(&message);
        }
        let prompt = value.section().and_then(|section| prompt(section, reading));
        prompts.extend(prompt.map(|prompt| (key.to_owned(), prompt)));
    }
    prompts
}

fn bounded(root: &Section<'_>, key: &str, count: usize) {
    if count > ENTRIES {
        root.refuse(&[key], &format!("there are at most {ENTRIES}"));
    }
}

/// Exactly one of `text` and `file`.
fn text(section: &mut Section<'_>, reading: &Reading<'_>) -> Option<Text> {
    let (text, file) = (section.take("text"), section.take("file"));
    match (text, file) {
        (Some(text), None) => text.text(self::said).map(|text| Text { file: None, text }),
        (None, Some(file)) => file.text(|path| {
            let file = folder(reading.file)(path)?;
            let text = reading.text(&file)?.map(|text| said(&text)).transpose()?.unwrap_or_default();
            Ok(Text { file: Some(file), text })
        }),
        (Some(_), Some(file)) => {
            file.problem("there is a `text` or a `file`, and not both");
            None
        }
        (None, None) => {
            section.problem("write a `text`, or the `file` that it is in".to_owned());
            None
        }
    }
}

fn said(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("says nothing".to_owned());
    }
    if text.len() > TEXT_BYTES {
        return Err(format!("has {} bytes; at most {TEXT_BYTES} are taken", text.len()));
    }
    Ok(text.to_owned())
}

fn skill(text: &str, reading: &Reading<'_>) -> Result<Skill, String> {
    let folder = folder(reading.file)(text)?;
    let own = Path::new(text).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let skill = Skill { name: name::name(own)?, folder };
    let about = reading.text(&skill.folder.join("SKILL.md"))?;
    about.map(|about| said(&about)).transpose()?;
    Ok(skill)
}

fn prompt(mut section: Section<'_>, reading: &Reading<'_>) -> Option<Prompt> {
    let description = section.get("description", skep_toml::prose).unwrap_or_default();
    let listed = section.keys().contains(&"arguments").then(|| section.list("arguments", argument));
    let text = text(&mut section, reading)?;
    let is_read = !text.text.is_empty();
    let mut found: Vec<String> = Vec::new();
    for name in template::placeholders(&text.text).map(str::trim).filter_map(|name| argument(name).ok()) {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    let Some(listed) = listed else { return Some(Prompt { description, text, arguments: found }) };
    if let Some(unused) = listed.iter().find(|name| is_read && !found.contains(name)) {
        section.refuse(&["arguments"], &format!("the text has no {{{{{unused}}}}} in it"));
    }
    Some(Prompt { description, text, arguments: listed })
}

/// An argument's name. What stands in double braces and is none is a part of the text.
fn argument(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let good = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.len() <= 64 && text.chars().all(fits);
    let rule = "a letter, then up to 63 letters, digits, underscores and hyphens";
    if good { Ok(text.to_owned()) } else { Err(format!("{text:?} is no argument's name: write {rule}")) }
}
