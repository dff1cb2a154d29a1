//! The removal of a workspace, however deep a guest made it: a folder in it is emptied by moving what it holds up to
//! the top, so that no path is ever longer than two names and no more than three folders are open.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, renameat, unlinkat};
use rustix::io::Errno;

use crate::{RepoError, beneath};

/// Removes a workspace and everything in it. Links are removed and not followed; nothing there is nothing to do.
///
/// # Errors
/// Something can't be removed.
pub fn remove(workspace: &Path) -> Result<(), RepoError> {
    let metadata = match workspace.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata.map_err(RepoError::write(workspace))?,
    };
    let removed = if metadata.is_dir() { remove_folder(workspace) } else { std::fs::remove_file(workspace) };
    removed.map_err(RepoError::write(workspace))
}

fn remove_folder(path: &Path) -> io::Result<()> {
    let top = beneath::root(path)?;
    let mut moved = 0_u64;
    loop {
        let folders = remove_files(&top)?;
        if folders.is_empty() {
            return std::fs::remove_dir(path);
        }
        for name in folders {
            let folder = beneath::folder(&top, Path::new(&name))?;
            for below in remove_files(&folder)? {
                move_up(&folder, &below, &top, &mut moved)?;
            }
            unlinkat(&top, &name, AtFlags::REMOVEDIR)?;
        }
    }
}

/// Removes all that is no folder, and names the folders.
fn remove_files(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let mut folders = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        match unlinkat(folder, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR | Errno::PERM) => folders.push(name.to_owned()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(folders)
}

fn move_up(from: &OwnedFd, name: &OsStr, top: &OwnedFd, moved: &mut u64) -> io::Result<()> {
    loop {
        *moved += 1;
        match renameat(from, name, top, format!(".removed-{moved}")) {
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_deeper_than_any_path_is_removed_and_links_are_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        let canary = outside.path().join("canary");
        std::fs::write(&canary, "still here").unwrap();
        let workspace = outside.path().join("workspace");
        std::fs::create_dir_all(workspace.join(".removed-1/x")).unwrap();
        std::os::unix::fs::symlink(outside.path(), workspace.join("link")).unwrap();
        let mut folder = beneath::root(&workspace).unwrap();
        let name = "n".repeat(255);
        for _ in 0..40 {
            rustix::fs::mkdirat(&folder, &name, beneath::NEW_FOLDER).unwrap();
            folder = beneath::folder(&folder, Path::new(&name)).unwrap();
            drop(beneath::new_file(&folder, OsStr::new("file"), false).unwrap());
        }
        remove(&workspace).unwrap();
        assert!(!workspace.exists() && canary.exists());
        remove(&workspace).unwrap();
    }
}
