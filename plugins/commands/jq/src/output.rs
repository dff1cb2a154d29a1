//! How a value is written.

use std::io::{self, Write};

use jaq_all::json::write::{Pp, Styles};
use jaq_all::json::{Val, write};

use crate::options::Options;

pub(crate) fn write(out: &mut impl Write, options: &Options, value: &Val) -> io::Result<()> {
    match value {
        Val::TStr(text) | Val::BStr(text) if options.raw_output => out.write_all(text)?,
        _ if options.ascii => {
            let mut bytes = Vec::new();
            write::write(&mut bytes, &printer(options), 0, value)?;
            out.write_all(escaped(&String::from_utf8_lossy(&bytes)).as_bytes())?;
        }
        _ => write::write(out, &printer(options), 0, value)?,
    }
    out.write_all(options.end.as_bytes())
}

fn printer(options: &Options) -> Pp {
    Pp {
        indent: options.indent.clone(),
        sort_keys: options.sort_keys,
        styles: if options.colors { Styles::ansi() } else { Styles::default() },
        sep_space: options.indent.is_some(),
    }
}

/// What is not ASCII, as JSON's escapes.
fn escaped(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            ascii.push(character);
            continue;
        }
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            ascii.push_str(&format!("\\u{unit:04x}"));
        }
    }
    ascii
}
