//! Where things are when nobody says where.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::exit::{Exit, problem};

/// The data folder: what was asked for, or the user's own place for data (XDG base directory specification 0.8).
pub(crate) fn data_folder(wanted: Option<&Path>) -> Result<PathBuf> {
    if let Some(folder) = wanted {
        return Ok(std::path::absolute(folder)?);
    }
    default_data_folder(|name| std::env::var_os(name)).ok_or_else(|| {
        problem(Exit::Usage, "there is no home folder to put a data folder into; name one with --data or SKEP_DATA")
    })
}

fn default_data_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("skep"))
}

/// The built-in plugins: where packages put them, or where cargo and xtask build them. Never the current folder, which
/// may be somebody else's.
pub(crate) fn built_in_plugins() -> Option<PathBuf> {
    built_in("plugins")
}

/// The same of images.
pub(crate) fn built_in_images() -> Option<PathBuf> {
    built_in("images")
}

fn built_in(kind: &str) -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.parent()?;
    let places = [folder.join("../share/skep"), folder.join("../guests")];
    places.iter().filter_map(|place| place.join(kind).canonicalize().ok()).find(|place| place.is_dir())
}

/// The command as it was typed, for hints that can be copied: a path below the current folder is shortened, and a data
/// folder that only this command line names comes with it.
pub(crate) fn command(data: Option<&Path>) -> String {
    let typed = std::env::args().next().unwrap_or_default();
    let here = std::env::current_dir().unwrap_or_default();
    let name = Path::new(&typed).strip_prefix(&here).map_or(typed.clone(), |path| path.display().to_string());
    match data.filter(|data| std::env::var_os("SKEP_DATA").is_none_or(|variable| variable != *data)) {
        Some(data) => format!("{name} --data {}", data.display()),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_is_where_the_xdg_specification_wants_it() {
        let with = |pairs: &'static [(&str, &str)]| {
            default_data_folder(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        assert_eq!(with(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]), Some("/x/skep".into()));
        assert_eq!(with(&[("XDG_DATA_HOME", "relative"), ("HOME", "/h")]), Some("/h/.local/share/skep".into()));
        assert_eq!(with(&[]), None);
    }
}
