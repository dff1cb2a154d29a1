//! Values as they are stored: a checksum over key and value, then the value.
//!
//! sled checks what it reads from disk, but not that a value is the one that was asked for; with the key in the checksum,
//! a value that ended up under another key is caught too.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

const CHECKSUM: usize = 4;

pub(crate) fn seal<T: Serialize>(key: &[u8], value: &T) -> Result<Vec<u8>, Error> {
    let mut sealed = postcard::to_extend(value, vec![0; CHECKSUM]).map_err(Error::broken)?;
    let checksum = check(key, &sealed[CHECKSUM..]);
    sealed[..CHECKSUM].copy_from_slice(&checksum);
    Ok(sealed)
}

pub(crate) fn open<T: DeserializeOwned>(key: &[u8], sealed: &[u8]) -> Result<T, Error> {
    let damaged = || Error::broken(format!("the value of key {} does not check", hex(key)));
    let (checksum, value) = sealed.split_at_checked(CHECKSUM).ok_or_else(damaged)?;
    if checksum != check(key, value) {
        return Err(damaged());
    }
    postcard::from_bytes(value).map_err(|_| damaged())
}

fn check(key: &[u8], value: &[u8]) -> [u8; CHECKSUM] {
    crc32c::crc32c_append(crc32c::crc32c(key), value).to_le_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_only_good_under_its_own_key_and_whole() {
        let sealed = seal(b"a", &(7_u32, "seven")).unwrap();
        assert_eq!(open::<(u32, String)>(b"a", &sealed).unwrap(), (7, "seven".to_owned()));
        assert!(open::<(u32, String)>(b"b", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 4;
            assert!(open::<(u32, String)>(b"a", &flipped).is_err(), "byte {at}");
            assert!(open::<(u32, String)>(b"a", &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}
