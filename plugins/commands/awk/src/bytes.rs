//! Bytes among many, looked for eight at a time: few lines are long enough for anything that takes longer to begin.

const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// Where a byte is that is wanted.
pub(crate) fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    let everywhere = u64::from_ne_bytes([wanted; 8]);
    // The lowest bit that is set here is that of the first byte that does not differ.
    let same = |word: u64| (word ^ everywhere).wrapping_sub(LOW) & !(word ^ everywhere);
    first(bytes, same, |byte| byte == wanted)
}

/// Where a byte is that separates fields by itself: a blank or the end of a line.
pub(crate) fn blank(bytes: &[u8]) -> Option<usize> {
    const NO_BLANK: u64 = u64::from_ne_bytes([b' ' + 1; 8]);
    first(bytes, |word| word.wrapping_sub(NO_BLANK) & !word, is_blank)
}

pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// The first of the bytes that is one of those, of which `hint` sets the highest bit, if it may of others too.
#[inline(always)]
fn first(bytes: &[u8], hint: impl Fn(u64) -> u64, is_it: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let mut hints = hint(u64::from_le_bytes(*word)) & HIGH;
        while hints != 0 {
            let inside = hints.trailing_zeros() as usize / 8;
            if is_it(word[inside]) {
                return Some(at * 8 + inside);
            }
            hints &= hints - 1;
        }
    }
    rest.iter().position(|byte| is_it(*byte)).map(|at| words.len() * 8 + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_is_found_wherever_it_is() {
        for at in 0..40 {
            let mut bytes = [b'a' - 1; 48];
            (bytes[at], bytes[at + 1], bytes[47]) = (b'a', b'a', b'a');
            assert_eq!(position(&bytes, b'a'), Some(at));
        }
        assert_eq!((position(&[0x80; 20], 0), position(b"", 0)), (None, None));
        assert_eq!((blank(b"\x01\x1f\r!\x80\xa0zz\x0b\tbcdefghi"), blank(b"no blank at all")), (Some(9), Some(2)));
    }
}
