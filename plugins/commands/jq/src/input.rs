//! The values that the filter is run over.

use std::io::{self, Cursor, Read};

use jaq_all::json::{Val, read};

use crate::options::Options;

type Input = Result<Val, String>;

/// Each file is read when its values are asked for.
pub(crate) fn of(options: &Options) -> Box<dyn Iterator<Item = Input> + '_> {
    let contents = sources(options).map(|source| content(source));
    match (options.raw_input, options.slurp) {
        (false, false) => Box::new(contents.flat_map(values)),
        (false, true) => once(move || contents.flat_map(values).collect::<Result<Val, _>>()),
        (true, false) => Box::new(contents.flat_map(lines)),
        (true, true) => once(move || Ok(Val::utf8_str(contents.collect::<Result<Vec<_>, _>>()?.concat()))),
    }
}

fn once<'a>(make: impl FnOnce() -> Input + 'a) -> Box<dyn Iterator<Item = Input> + 'a> {
    Box::new(std::iter::once_with(make))
}

/// Standard input, which is nothing here, if no file is named; `-` names it.
fn sources(options: &Options) -> impl Iterator<Item = Option<&str>> {
    let alone = options.files.is_empty().then_some(None);
    alone.into_iter().chain(options.files.iter().map(|file| (file != "-").then_some(file.as_str())))
}

fn content(source: Option<&str>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    match source {
        None => io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes).map_err(|problem| problem.to_string()),
        Some(path) => {
            std::fs::read(path).map_err(|problem| format!("Could not open file {path}: {}", posix::reason(&problem)))
        }
    }
}

fn values(content: Result<Vec<u8>, String>) -> Box<dyn Iterator<Item = Input>> {
    match content {
        Ok(bytes) => {
            Box::new(read::read_many(Cursor::new(bytes)).map(|value| value.map_err(|problem| problem.to_string())))
        }
        Err(problem) => Box::new(std::iter::once(Err(problem))),
    }
}

fn lines(content: Result<Vec<u8>, String>) -> Vec<Input> {
    match content {
        Ok(bytes) => String::from_utf8_lossy(&bytes).lines().map(|line| Ok(Val::from(line.to_owned()))).collect(),
        Err(problem) => vec![Err(problem)],
    }
}
