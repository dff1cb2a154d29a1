//! `patch`: applies differences to files.

mod apply;
mod files;
mod options;
mod read;

use std::io::Read;

use crate::{TROUBLE, stopped};
use options::Options;

pub(crate) fn main(arguments: &[String]) -> i32 {
    let options = match options::read(arguments) {
        Ok(options) => options,
        Err(stop) => return stopped("patch", stop),
    };
    match run(&options) {
        Ok(clean) => i32::from(!clean),
        Err(problem) => {
            eprintln!("patch: **** {problem}");
            TROUBLE
        }
    }
}

/// Whether everything could be applied.
fn run(options: &Options) -> Result<bool, String> {
    let text = input(options)?;
    if let Some(folder) = &options.folder {
        let failed = |problem| format!("Can't change to directory {folder} : {}", posix::reason(&problem));
        std::env::set_current_dir(folder).map_err(failed)?;
    }
    let patches = read::all(&text)?;
    if patches.is_empty() && !text.trim_ascii().is_empty() {
        return Err("Only garbage was found in the patch input.".into());
    }
    let mut clean = true;
    for patch in patches {
        let patch = if options.reverse { patch.reversed() } else { patch };
        clean &= files::apply(&patch, options)?;
    }
    Ok(clean)
}

fn input(options: &Options) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    match options.input.as_deref() {
        None | Some("-") => std::io::stdin().lock().read_to_end(&mut bytes).map(drop).map_err(|e| e.to_string())?,
        Some(path) => {
            let failed = |problem| format!("Can't open patch file {path} : {}", posix::reason(&problem));
            bytes = std::fs::read(path).map_err(failed)?;
        }
    }
    Ok(bytes)
}
