//! JSON read as the same tables, for the files that other programs have and people share. The syntax is serde_json's business;
//! here is where each value stands, so that problems have their lines.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// Each level is read again for the one below it, so there are few.
const DEEPEST: usize = 16;

/// What is wrong, at which byte.
pub(crate) type Wrong = (usize, String);

/// The root table, and all that is wrong in it; or why there is none.
pub(crate) fn table(text: &str) -> Result<(DeTable<'_>, Vec<Wrong>), Wrong> {
    let mut reading = Reading { text, wrong: Vec::new() };
    let root = serde_json::from_str::<&RawValue>(text).map_err(|error| {
        let before = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len);
        (before.sum(), error.to_string())
    })?;
    match reading.value(root, 0).map(Spanned::into_inner) {
        Some(DeValue::Table(table)) => Ok((table, reading.wrong)),
        _ => Err((0, "must be a JSON object".to_owned())),
    }
}

struct Reading<'t> {
    text: &'t str,
    wrong: Vec<Wrong>,
}

impl<'t> Reading<'t> {
    fn value(&mut self, raw: &'t RawValue, depth: usize) -> Option<Spanned<DeValue<'t>>> {
        let text = raw.get();
        // It is a part of the text, so its address says where.
        let start = (text.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let value = match text.as_bytes().first() {
            _ if depth > DEEPEST => Err(format!("more than {DEEPEST} levels deep")),
            Some(b'{') => {
                serde_json::from_str(text).map_err(|error| error.to_string()).map(|pairs| self.pairs(pairs, depth))
            }
            Some(b'[') => {
                serde_json::from_str(text).map_err(|error| error.to_string()).map(|items| self.items(items, depth))
            }
            Some(b'"') => serde_json::from_str(text).map(DeValue::String).map_err(|error| error.to_string()),
            Some(b't') => Ok(DeValue::Boolean(true)),
            Some(b'f') => Ok(DeValue::Boolean(false)),
            Some(b'n') => Err("null is no value here; leave the key out".to_owned()),
            _ => DeValue::parse(text).map(Spanned::into_inner).map_err(|_| format!("{text} is no number")),
        };
        match value {
            Ok(value) => Some(Spanned::new(start..start + text.len(), value)),
            Err(message) => {
                self.wrong.push((start, message));
                None
            }
        }
    }

    fn pairs(&mut self, Pairs(pairs): Pairs<'t>, depth: usize) -> DeValue<'t> {
        let mut table = DeTable::new();
        for (key, raw) in pairs {
            let Some(value) = self.value(raw, depth + 1) else { continue };
            // A key stands in front of its value.
            let at = value.span().start;
            if table.contains_key(key.as_ref()) {
                self.wrong.push((at, "duplicate key".to_owned()));
            } else {
                table.insert(Spanned::new(at..at, key), value);
            }
        }
        DeValue::Table(table)
    }

    fn items(&mut self, items: Vec<&'t RawValue>, depth: usize) -> DeValue<'t> {
        let mut array = DeArray::new();
        for value in items.into_iter().filter_map(|raw| self.value(raw, depth + 1)) {
            array.push(value);
        }
        DeValue::Array(array)
    }
}

/// An object's keys as they stand there, so that one that comes twice is seen.
struct Pairs<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    pairs.push((Cow::Owned(key), value));
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
