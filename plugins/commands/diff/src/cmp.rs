//! `cmp`: the first byte that differs.

use std::io::Read;

use lexopt::{Arg, Parser, ValueExt};

use crate::{Stop, TROUBLE, stopped};

const HELP: &str = "\
Usage: cmp [OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]
-s nothing is printed   -l all bytes that differ   -b bytes are printed   -n LIMIT   -i SKIP[:SKIP2]
";

#[derive(Default)]
struct Options {
    silent: bool,
    lists: bool,
    shows_bytes: bool,
    most: Option<usize>,
    skips: [usize; 2],
    files: Vec<String>,
}

pub(crate) fn main(arguments: &[String]) -> i32 {
    match read(arguments) {
        Ok(options) => compare(&options).unwrap_or_else(|problem| {
            eprintln!("cmp: {problem}");
            TROUBLE
        }),
        Err(stop) => stopped("cmp", stop),
    }
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut parser = Parser::from_iter(arguments);
    let mut options = Options::default();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) => options.files.push(value.string()?),
            Arg::Short('s') | Arg::Long("quiet" | "silent") => options.silent = true,
            Arg::Short('l') | Arg::Long("verbose") => options.lists = true,
            Arg::Short('b') | Arg::Long("print-bytes") => options.shows_bytes = true,
            Arg::Short('n') | Arg::Long("bytes") => options.most = Some(parser.value()?.parse()?),
            Arg::Short('i') | Arg::Long("ignore-initial") => options.skips = skips(&parser.value()?.string()?)?,
            Arg::Long("help") => return Err(Stop::Said(HELP.into())),
            other => return Err(Stop::Problem(other.unexpected().to_string())),
        }
    }
    for (at, skip) in options.files.iter().skip(2).take(2).enumerate() {
        options.skips[at] = skips(skip)?[0];
    }
    options.files.truncate(2);
    match options.files.len() {
        0 => Err(Stop::Problem(format!("missing operand\n{HELP}"))),
        1 => {
            options.files.push("-".into());
            Ok(options)
        }
        _ => Ok(options),
    }
}

fn skips(text: &str) -> Result<[usize; 2], Stop> {
    let (first, second) = text.split_once(':').unwrap_or((text, text));
    let number =
        |text: &str| text.parse().map_err(|_| Stop::Problem(format!("invalid --ignore-initial value '{text}'")));
    Ok([number(first)?, number(second)?])
}

fn content(path: &str, skip: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = match path {
        "-" => std::io::stdin().lock().read_to_end(&mut bytes).map(drop),
        path => std::fs::read(path).map(|content| bytes = content),
    };
    read.map_err(|problem| format!("{path}: {}", posix::reason(&problem)))?;
    Ok(bytes.split_off(skip.min(bytes.len())))
}

fn compare(options: &Options) -> Result<i32, String> {
    let [first, second] = [0, 1].map(|at| content(&options.files[at], options.skips[at]));
    let (first, second) = (first?, second?);
    let most = options.most.unwrap_or(usize::MAX);
    let (first, second) = (&first[..first.len().min(most)], &second[..second.len().min(most)]);
    let differing = || first.iter().zip(second).enumerate().filter(|(_, (a, b))| a != b);
    let found = differing().next();
    match found {
        Some(_) if options.silent => {}
        Some(_) if options.lists => differing().for_each(|(at, (a, b))| println!("{} {a:o} {b:o}", at + 1)),
        Some((at, (a, b))) => println!("{}", difference(options, first, at, *a, *b)),
        None if first.len() == second.len() => return Ok(0),
        None => {}
    }
    if (found.is_none() || options.lists) && first.len() != second.len() && !options.silent {
        let (name, shorter) =
            if first.len() < second.len() { (&options.files[0], first) } else { (&options.files[1], second) };
        eprintln!("cmp: {}", early_end(name, shorter));
    }
    Ok(1)
}

fn difference(options: &Options, first: &[u8], at: usize, a: u8, b: u8) -> String {
    let line = first[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let bytes = if options.shows_bytes {
        format!(" is {a:3o} {} {b:3o} {}", (a as char).escape_default(), (b as char).escape_default())
    } else {
        String::new()
    };
    format!("{} {} differ: byte {}, line {line}{bytes}", options.files[0], options.files[1], at + 1)
}

fn early_end(name: &str, shorter: &[u8]) -> String {
    if shorter.is_empty() {
        return format!("EOF on {name} which is empty");
    }
    let lines = shorter.iter().filter(|byte| **byte == b'\n').count();
    match shorter.ends_with(b"\n") {
        true => format!("EOF on {name} after byte {}, line {lines}", shorter.len()),
        false => format!("EOF on {name} after byte {}, in line {}", shorter.len(), lines + 1),
    }
}
