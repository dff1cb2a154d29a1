//! Texts that may be too large for an event.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Digest;

/// The largest text that stands in an event itself, in bytes; a larger one is a blob that the event names.
pub const INLINE_BYTES: usize = 16 * 1024;

/// A text inside an event, or the name of the blob that holds it. Serialised as a string, or as `{"blob": …, "bytes": …}`;
/// in formats that don't describe themselves, as a pair of an optional text and an optional blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The text itself.
    Inline(String),
    /// A blob, written and synced before the event that names it.
    Blob {
        /// The blob's name.
        blob: Digest,
        /// Its length in bytes.
        bytes: u64,
    },
}

impl Content {
    /// The length of the text in bytes, wherever it is.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Inline(text) => text.len() as u64,
            Self::Blob { bytes, .. } => *bytes,
        }
    }

    /// The blob that this needs, if any.
    pub const fn blob(&self) -> Option<Digest> {
        match self {
            Self::Inline(_) => None,
            Self::Blob { blob, .. } => Some(*blob),
        }
    }

    /// The same content, as a name for the text: inline texts compare by their bytes, blobs by their digest.
    pub fn digest(&self) -> Digest {
        match self {
            Self::Inline(text) => Digest::of(text.as_bytes()),
            Self::Blob { blob, .. } => *blob,
        }
    }
}

/// The form of formats that don't describe themselves.
type Pair = (Option<String>, Option<(Digest, u64)>);

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self, serializer.is_human_readable()) {
            (Self::Inline(text), true) => serializer.serialize_str(text),
            (Self::Blob { blob, bytes }, true) => {
                let mut object = serializer.serialize_struct("Blob", 2)?;
                object.serialize_field("blob", blob)?;
                object.serialize_field("bytes", bytes)?;
                object.end()
            }
            (Self::Inline(text), false) => (Some(text), None::<(Digest, u64)>).serialize(serializer),
            (Self::Blob { blob, bytes }, false) => (None::<&str>, Some((blob, bytes))).serialize(serializer),
        }
    }
}

/// Written by hand because every event passes through here: serde's `untagged` would copy each text once more.
impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(TextOrBlob);
        }
        match Pair::deserialize(deserializer)? {
            (Some(text), None) => Ok(Self::Inline(text)),
            (None, Some((blob, bytes))) => Ok(Self::Blob { blob, bytes }),
            _ => Err(serde::de::Error::custom("a content is either a text or a blob")),
        }
    }
}

struct TextOrBlob;

impl<'de> Visitor<'de> for TextOrBlob {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, or an object with blob and bytes")
    }

    fn visit_str<E>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Inline(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Content, E> {
        Ok(Content::Inline(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Content, A::Error> {
        let blob = Blob::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        Ok(Content::Blob { blob: blob.blob, bytes: blob.bytes })
    }
}

#[derive(Deserialize)]
struct Blob {
    blob: Digest,
    bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_a_string_or_an_object_in_json() {
        let blob = Digest::of(b"abc");
        let named = format!("{{\"blob\":\"{blob}\",\"bytes\":3}}");
        for (content, json) in
            [(Content::Inline("a\n".to_owned()), "\"a\\n\"".to_owned()), (Content::Blob { blob, bytes: 3 }, named)]
        {
            assert_eq!(serde_json::to_string(&content).unwrap(), json);
            assert_eq!(serde_json::from_str::<Content>(&json).unwrap(), content);
        }
        for wrong in ["3", "null", "[]", "{}", "{\"blob\":\"sha256:zz\",\"bytes\":1}"] {
            assert!(serde_json::from_str::<Content>(wrong).is_err(), "{wrong}");
        }
    }
}
