//! `sort -c`. uutils' checks in a thread, of which there is none here; so the input is sorted stably and held against itself.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::applets::Applet;

/// Options that take a value, as a rest of the word or as the next argument.
const VALUED: &[char] = &['k', 't', 'S', 'T', 'o'];
const LONG_VALUED: &[&str] = &[
    "--key",
    "--field-separator",
    "--buffer-size",
    "--temporary-directory",
    "--output",
    "--sort",
    "--parallel",
    "--batch-size",
    "--compress-program",
    "--random-source",
    "--files0-from",
];

const DISORDER: i32 = 1;
const TROUBLE: i32 = 2;

/// What a command line says besides that it checks.
#[derive(Debug, Default, PartialEq, Eq)]
struct Check {
    options: Vec<String>,
    files: Vec<String>,
    checks: bool,
    silent: bool,
}

impl Check {
    fn read(arguments: &[String]) -> Self {
        let mut check = Self::default();
        let mut words = arguments.iter().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--" => check.files.extend(words.by_ref().cloned()),
                "--check" | "--check=diagnose-first" => check.checks = true,
                "--check=quiet" | "--check=silent" => (check.checks, check.silent) = (true, true),
                long if long.starts_with("--") => {
                    check.options.push(word.clone());
                    if LONG_VALUED.contains(&long) {
                        check.options.extend(words.next().cloned());
                    }
                }
                short if short.len() > 1 && short.starts_with('-') => {
                    let end = short.find(VALUED).unwrap_or(short.len());
                    let (flags, value) = short[1..].split_at(end - 1);
                    check.checks |= flags.contains(['c', 'C']);
                    check.silent |= flags.contains('C');
                    let kept = format!("-{}{value}", flags.replace(['c', 'C'], ""));
                    check.options.extend((kept != "-").then_some(kept));
                    if value.chars().count() == 1 {
                        check.options.extend(words.next().cloned());
                    }
                }
                file => check.files.push(file.to_owned()),
            }
        }
        check
    }
}

/// The code of a check; nothing if the words ask for something else.
pub(crate) fn check(arguments: &[String], sort: Applet) -> Option<i32> {
    let check = Check::read(arguments);
    if !check.checks {
        return None;
    }
    if let [_, extra, ..] = check.files.as_slice() {
        eprintln!("sort: extra operand '{extra}' not allowed with -c");
        return Some(TROUBLE);
    }
    let name = check.files.first().map_or("-", String::as_str);
    let sorting = Sorting { options: &check.options, sort, folder: folder() };
    let result = input(name).and_then(|bytes| Ok((sorting.first_disorder(&bytes)?, bytes)));
    sorting.remove();
    Some(match result {
        Ok((Ok(None), _)) => 0,
        Ok((Ok(Some(at)), bytes)) => {
            if !check.silent {
                let line = bytes.split(|byte| *byte == b'\n').nth(at).unwrap_or_default();
                eprintln!("sort: {name}:{}: disorder: {}", at + 1, String::from_utf8_lossy(line));
            }
            DISORDER
        }
        // It has said what it does not understand.
        Ok((Err(code), _)) => code,
        Err(problem) => {
            eprintln!("sort: open failed: {name}: {}", posix::reason(&problem));
            TROUBLE
        }
    })
}

/// WASI itself knows of no folder for what is soon gone.
fn folder() -> PathBuf {
    env::var_os("TMPDIR").map_or_else(|| "/tmp".into(), PathBuf::from)
}

fn input(name: &str) -> io::Result<Vec<u8>> {
    if name != "-" {
        return fs::read(name);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

struct Sorting<'a> {
    options: &'a [String],
    sort: Applet,
    folder: PathBuf,
}

impl Sorting<'_> {
    /// The number of the first line, from 0, that does not come after the one before it.
    fn first_disorder(&self, bytes: &[u8]) -> io::Result<Result<Option<usize>, i32>> {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        // So many lines are in order, and so many are not; the number that is sought lies between.
        let (mut ordered, mut disordered) = (0, lines.len() + 1);
        let mut next = lines.len();
        while ordered + 1 < disordered {
            match self.is_ordered(&lines[..next])? {
                Ok(true) => ordered = next,
                Ok(false) => disordered = next,
                Err(code) => return Ok(Err(code)),
            }
            next = ordered + (disordered - ordered) / 2;
        }
        Ok(Ok((ordered < lines.len()).then_some(ordered)))
    }

    fn is_ordered(&self, lines: &[&[u8]]) -> io::Result<Result<bool, i32>> {
        let mut bytes = lines.concat();
        if !bytes.ends_with(b"\n") && !bytes.is_empty() {
            bytes.push(b'\n');
        }
        let [given, sorted] = self.files();
        fs::write(&given, &bytes)?;
        let path = |path: &Path| OsString::from(path);
        let words = ["sort", "-s", "-o"].map(OsString::from).into_iter().chain([path(&sorted)]);
        let words = words.chain(self.options.iter().map(OsString::from)).chain([path(&given)]);
        match (self.sort)(words.collect::<Vec<_>>().into_iter()) {
            0 => Ok(Ok(fs::read(&sorted)? == bytes)),
            code => Ok(Err(code)),
        }
    }

    fn files(&self) -> [PathBuf; 2] {
        let number = place::numbers().0;
        ["given", "sorted"].map(|name| self.folder.join(format!(".sort-{number}-{name}")))
    }

    fn remove(&self) {
        // One that was never made is as good as removed.
        self.files().iter().for_each(|file| fs::remove_file(file).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Check {
        Check::read(&line.split(' ').map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_check_is_told_from_the_values_of_options() {
        assert!(read("sort -nc x").checks && read("sort --check x").checks && !read("sort -k c -tc x").checks);
        assert_eq!(read("sort -Cnk2 -t , x").options.join(" "), "-nk2 -t ,");
        assert_eq!(read("sort -c -- -r").files, ["-r"]);
    }

    #[test]
    fn the_first_line_that_is_out_of_order_is_found() {
        let options = ["-n".to_owned()];
        let sorting = Sorting { options: &options, sort: uu_sort::uumain, folder: folder() };
        assert_eq!(sorting.first_disorder(b"1\n5\n10\n7\n8\n2\n").unwrap(), Ok(Some(3)));
        assert_eq!(sorting.first_disorder(b"1\n2\n2").unwrap(), Ok(None));
        sorting.remove();
    }
}
