//! Bodies that came compressed.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// What `--compressed` asks for.
pub(crate) const ACCEPTED: &str = "deflate, gzip";

/// The body as it was before, or nothing where it is not known how.
pub(crate) fn decoded<'a>(encoding: &str, mut body: impl Read + 'a) -> Option<Box<dyn Read + 'a>> {
    match encoding.trim().to_lowercase().as_str() {
        "" | "identity" => Some(Box::new(body)),
        "gzip" | "x-gzip" => Some(Box::new(MultiGzDecoder::new(body))),
        "deflate" => {
            // Some servers leave zlib's two bytes out.
            let mut first = [0];
            let read = body.read(&mut first).unwrap_or(0);
            let whole = std::io::Cursor::new(first).take(read as u64).chain(body);
            let zlib = first[0] & 0x0f == 8;
            Some(if zlib { Box::new(ZlibDecoder::new(whole)) } else { Box::new(DeflateDecoder::new(whole)) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn read(encoding: &str, body: impl Read) -> String {
        let mut text = String::new();
        decoded(encoding, body).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn gzip_and_both_kinds_of_deflate_are_what_they_were() {
        let text = || "some text".as_bytes();
        assert_eq!(read("", text()), "some text");
        assert_eq!(read("GZIP", GzEncoder::new(text(), Compression::fast())), "some text");
        assert_eq!(read("deflate", ZlibEncoder::new(text(), Compression::fast())), "some text");
        assert_eq!(read("deflate", DeflateEncoder::new(text(), Compression::fast())), "some text");
        assert!(decoded("br", text()).is_none());
    }
}
