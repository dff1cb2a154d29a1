//! `[[directories]]`: folders of this machine in the root of a run.

use std::path::Path;

use skep_model::Access;
use skep_toml::{Section, one_of};

/// A folder of this machine, seen by tools and commands beside the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    /// The folder, absolute.
    pub path: String,
    /// Where it is in the run's root, absolute.
    pub at: String,
    /// [`Access::Read`] unless the file says otherwise, and never [`Access::None`].
    pub access: Access,
}

/// The most of one file.
const DIRECTORIES: usize = 32;
const ACCESS: &[(&str, Access)] = &[("read", Access::Read), ("write", Access::Write)];
/// What a root has of its own.
const OWN: &[&str] = &["workspace", "tmp", "dev", "proc", "sys", "usr", "bin", "etc"];
/// What no guest has any business with, whoever grants it.
const KERNEL: &[&str] = &["/proc", "/sys", "/dev"];

/// All `[[directories]]`.
pub(crate) fn directories(root: &mut Section<'_>) -> Vec<Directory> {
    let mut directories: Vec<Directory> = Vec::new();
    for mut section in root.sections("directories") {
        let directory = Directory {
            path: section.need("path", folder),
            at: section.need("at", place),
            access: section.get("access", one_of(ACCESS)).unwrap_or(Access::Read),
        };
        for other in directories.iter().filter(|_| !directory.path.is_empty() && !directory.at.is_empty()) {
            for (one, two) in [(&other.path, &directory.path), (&other.at, &directory.at)] {
                if Path::new(one).starts_with(two) || Path::new(two).starts_with(one) {
                    section.problem(format!("{two:?} and {one:?} above are one folder or one in the other"));
                }
            }
        }
        if directories.len() == DIRECTORIES {
            section.problem(format!("there are at most {DIRECTORIES}"));
        }
        directories.push(directory);
    }
    directories
}

fn folder(text: &str) -> Result<String, String> {
    let path = absolute(text)?;
    if path == "/" || KERNEL.iter().any(|kernel| Path::new(&path).starts_with(kernel)) {
        return Err(format!("{text:?} is the machine itself and no folder to give away"));
    }
    Ok(path)
}

fn place(text: &str) -> Result<String, String> {
    let path = absolute(text)?;
    match path.split('/').nth(1) {
        None | Some("") => Err(format!("{text:?} is the whole root; write a folder in it, such as \"/data\"")),
        Some(first) if OWN.contains(&first) => {
            Err(format!("/{first} is the root's own; write another, such as \"/data\""))
        }
        Some(_) => Ok(path),
    }
}

/// In the one spelling that a path has without empty names. Links are the business of whoever opens it.
fn absolute(text: &str) -> Result<String, String> {
    let odd = text.len() > 4096 || text.contains(|c: char| c.is_control() || c == '\\');
    let names: Vec<_> = text.split('/').filter(|name| !name.is_empty()).collect();
    if odd || !text.starts_with('/') || names.iter().any(|name| matches!(*name, "." | "..")) {
        return Err(format!(
            "{text:?} must be absolute, such as \"/srv/data\", without . and .. and control characters"
        ));
    }
    Ok(format!("/{}", names.join("/")))
}
