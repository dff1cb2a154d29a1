//! `git rev-parse`.

use crate::Stop;
use crate::repository::Repository;

pub(crate) fn rev_parse(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (mut short, mut abbreviated, mut verify, mut quiet) = (None, false, false, false);
    for argument in arguments {
        match argument.as_str() {
            "--show-toplevel" => println!("{}", repository.top),
            "--show-prefix" => println!("{}", repository.prefix),
            "--show-cdup" => println!("{}", "../".repeat(repository.prefix.matches('/').count())),
            "--is-inside-work-tree" => println!("true"),
            "--is-inside-git-dir" | "--is-bare-repository" | "--is-shallow-repository" => println!("false"),
            "--git-dir" | "--absolute-git-dir" | "--git-common-dir" => {
                return Err(Stop::fatal("the git data stands outside of the workspace; ask git for what is in it"));
            }
            "--abbrev-ref" => abbreviated = true,
            "--short" => short = Some(None),
            "--verify" => verify = true,
            "-q" | "--quiet" => quiet = true,
            "--" | "--revs-only" | "--no-flags" | "--symbolic-full-name" => {}
            option if option.starts_with("--short=") => short = Some(option[8..].parse::<usize>().ok()),
            option if option.starts_with('-') => println!("{option}"),
            revision if abbreviated => println!("{}", name(repository, revision)?),
            revision => {
                let Some((id, _)) = repository.resolve(revision) else {
                    return unknown(revision, verify, quiet);
                };
                match short {
                    Some(None) => println!("{}", repository.short(&id)),
                    Some(Some(length)) => println!("{}", id.get(..length.clamp(4, id.len())).unwrap_or(&id)),
                    None => println!("{id}"),
                }
            }
        }
    }
    Ok(0)
}

fn unknown(revision: &str, verify: bool, quiet: bool) -> Result<i32, Stop> {
    match (verify, quiet) {
        (true, true) => Ok(1),
        (true, false) => Err(Stop::fatal("Needed a single revision")),
        (false, _) => {
            println!("{revision}");
            Err(Stop::fatal(format!(
                "ambiguous argument '{revision}': unknown revision or path not in the working tree.\n\
                 Use '--' to separate paths from revisions, like this:\n'git <command> [<revision>...] -- [<file>...]'"
            )))
        }
    }
}

fn name(repository: &Repository, revision: &str) -> Result<String, Stop> {
    if revision == "HEAD" || revision == "@" {
        let head = repository.head()?;
        if head.commit.is_none() {
            return Err(Stop::fatal("ambiguous argument 'HEAD': unknown revision or path not in the working tree."));
        }
        return Ok(head.branch.unwrap_or_else(|| "HEAD".to_owned()));
    }
    Ok(revision.to_owned())
}
