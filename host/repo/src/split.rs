//! An index that is split over two files: a large one that stays as it is, and the difference to it.

use crate::RepoError;
use crate::index::{Bytes, Entry};

/// The entries of both. `link` says which of `base` are deleted, and which are replaced by the first of `own`; these
/// have no path of their own. The others are new, or stand for those with the same path.
pub(crate) fn join(base: Vec<Entry>, own: Vec<Entry>, mut link: Bytes<'_, '_>) -> Result<Vec<Entry>, RepoError> {
    let (deleted, replaced) = match link.is_empty() {
        true => (vec![false; base.len()], vec![false; base.len()]),
        false => (bits(&mut link, base.len())?, bits(&mut link, base.len())?),
    };
    let mut own = own.into_iter();
    let mut joined = Vec::with_capacity(base.len());
    for ((mut entry, deleted), replaced) in base.into_iter().zip(deleted).zip(replaced) {
        if replaced {
            let path = entry.path;
            entry = own.next().ok_or_else(|| link.broken())?;
            entry.path = path;
        }
        if !deleted {
            joined.push(entry);
        }
    }
    let added: Vec<Entry> = own.collect();
    let mut paths: Vec<&[u8]> = added.iter().map(|entry| entry.path.as_slice()).collect();
    paths.sort_unstable();
    joined.retain(|entry| paths.binary_search(&entry.path.as_slice()).is_err());
    joined.extend(added);
    Ok(joined)
}

/// A compressed bitmap as git stores it (EWAH): markers that say how many words of equal bits come, and how many words
/// follow that are written out.
fn bits(bytes: &mut Bytes<'_, '_>, length: usize) -> Result<Vec<bool>, RepoError> {
    let mut bits = vec![false; length];
    let (_, mut words) = (bytes.number()?, bytes.number()?);
    let mut at = 0;
    while words > 0 {
        let marker = bytes.word()?;
        let (ones, run, written) = (marker & 1 == 1, (marker >> 1) & u64::from(u32::MAX), (marker >> 33) as u32);
        words = words.checked_sub(1 + written).ok_or_else(|| bytes.broken())?;
        let end = at + run as usize * 64;
        if ones {
            bits.get_mut(at..end).ok_or_else(|| bytes.broken())?.fill(true);
        }
        at = end;
        for _ in 0..written {
            let word = bytes.word()?;
            for bit in (0..64).filter(|bit| word >> bit & 1 == 1) {
                *bits.get_mut(at + bit).ok_or_else(|| bytes.broken())? = true;
            }
            at += 64;
        }
    }
    // Where the last marker is, for those who add to it.
    bytes.number()?;
    Ok(bits)
}
