//! Shell values are strings, files are bytes. A byte that is no part of valid UTF-8 becomes one private character, U+10FF00
//! plus the byte, and becomes the byte again on its way out, so that nothing is lost between `$(…)` and `printf`.

use std::borrow::Cow;

const PRIVATE: u32 = 0x10_FF00;

/// The character that stands for a lone byte.
pub(crate) fn lone_byte(byte: u8) -> char {
    if byte < 0x80 {
        byte as char
    } else {
        char::from_u32(PRIVATE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

pub(crate) fn from_bytes(bytes: Vec<u8>) -> String {
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => decode(error.as_bytes()),
    }
}

fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| lone_byte(*byte)));
    }
    text
}

pub(crate) fn to_bytes(text: &str) -> Cow<'_, [u8]> {
    // 0xF4 begins every character from U+100000 on; hardly any text has one.
    if !text.as_bytes().contains(&0xF4) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars() {
        match u32::from(character).checked_sub(PRIVATE) {
            Some(byte @ 0x80..=0xFF) => bytes.push(byte as u8),
            _ => bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let bytes = b"a\xff\xc3\xa9\x80z".to_vec();
        assert_eq!(to_bytes(&from_bytes(bytes.clone())).as_ref(), bytes.as_slice());
    }
}
