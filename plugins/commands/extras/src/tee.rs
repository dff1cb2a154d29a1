//! `tee`. uutils' writes to `/dev/stderr` and `/dev/stdout` as if they were files, which they are not here.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};

use crate::{Stop, complain};

pub(crate) fn tee(arguments: &[String]) -> Result<i32, Stop> {
    let (mut appends, mut only_files, mut code) = (false, false, 0);
    let mut outputs: Vec<(String, Box<dyn Write>)> = vec![("standard output".into(), Box::new(io::stdout()))];
    for word in &arguments[1..] {
        match word.as_str() {
            "--" if !only_files => only_files = true,
            "-a" | "--append" if !only_files => appends = true,
            "-i" | "-p" | "--ignore-interrupts" if !only_files => {}
            "-ai" | "-ia" if !only_files => appends = true,
            option if !only_files && option.starts_with("--output-error") => {}
            option if !only_files && option.len() > 1 && option.starts_with('-') => {
                return Err(Stop::Problem(format!("invalid option '{option}'")));
            }
            path => match open(path, appends) {
                Ok(output) => outputs.push((path.to_owned(), output)),
                Err(problem) => code = complain("tee", path, &problem),
            },
        }
    }
    copy(&mut outputs, code)
}

fn open(path: &str, appends: bool) -> io::Result<Box<dyn Write>> {
    Ok(match path {
        "/dev/stdout" | "/dev/fd/1" => Box::new(io::stdout()),
        "/dev/stderr" | "/dev/fd/2" => Box::new(io::stderr()),
        _ => Box::new(OpenOptions::new().write(true).create(true).append(appends).truncate(!appends).open(path)?),
    })
}

/// One output that fails is given up, and the others get the rest.
fn copy(outputs: &mut Vec<(String, Box<dyn Write>)>, mut code: i32) -> Result<i32, Stop> {
    let mut bytes = vec![0; 64 * 1024];
    let mut input = io::stdin().lock();
    while !outputs.is_empty() {
        let count = input.read(&mut bytes)?;
        if count == 0 {
            break;
        }
        outputs.retain_mut(|(name, output)| {
            // Whoever is behind a pipe sees at once what came through it.
            let written = output.write_all(&bytes[..count]).and_then(|()| output.flush());
            written.map_err(|problem| code = complain("tee", name, &problem)).is_ok()
        });
    }
    Ok(code)
}
