//! Binary patches of git: content, or how it comes of the old one, packed by zlib and written in 85 letters.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use crate::Stop;

use super::patch::{Binary, Content, Patch};
use super::read::{Lines, unreadable};

/// In the order of what they stand for.
const LETTERS: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
/// More of one file is not unpacked.
const LARGEST: usize = 256 << 20;

/// What is after `GIT binary patch`: there, and back if it is there.
pub(crate) fn read(lines: &mut Lines<'_>) -> Result<(Binary, Option<Binary>), Stop> {
    let unrecognized = unreadable(format!("unrecognized binary patch at line {}", lines.number() - 1));
    let there = part(lines)?.ok_or(unrecognized)?;
    Ok((there, part(lines)?))
}

/// `literal SIZE` or `delta SIZE`, lines, and an empty one.
fn part(lines: &mut Lines<'_>) -> Result<Option<Binary>, Stop> {
    let head = String::from_utf8_lossy(lines.whole().unwrap_or_default()).into_owned();
    let (make, size): (fn(Vec<u8>) -> Binary, _) = match head.split_once(' ') {
        Some(("literal", size)) => (Binary::Literal, size),
        Some(("delta", size)) => (Binary::Delta, size),
        _ => return Ok(None),
    };
    let corrupt = |number: usize, line: &[u8]| {
        unreadable(format!("corrupt binary patch at line {number}: {}", String::from_utf8_lossy(line)))
    };
    let Some(size) = size.parse::<usize>().ok().filter(|size| *size <= LARGEST) else {
        return Err(corrupt(lines.number(), head.as_bytes()));
    };
    lines.skip(1);
    let mut packed = Vec::new();
    while let Some(line) = lines.whole().filter(|line| !line.is_empty()) {
        packed.extend(decoded(line).ok_or_else(|| corrupt(lines.number(), line))?);
        lines.skip(1);
    }
    let mut content = Vec::new();
    let unpacked = ZlibDecoder::new(&packed[..]).take(size as u64 + 1).read_to_end(&mut content);
    if unpacked.is_err() || content.len() != size {
        return Err(corrupt(lines.number(), b""));
    }
    lines.skip(1);
    Ok(Some(make(content)))
}

/// A line: a letter for its length, and five for each four bytes.
fn decoded(line: &[u8]) -> Option<Vec<u8>> {
    let (length, letters) = line.split_first()?;
    let length = usize::from(match length {
        b'A'..=b'Z' => length - b'A' + 1,
        b'a'..=b'z' => length - b'a' + 27,
        _ => return None,
    });
    if letters.len() != length.div_ceil(4) * 5 {
        return None;
    }
    let mut bytes = Vec::new();
    for five in letters.chunks(5) {
        let mut word = 0_u32;
        for letter in five {
            let digit = LETTERS.iter().position(|known| known == letter)?;
            word = word.checked_mul(85)?.checked_add(u32::try_from(digit).ok()?)?;
        }
        bytes.extend(word.to_be_bytes());
    }
    bytes.truncate(length);
    Some(bytes)
}

/// The content that a patch of a binary file makes; or what is wrong with it, of which the last line is still to be said.
pub(crate) fn applied(patch: &Patch, part: Option<&Binary>, old: &[u8], reverse: bool) -> Result<Vec<u8>, String> {
    let name = String::from_utf8_lossy(patch.name()).into_owned();
    if [&patch.old_id, &patch.new_id].iter().any(|id| id.len() != 40) {
        return Err(format!("cannot apply binary patch to '{name}' without full index line"));
    }
    let id = blob_id(old);
    if patch.old.is_some() && id != patch.old_id {
        return Err(format!("the patch applies to '{name}' ({id}), which does not match the current contents."));
    }
    if patch.new_id.bytes().all(|digit| digit == b'0') {
        return Ok(Vec::new());
    }
    let new = match part {
        Some(Binary::Literal(content)) => Some(content.clone()),
        Some(Binary::Delta(delta)) => patched(old, delta),
        None if reverse && patch.content != Content::Binary(None, None) => {
            eprintln!("error: cannot reverse-apply a binary patch without the reverse hunk to '{name}'");
            None
        }
        None => {
            eprintln!("error: missing binary patch data for '{name}'");
            None
        }
    };
    let new = new.ok_or_else(|| format!("binary patch does not apply to '{name}'"))?;
    match blob_id(&new) {
        id if id == patch.new_id => Ok(new),
        id => {
            let wanted = &patch.new_id;
            Err(format!("binary patch to '{name}' creates incorrect result (expecting {wanted}, got {id})"))
        }
    }
}

/// The name that git has for content.
fn blob_id(content: &[u8]) -> String {
    use sha1::{Digest as _, Sha1};
    let hash = Sha1::new().chain_update(format!("blob {}\0", content.len())).chain_update(content).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The content that a delta makes of an old one.
pub(crate) fn patched(old: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut rest = delta;
    let (from, to) = (size(&mut rest)?, size(&mut rest)?);
    if from != old.len() || to > LARGEST {
        return None;
    }
    let mut new = Vec::with_capacity(to);
    while let Some((code, after)) = rest.split_first() {
        rest = after;
        if code & 0x80 == 0 {
            let (added, after) = rest.split_at_checked(usize::from(*code)).filter(|_| *code > 0)?;
            new.extend_from_slice(added);
            rest = after;
        } else {
            let (offset, length) = (number(*code, 0..4, &mut rest)?, number(*code, 4..7, &mut rest)?);
            let length = if length == 0 { 0x1_0000 } else { length };
            new.extend_from_slice(old.get(offset..offset.checked_add(length)?)?);
        }
        if new.len() > to {
            return None;
        }
    }
    (new.len() == to).then_some(new)
}

/// Seven bits a byte, the lowest first.
fn size(rest: &mut &[u8]) -> Option<usize> {
    let (mut size, mut shift) = (0_u64, 0);
    loop {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        size |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return usize::try_from(size).ok();
        }
    }
}

/// The bytes that the bits of a copy's code say are there, the lowest first.
fn number(code: u8, bits: std::ops::Range<u32>, rest: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for (place, bit) in bits.enumerate() {
        if code & (1 << bit) != 0 {
            let (byte, after) = rest.split_first()?;
            *rest = after;
            number |= usize::from(*byte) << (place * 8);
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_letters_are_bytes() {
        assert_eq!(decoded(b"CcmXo"), None);
        assert_eq!(decoded(b"A00000"), Some(vec![0]));
        assert_eq!(decoded(b"D|NsC0"), Some(vec![255; 4]));
        assert_eq!(decoded(b"D~~~~~"), None);
    }

    #[test]
    fn a_delta_copies_and_adds() {
        let delta = [3, 5, 0x91, 1, 2, 3, b'x', b'y', b'z'];
        assert_eq!(patched(b"abc", &delta), Some(b"bcxyz".to_vec()));
        assert_eq!(patched(b"abcd", &delta), None);
        assert_eq!(patched(b"abc", &[3, 2, 0x91, 2, 2]), None);
    }
}
