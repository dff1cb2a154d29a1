//! `xxd` and `hexdump`: bytes as digits, and back.

use std::io::Write;

use lexopt::{Arg, Parser, ValueExt};

use crate::{Stop, input};

struct Options {
    skip: usize,
    length: usize,
    columns: Option<usize>,
    group: usize,
    plain: bool,
    reverse: bool,
    upper: bool,
    bits: bool,
    as_c: bool,
    canonical: bool,
    squeezes: bool,
    files: Vec<String>,
}

impl Options {
    fn new() -> Self {
        Self {
            skip: 0,
            length: usize::MAX,
            columns: None,
            group: 2,
            plain: false,
            reverse: false,
            upper: false,
            bits: false,
            as_c: false,
            canonical: false,
            squeezes: true,
            files: Vec::new(),
        }
    }

    fn bytes(&self, name: &str) -> (Vec<u8>, i32) {
        let (bytes, code) = input::of_all(name, &self.files);
        (bytes.into_iter().skip(self.skip).take(self.length).collect(), code)
    }
}

/// Decimal, or hexadecimal after 0x.
fn number(parser: &mut Parser) -> Result<usize, Stop> {
    let text = parser.value()?.string()?;
    let number = match text.strip_prefix("0x") {
        Some(digits) => usize::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| Stop::Problem(format!("invalid number '{text}'")))
}

/// xxd takes `-len 4` and `-l4` for the same.
fn one_letter(arguments: &[String]) -> Vec<String> {
    let short = |word: &String| match word.as_str() {
        "-len" => "-l".into(),
        "-cols" => "-c".into(),
        "-seek" | "-skip" => "-s".into(),
        "-plain" | "-ps" | "-postscript" => "-p".into(),
        "-revert" => "-r".into(),
        "-groupsize" => "-g".into(),
        "-include" => "-i".into(),
        "-bits" => "-b".into(),
        _ => word.clone(),
    };
    arguments.iter().map(short).collect()
}

pub(crate) fn xxd(arguments: &[String]) -> Result<i32, Stop> {
    let mut options = Options::new();
    let mut parser = Parser::from_iter(one_letter(arguments));
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('l') => options.length = number(&mut parser)?,
            Arg::Short('s') => options.skip = number(&mut parser)?,
            Arg::Short('c') => options.columns = Some(number(&mut parser)?).filter(|columns| *columns > 0),
            Arg::Short('g') => options.group = number(&mut parser)?,
            Arg::Short('p') => options.plain = true,
            Arg::Short('r') => options.reverse = true,
            Arg::Short('u') => options.upper = true,
            Arg::Short('i') => options.as_c = true,
            Arg::Short('b') => (options.bits, options.group) = (true, 1),
            Arg::Value(value) => options.files.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    // The second file is written into.
    let target = (options.files.len() > 1).then(|| options.files.remove(1));
    let (bytes, code) = options.bytes("xxd");
    let written = match () {
        () if options.reverse => reversed(&String::from_utf8_lossy(&bytes), options.plain),
        () if options.plain => plain(&bytes, &options).into_bytes(),
        () if options.as_c => c_array(&bytes, options.files.first()).into_bytes(),
        () => dumped(&bytes, &options).into_bytes(),
    };
    match target {
        Some(path) => std::fs::write(path, written)?,
        None => std::io::stdout().write_all(&written)?,
    }
    Ok(code)
}

fn digits(bytes: &[u8], options: &Options) -> String {
    let digit = |byte: &u8| match (options.bits, options.upper) {
        (true, _) => format!("{byte:08b}"),
        (false, true) => format!("{byte:02X}"),
        (false, false) => format!("{byte:02x}"),
    };
    bytes.iter().map(digit).collect()
}

fn plain(bytes: &[u8], options: &Options) -> String {
    bytes.chunks(options.columns.unwrap_or(30)).map(|line| format!("{}\n", digits(line, options))).collect()
}

fn printable(byte: &u8) -> char {
    if (b' '..=b'~').contains(byte) { *byte as char } else { '.' }
}

fn dumped(bytes: &[u8], options: &Options) -> String {
    let columns = options.columns.unwrap_or(if options.bits { 6 } else { 16 });
    let group = if options.group == 0 { columns } else { options.group };
    let each = if options.bits { 8 } else { 2 };
    let width = columns * each + columns.div_ceil(group) - 1;
    let line = |(at, line): (usize, &[u8])| {
        let groups: Vec<String> = line.chunks(group).map(|group| digits(group, options)).collect();
        let text: String = line.iter().map(printable).collect();
        format!("{:08x}: {:<width$}  {text}\n", options.skip + at * columns, groups.join(" "))
    };
    bytes.chunks(columns).enumerate().map(line).collect()
}

