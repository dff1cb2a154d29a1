//! Lines as texts, without loss: a byte that is no part of UTF-8 becomes a character of a private plane and is a byte again when
//! it is written.

/// Where the stand-ins for single bytes begin.
const PRIVATE: u32 = 0x10_fe00;

pub(crate) fn decoded(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return text,
        Err(problem) => problem.into_bytes(),
    };
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(PRIVATE + u32::from(*byte))));
    }
    text
}

pub(crate) fn encoded(text: &str) -> Vec<u8> {
    if !text.contains(|character| character as u32 >= PRIVATE) {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::new();
    for character in text.chars() {
        match (character as u32).checked_sub(PRIVATE).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_that_are_no_text_come_back_as_they_were() {
        let bytes = b"a\xff\xfe\xc3\xa9\x80".to_vec();
        assert_eq!(super::encoded(&super::decoded(bytes.clone())), bytes);
    }
}
