//! `git init`, which finds what there is.

use crate::Stop;
use crate::arguments::{Argument, Arguments, Global, unknown};
use crate::repository::Repository;

pub(crate) fn init(global: Global, arguments: &[String]) -> Result<i32, Stop> {
    let (mut quiet, mut folder) = (false, ".".to_owned());
    let mut arguments = Arguments::new(arguments, "b");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => folder = word,
            Argument::Option(option) => match option.as_str() {
                "-q" | "--quiet" => quiet = true,
                "-b" | "--initial-branch=" | "--initial-branch" => drop(arguments.value(&option)?),
                _ => return Err(unknown(&option)),
            },
        }
    }
    let elsewhere = || {
        Stop::fatal(
            "git init: repositories are brought in by the host, and a folder in one is part of it; \
             outside of one, `diff -ru OLD NEW` compares folders",
        )
    };
    std::env::set_current_dir(&folder).map_err(|_| elsewhere())?;
    let repository = Repository::find(global).map_err(|_| elsewhere())?;
    if !repository.prefix.is_empty() {
        return Err(elsewhere());
    }
    if !quiet {
        println!("Reinitialized existing Git repository in {}/.git/", repository.top);
    }
    Ok(0)
}
