//! Paths as callers write them: relative to the workspace. The host keeps tools inside it whatever the path; here is where the
//! caller is told what is wrong with one.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Where the host puts the workspace.
pub(crate) const WORKSPACE: &str = "/workspace";

/// A path that stays in the workspace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inside(String);

impl Inside {
    /// Reads a caller's path; `.`, `..` and doubled slashes are resolved by their text alone.
    pub(crate) fn parse(path: &str) -> skep::Result<Self> {
        let mut parts = Vec::new();
        for component in Path::new(path).components() {
            match component {
                Component::Normal(part) => parts.push(part.to_string_lossy()),
                Component::CurDir => {}
                Component::ParentDir if parts.pop().is_some() => {}
                Component::ParentDir => {
                    return Err(format!("`{path}` leaves the workspace; paths are relative to its root").into());
                }
                Component::RootDir | Component::Prefix(_) => return Err(absolute(path).into()),
            }
        }
        Ok(Self(if parts.is_empty() { ".".to_owned() } else { parts.join("/") }))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as this component's file system has it.
    pub(crate) fn on_disk(&self) -> PathBuf {
        Path::new(WORKSPACE).join(&self.0)
    }

    /// An input/output error that names the path.
    pub(crate) fn failed(&self, error: &io::Error) -> skep::Error {
        let hint = match error.kind() {
            io::ErrorKind::NotFound if self.0.contains(char::REPLACEMENT_CHARACTER) => {
                "there is nothing of this name; if it comes from `glob` or `grep`, U+FFFD in it stands for a byte that is \
                 not UTF-8, and wasi, which this tool reaches files through, has no path for such a name"
                    .to_owned()
            }
            io::ErrorKind::NotFound => "there is nothing of this name".to_owned(),
            io::ErrorKind::IsADirectory => "it is a folder; `list` shows what is in it".to_owned(),
            io::ErrorKind::NotADirectory => "a part of the path is a file and not a folder".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "not permitted: the environment may grant the workspace for reading only, or a link leads out of it"
                    .to_owned()
            }
            _ => error.to_string(),
        };
        format!("`{}`: {hint}", self.0).into()
    }
}

fn absolute(path: &str) -> String {
    match Path::new(path).strip_prefix(WORKSPACE) {
        Ok(rest) => format!("`{path}` is absolute; paths are relative to the workspace, so write `{}`", rest.display()),
        Err(_) => format!(
            "`{path}` is absolute; paths are relative to the workspace, and nothing outside of it can be reached"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(path: &str) -> Result<String, String> {
        Inside::parse(path).map(|inside| inside.0).map_err(|error| error.to_string())
    }

    #[test]
    fn paths_are_resolved_by_their_text() {
        assert_eq!(parsed("src/./a//b/../c.rs"), Ok("src/a/c.rs".into()));
        assert_eq!(parsed(""), Ok(".".into()));
        assert_eq!(parsed("./"), Ok(".".into()));
        assert_eq!(parsed("a/.."), Ok(".".into()));
    }

    #[test]
    fn a_path_that_leaves_the_workspace_is_refused() {
        for path in ["..", "a/../../b", "../workspace/a"] {
            assert!(parsed(path).is_err_and(|error| error.contains("leaves the workspace")), "{path}");
        }
    }

    #[test]
    fn an_absolute_path_is_refused_and_the_right_one_named() {
        assert!(parsed("/etc/passwd").is_err_and(|error| error.contains("nothing outside of it")));
        assert!(parsed("/workspace/src/a.rs").is_err_and(|error| error.contains("write `src/a.rs`")));
    }
}
