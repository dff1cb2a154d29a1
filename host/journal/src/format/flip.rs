//! A flipped bit, told from everything else that may be wrong with bytes: their CRC knows which bit it is.
//!
//! CRC32C is linear. Each bit of a message changes the sum in a way of its own, whatever the other bits are, so a sum
//! that is wrong in just that way is the work of that bit; other errors look like it about once in 2³² / bits times.

use super::{Salt, u32_at};

/// CRC-32C (Castagnoli), reflected: what the last bit of a message does to the sum. RFC 3720, appendix B.4.
const POLYNOMIAL: u32 = 0x82F6_3B78;
const SUM: usize = 4;

/// The only bit of a message of `bytes` bytes that changes its sum by `difference`.
fn culprit(difference: u32, bytes: usize) -> Option<usize> {
    let mut change = POLYNOMIAL;
    for bit in (0..bytes * 8).rev() {
        if change == difference {
            return Some(bit);
        }
        change = (change >> 1) ^ if change & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    None
}

/// The bit of `bytes`, counted from the first, but for which they would have the checksum `sum`.
pub(crate) fn in_message(bytes: &[u8], sum: u32, salt: Salt) -> Option<usize> {
    culprit(salt.checksum(bytes) ^ sum, bytes.len())
}

/// The bit of `sealed` but for which the checksum in its last 4 bytes would fit.
pub(crate) fn in_sealed(sealed: &[u8], salt: Salt) -> Option<usize> {
    let length = sealed.len() - SUM;
    let difference = salt.checksum(&sealed[..length]) ^ u32_at(sealed, length);
    let in_sum = (difference.count_ones() == 1).then(|| length * 8 + difference.trailing_zeros() as usize);
    in_sum.or_else(|| culprit(difference, length))
}

/// What the bytes were before `bit` was flipped.
pub(crate) fn undone<const N: usize>(mut bytes: [u8; N], bit: usize) -> [u8; N] {
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = Salt(0xDEAD_BEEF);

    fn sealed() -> [u8; 40] {
        let mut bytes: [u8; 40] = std::array::from_fn(|at| (at * at) as u8);
        let sum = SALT.checksum(&bytes[..36]).to_le_bytes();
        bytes[36..].copy_from_slice(&sum);
        bytes
    }

    #[test]
    fn whichever_bit_it_is_it_is_found() {
        let whole = sealed();
        for bit in 0..whole.len() * 8 {
            let hit = undone(whole, bit);
            assert_eq!(in_sealed(&hit, SALT), Some(bit));
            let in_payload = in_message(&hit[..36], u32_at(&whole, 36), SALT);
            assert_eq!(in_payload, Some(bit).filter(|bit| *bit < 36 * 8));
        }
    }

    #[test]
    fn what_is_whole_or_lacks_more_has_no_such_bit() {
        assert_eq!(in_sealed(&sealed(), SALT), None);
        let mut torn = sealed();
        torn[20..].fill(0);
        assert_eq!(in_sealed(&torn, SALT), None);
        assert_eq!(in_sealed(&undone(undone(sealed(), 27), 240), SALT), None);
    }
}
