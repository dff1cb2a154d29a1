//! Limits and other amounts, spelled in files as they are on the command line.

use skep_model::{LimitKind, Limits, Overrides};
use skep_toml::Section;

const KEYS: &[&str] = &{
    let mut keys = [""; LimitKind::ALL.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = LimitKind::ALL[at].key();
        at += 1;
    }
    keys
};

/// The table of limits with this key, if there is one.
pub(crate) fn limits(parent: &mut Section<'_>, key: &'static str) -> Overrides {
    let Some(mut section) = parent.section(key) else { return Overrides::default() };
    let mut wishes = Vec::new();
    for (key, value) in section.entries(KEYS) {
        let Ok(kind) = Overrides::kind(key) else { continue };
        wishes.extend(value.amount(|text| limit(kind, text)).map(|amount| (kind, amount)));
    }
    Overrides(wishes)
}

fn limit(kind: LimitKind, text: &str) -> Result<u64, String> {
    let value = positive(kind, text)?;
    let fixed = Limits::RUN.stack_bytes;
    if kind == LimitKind::StackBytes && value != fixed {
        return Err(format!("is fixed by the engine at {fixed}; leave it out"));
    }
    Ok(value)
}

/// An amount that is more than nothing.
pub(crate) fn positive(kind: LimitKind, text: &str) -> Result<u64, String> {
    match amount(kind, text)? {
        0 => Err(format!("0 {} would permit nothing at all; the least is 1", kind.unit())),
        value => Ok(value),
    }
}

/// An amount in the unit of `kind`, with a suffix or without.
pub(crate) fn amount(kind: LimitKind, text: &str) -> Result<u64, String> {
    let mut wish = Overrides::default();
    let read = wish.add(&format!("{}={text}", kind.key())).ok().and_then(|()| wish.0.pop());
    read.map(|(_, value)| value).ok_or_else(|| match kind.unit() {
        "bytes" => format!("{text:?} is no size: write a number of bytes, or \"64k\", \"64m\", \"2g\""),
        "ms" => format!("{text:?} is no time: write a number of milliseconds, or \"500ms\", \"30s\", \"5min\", \"1h\""),
        unit => format!("{text:?} is no number of {unit}: write a whole number"),
    })
}
