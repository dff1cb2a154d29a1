//! A byte among many, looked for eight at a time: few lines are long enough for anything that takes longer to begin.

const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

pub(crate) fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    let everywhere = u64::from_ne_bytes([wanted; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let differences = u64::from_le_bytes(*word) ^ everywhere;
        // The lowest bit that is set here is that of the first byte that does not differ.
        let same = differences.wrapping_sub(LOW) & !differences & HIGH;
        if same != 0 {
            return Some(at * 8 + same.trailing_zeros() as usize / 8);
        }
    }
    rest.iter().position(|byte| *byte == wanted).map(|at| words.len() * 8 + at)
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
    }
}
