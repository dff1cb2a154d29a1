//! `uuidgen`.

use std::fs::File;
use std::io::Read;
use std::time::SystemTime;

use crate::Stop;

pub(crate) fn uuidgen(arguments: &[String]) -> Result<i32, Stop> {
    let mut by_time = false;
    for word in &arguments[1..] {
        match word.as_str() {
            "-r" | "--random" => by_time = false,
            // Of the kinds that begin with the time, the newest.
            "-t" | "--time" | "-7" | "--time-v7" => by_time = true,
            other => return Err(Stop::Problem(format!("unknown option '{other}'"))),
        }
    }
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    if by_time {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        bytes[..6].copy_from_slice(&now.as_millis().to_be_bytes()[10..]);
    }
    println!("{}", written(bytes, if by_time { 7 } else { 4 }));
    Ok(0)
}

/// RFC 9562: the version and the variant take six of the bits.
fn written(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_variant_are_written_into_the_bytes() {
        assert_eq!(written([0xff; 16], 4), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
