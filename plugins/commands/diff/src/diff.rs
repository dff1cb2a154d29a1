//! GNU diff.

mod changes;
mod files;
mod format;
mod options;
mod side;

use std::io::{BufWriter, Write};

use crate::{TROUBLE, stopped};

pub(crate) fn main(arguments: &[String]) -> i32 {
    let options = match options::read(arguments) {
        Ok(options) => options,
        Err(stop) => return stopped("diff", stop),
    };
    let mut out = BufWriter::with_capacity(64 * 1024, std::io::stdout());
    let result = files::compare(&options, &mut out).and_then(|differs| {
        out.flush().map_err(|problem| problem.to_string())?;
        Ok(differs)
    });
    match result {
        Ok(outcome) => outcome.code(),
        Err(problem) => {
            eprintln!("diff: {problem}");
            TROUBLE
        }
    }
}
