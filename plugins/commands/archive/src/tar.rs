//! GNU tar's command line.

mod create;
mod extract;
mod options;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::read::MultiGzDecoder;

use crate::Stop;
use options::{Mode, Options};

/// What tar ends with when something went wrong.
const TROUBLE: i32 = 2;

pub(crate) fn main(arguments: &[String]) -> i32 {
    let result = options::read(arguments).and_then(|options| match options.mode {
        Mode::Create => create::run(&options),
        Mode::Extract | Mode::List => extract::run(&options),
    });
    match result {
        Ok(clean) => {
            if clean {
                0
            } else {
                TROUBLE
            }
        }
        Err(Stop::Said(text)) => {
            print!("{text}");
            0
        }
        Err(Stop::Problem(problem)) => {
            eprintln!("tar: {problem}");
            TROUBLE
        }
    }
}

fn is_stream(path: Option<&str>) -> bool {
    matches!(path, None | Some("-"))
}

/// The archive that is read, unpacked if it is packed.
fn reader(options: &Options) -> Result<Box<dyn Read>, Stop> {
    let path = options.archive.as_deref();
    let raw: Box<dyn Read> = match path.filter(|_| !is_stream(path)) {
        None => Box::new(io::stdin()),
        Some(path) => {
            Box::new(File::open(path).map_err(|problem| Stop::Problem(format!("{path}: {}", posix::reason(&problem))))?)
        }
    };
    let mut raw = BufReader::with_capacity(64 * 1024, raw);
    let head = raw.fill_buf()?;
    if head.starts_with(b"\x1f\x8b") {
        return Ok(Box::new(MultiGzDecoder::new(raw)));
    }
    for (magic, name) in [(b"BZh".as_slice(), "bzip2"), (b"\xfd7zXZ", "xz"), (b"\x28\xb5\x2f\xfd", "zstd")] {
        if head.starts_with(magic) {
            return Err(Stop::Problem(format!(
                "the archive is compressed with {name}, which is not built in; gzip is"
            )));
        }
    }
    Ok(Box::new(raw))
}

fn writer(options: &Options) -> Result<Box<dyn Write>, Stop> {
    let path = options.archive.as_deref();
    Ok(match path.filter(|_| !is_stream(path)) {
        None => Box::new(io::stdout()),
        Some(path) => Box::new(
            File::create(path).map_err(|problem| Stop::Problem(format!("{path}: {}", posix::reason(&problem))))?,
        ),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn tar(words: &[&str]) -> i32 {
        let words: Vec<String> = std::iter::once("tar").chain(words.iter().copied()).map(str::to_owned).collect();
        main(&words)
    }

    fn text(path: &Path) -> &str {
        path.to_str().unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to, archive) = (folder.path().join("from"), folder.path().join("to"), folder.path().join("x.tgz"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("a/b/file"), "content").unwrap();
        fs::write(from.join("a/left.out"), "").unwrap();
        fs::write(from.join(format!("a/{}", "long".repeat(40))), "l").unwrap();
        assert_eq!(tar(&["-czf", text(&archive), "-C", text(&from), "--exclude", "*.out", "a"]), 0);
        assert_eq!(tar(&["xf", text(&archive), "-C", text(&to), "--strip-components=1"]), 0);
        assert_eq!(fs::read_to_string(to.join("b/file")).unwrap(), "content");
        assert!(to.join("long".repeat(40)).exists() && !to.join("left.out").exists());
    }

    #[test]
    fn only_the_members_that_are_named_are_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("x.tar");
        fs::create_dir_all(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/x"), "1").unwrap();
        fs::write(folder.path().join("y"), "2").unwrap();
        assert_eq!(tar(&["-cf", text(&archive), "-C", text(folder.path()), "a", "y"]), 0);
        let to = folder.path().join("to");
        fs::create_dir(&to).unwrap();
        assert_eq!(tar(&["-xf", text(&archive), "-C", text(&to), "a"]), 0);
        assert!(to.join("a/x").exists() && !to.join("y").exists());
        assert_eq!(tar(&["-xf", text(&archive), "-C", text(&to), "missing"]), TROUBLE);
    }

    /// An archive with one member of this kind, which the library would not write by itself.
    fn hostile(path: &Path, name: &str, kind: ::tar::EntryType, target: &str) {
        let mut header = ::tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(0o644);
        header.set_cksum();
        let mut builder = ::tar::Builder::new(File::create(path).unwrap());
        builder.append(&header, io::empty()).unwrap();
        builder.finish().unwrap();
    }

    #[test]
    fn members_that_lead_out_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (archive, to) = (folder.path().join("x.tar"), folder.path().join("to"));
        fs::create_dir(&to).unwrap();
        for (name, kind, target) in [
            ("../out", ::tar::EntryType::Regular, ""),
            ("link", ::tar::EntryType::Symlink, "../../etc/passwd"),
            ("link", ::tar::EntryType::Symlink, "/etc/passwd"),
            ("hard", ::tar::EntryType::Link, "../out"),
        ] {
            hostile(&archive, name, kind, target);
            assert_eq!(tar(&["-xf", text(&archive), "-C", text(&to)]), TROUBLE, "{name} {target}");
        }
        assert!(!folder.path().join("out").exists() && fs::read_dir(&to).unwrap().next().is_none());
    }
}
