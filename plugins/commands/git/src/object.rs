//! `git cat-file`: what an object is, and its content.

use std::io::Write as _;

use crate::Stop;
use crate::arguments::unknown;
use crate::date::Moment;
use crate::pretty::when;
use crate::quote::{Style, quoted};
use crate::repository::{Commit, Person, Repository, Side};
use crate::tree;

pub(crate) fn cat_file(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let (what, name) = match arguments {
        [what, name] => (what.as_str(), name.as_str()),
        [batch] if batch.starts_with("--batch") => {
            return Err(Stop::fatal("objects are shown one at a time here: git cat-file -p NAME"));
        }
        _ => return Err(Stop::usage("usage: git cat-file (-t | -s | -e | -p | <type>) <object>")),
    };
    if !matches!(what, "-t" | "-s" | "-e" | "-p" | "blob" | "commit" | "tree" | "tag") {
        let invalid = || Stop::fatal(format!("invalid object type \"{what}\""));
        return Err(if what.starts_with('-') { unknown(what) } else { invalid() });
    }
    let Some((id, kind)) = repository.resolve(name) else { return Err(no_object(name)) };
    match what {
        "-e" => {}
        "-t" => println!("{kind}"),
        "-s" => println!("{}", size(repository, name, &id, &kind)?),
        "-p" if kind == "tree" => print!("{}", listing(repository, name)?),
        "tree" => return Err(Stop::fatal("git cat-file -p shows a tree; its bytes are not handed over")),
        wanted if wanted != "-p" && wanted != kind => {
            return Err(Stop::fatal(format!("git cat-file {name}: bad file")));
        }
        _ if kind == "blob" => std::io::stdout().write_all(&blob(repository, name)?)?,
        _ => std::io::stdout().write_all(&raw(&repository.commit(&id)?))?,
    }
    Ok(0)
}

fn no_object(name: &str) -> Stop {
    let is_content = name.len() >= 4 && name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hint = "\nhint: files and folders are found here by their path: REVISION:PATH";
    Stop::fatal(format!("Not a valid object name {name}{}", if is_content { hint } else { "" }))
}

/// The content of a file in a revision or in the index.
pub(crate) fn blob(repository: &Repository, name: &str) -> Result<Vec<u8>, Stop> {
    let (base, path) = name.split_once(':').unwrap_or((name, ""));
    let side = if base.is_empty() { Side::Staged } else { Side::Revision(base.to_owned()) };
    repository.content(&side, path.as_bytes())
}

fn size(repository: &Repository, name: &str, id: &str, kind: &str) -> Result<usize, Stop> {
    Ok(match kind {
        "blob" => blob(repository, name)?.len(),
        "commit" => raw(&repository.commit(id)?).len(),
        // Of each entry the mode, a space, the name, a zero and twenty bytes.
        _ => {
            let rows = tree::listed(repository, name)?.into_iter();
            rows.map(|row| format!("{:o}", row.mode).len() + row.path.len() + 22).sum()
        }
    })
}

fn listing(repository: &Repository, name: &str) -> Result<String, Stop> {
    let rows = tree::listed(repository, name)?.into_iter();
    let line = |row: tree::Row| format!("{}\t{}\n", row.label(), quoted(&row.path, Style::Plain));
    Ok(rows.map(line).collect())
}

/// A commit as git keeps it.
fn raw(commit: &Commit) -> Vec<u8> {
    let person = |role: &str, person: &Person| {
        let moment: Moment = when(person);
        format!("{role} {} <{}> {}\n", person.name, person.email, moment.shown("raw"))
    };
    let parents: String = commit.parents.iter().map(|parent| format!("parent {parent}\n")).collect();
    let people = person("author", &commit.author) + &person("committer", &commit.committer);
    [format!("tree {}\n{parents}{people}\n", commit.tree).as_bytes(), &commit.message].concat()
}
