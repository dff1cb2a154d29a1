//! `install`: copies files to where a build puts them.

use std::fs;
use std::path::{Path, PathBuf};

use lexopt::{Arg, Parser, ValueExt};

use crate::Stop;

pub(crate) fn install(arguments: &[String]) -> Result<i32, Stop> {
    let (mut folders, mut makes_parents, mut target, mut files) = (false, false, None, Vec::new());
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('d') | Arg::Long("directory") => folders = true,
            Arg::Short('D') => makes_parents = true,
            Arg::Short('t') | Arg::Long("target-directory") => target = Some(parser.value()?.string()?),
            // Modes, owners, times and stripping, of which there is nothing to keep.
            Arg::Short('m' | 'o' | 'g') | Arg::Long("mode" | "owner" | "group") => drop(parser.value()?),
            Arg::Short('c' | 'p' | 's' | 'v' | 'C' | 'T') | Arg::Long("compare" | "verbose") => {}
            Arg::Value(value) => files.push(value.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if folders {
        files.iter().try_for_each(fs::create_dir_all)?;
        return Ok(0);
    }
    let target = match target.or_else(|| files.pop()) {
        Some(target) if !files.is_empty() => PathBuf::from(target),
        _ => return Err(Stop::Problem("missing file operand".into())),
    };
    let into_folder = target.is_dir() || files.len() > 1;
    for file in &files {
        let name = Path::new(file).file_name().unwrap_or_default();
        let to = if into_folder { target.join(name) } else { target.clone() };
        if let Some(parent) = to.parent().filter(|_| makes_parents) {
            fs::create_dir_all(parent)?;
        }
        fs::copy(file, &to).map_err(|problem| Stop::Problem(format!("'{file}': {}", posix::reason(&problem))))?;
    }
    Ok(0)
}