fn c_array(bytes: &[u8], file: Option<&String>) -> String {
    let line = |line: &[u8]| line.iter().map(|byte| format!("0x{byte:02x}")).collect::<Vec<_>>().join(", ");
    let lines: Vec<String> = bytes.chunks(12).map(|chunk| format!("  {}", line(chunk))).collect();
    let lines = lines.join(",\n");
    match file.filter(|file| *file != "-") {
        None => format!("{lines}\n"),
        Some(file) => {
            let name = file.replace(|character: char| !character.is_ascii_alphanumeric(), "_");
            format!("unsigned char {name}[] = {{\n{lines}\n}};\nunsigned int {name}_len = {};\n", bytes.len())
        }
    }
}

fn reversed(text: &str, plain: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in text.lines() {
        // Between the place and the two spaces before the text.
        let part = if plain { line } else { line.split_once(": ").map_or("", |(_, rest)| rest) };
        let part = if plain { part } else { part.split("  ").next().unwrap_or(part) };
        let digits: Vec<u32> = part.chars().filter_map(|character| character.to_digit(16)).collect();
        bytes.extend(digits.chunks_exact(2).map(|two| (two[0] * 16 + two[1]) as u8));
    }
    bytes
}

pub(crate) fn hexdump(arguments: &[String]) -> Result<i32, Stop> {
    let mut options = Options { canonical: place::name_of(arguments) == "hd", ..Options::new() };
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('C') | Arg::Long("canonical") => options.canonical = true,
            Arg::Short('n') | Arg::Long("length") => options.length = number(&mut parser)?,
            Arg::Short('s') | Arg::Long("skip") => options.skip = number(&mut parser)?,
            Arg::Short('v') | Arg::Long("no-squeezing") => options.squeezes = false,
            Arg::Short('x') => {}
            Arg::Value(value) => options.files.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let (bytes, code) = options.bytes("hexdump");
    std::io::stdout().write_all(hexdumped(&bytes, &options).as_bytes())?;
    Ok(code)
}

/// Lines that repeat the one before are one `*`.
fn hexdumped(bytes: &[u8], options: &Options) -> String {
    let width = if options.canonical { 8 } else { 7 };
    let (mut written, mut before, mut starred) = (String::new(), None, false);
    for (at, line) in bytes.chunks(16).enumerate() {
        if options.squeezes && before == Some(line) && line.len() == 16 {
            written.push_str(if starred { "" } else { "*\n" });
            starred = true;
            continue;
        }
        (before, starred) = (Some(line), false);
        let shown = if options.canonical { canonical(line) } else { words(line) };
        written.push_str(&format!("{:0width$x}{shown}\n", options.skip + at * 16));
    }
    if bytes.is_empty() { written } else { format!("{written}{:0width$x}\n", options.skip + bytes.len()) }
}

fn canonical(line: &[u8]) -> String {
    let half = |half: &[u8]| half.iter().map(|byte| format!(" {byte:02x}")).collect::<String>();
    let (first, second) = line.split_at(line.len().min(8));
    let text: String = line.iter().map(printable).collect();
    format!(" {:<24} {:<24}  |{text}|", half(first), half(second))
}

/// Two bytes each, the second one first.
fn words(line: &[u8]) -> String {
    line.chunks(2).map(|two| format!(" {:02x}{:02x}", two.get(1).copied().unwrap_or(0), two[0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xxd_shows_places_digits_and_text_and_takes_them_back() {
        let options = Options::new();
        let shown = dumped(b"hello\nworld 1234", &options);
        assert_eq!(shown, "00000000: 6865 6c6c 6f0a 776f 726c 6420 3132 3334  hello.world 1234\n");
        assert_eq!(reversed(&shown, false), b"hello\nworld 1234");
        assert_eq!(plain(b"hi", &options), "6869\n");
        assert_eq!(reversed("6869\n", true), b"hi");
        let short = "00000000: 6869                                     hi\n";
        assert_eq!(dumped(b"hi", &options), short);
    }

    #[test]
    fn hexdump_squeezes_what_repeats() {
        let canonical = Options { canonical: true, ..Options::new() };
        let shown = hexdumped(b"hi", &canonical);
        assert_eq!(shown, format!("00000000  68 69{}|hi|\n00000002\n", " ".repeat(45)));
        assert_eq!(
            hexdumped(&[0; 48], &Options::new()),
            "0000000 0000 0000 0000 0000 0000 0000 0000 0000\n*\n0000030\n"
        );
        assert_eq!(hexdumped(b"hi", &Options::new()), "0000000 6968\n0000002\n");
    }
}
