//! Changes of the work tree: files written and removed as a tree has them, and what must not be lost by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::Stop;
use crate::repository::{Entry, LINK, Repository, SUBMODULE, Side, names_only};
use crate::stat::is_executable;

type Files = BTreeMap<Vec<u8>, Entry>;

/// Makes the files those of `side`, given what they are now and what is to be.
pub(crate) fn write(repository: &Repository, side: &Side, now: &Files, wanted: &Files) -> Result<(), Stop> {
    for path in now.keys().filter(|path| !wanted.contains_key(*path)) {
        remove(repository, path)?;
    }
    for (path, entry) in wanted {
        let same = now.get(path).is_some_and(|now| now.mode == entry.mode && now.id == entry.id);
        if !same {
            write_file(repository, side, entry)?;
        }
    }
    Ok(())
}

/// Writes one file as `side` has it.
pub(crate) fn write_file(repository: &Repository, side: &Side, entry: &Entry) -> Result<(), Stop> {
    let path = repository.file(&entry.path);
    let cannot = |error: std::io::Error| unwritable(&path, &error);
    if entry.mode == SUBMODULE {
        return fs::create_dir_all(&path).map_err(cannot);
    }
    let content = repository.content(side, &entry.path)?;
    make_room(repository, &path).map_err(cannot)?;
    if entry.mode == LINK {
        let linked = rustix::fs::symlink(String::from_utf8_lossy(&content).as_ref(), &path);
        return linked.map_err(|error| cannot(error.into()));
    }
    fs::write(&path, content).map_err(cannot)?;
    if is_executable(entry.mode) {
        repository.set_executable(&entry.path, true)?;
    }
    Ok(())
}

/// Writes a file with this content. Folders come to be, and a file in the place of one is an error.
pub(crate) fn put_file(repository: &Repository, path: &[u8], content: &[u8], executable: bool) -> Result<(), Stop> {
    let file = repository.file(path);
    let written = make_folders(repository, &file).and_then(|()| fs::write(&file, content));
    written.map_err(|error| unwritable(&file, &error))?;
    repository.set_executable(path, executable)
}

/// Makes a link, in the place of one that is there.
pub(crate) fn put_link(repository: &Repository, path: &[u8], target: &[u8]) -> Result<(), Stop> {
    let link = repository.file(path);
    let failed = |error: std::io::Error| unwritable(&link, &error);
    make_folders(repository, &link).map_err(failed)?;
    if fs::symlink_metadata(&link).is_ok_and(|metadata| !metadata.is_dir()) {
        fs::remove_file(&link).map_err(failed)?;
    }
    rustix::fs::symlink(String::from_utf8_lossy(target).as_ref(), &link).map_err(|error| failed(error.into()))
}

/// The top is there, and can't be made.
fn make_folders(repository: &Repository, path: &Path) -> std::io::Result<()> {
    let above = path.parent().filter(|folder| *folder != Path::new(&repository.top) && !folder.is_dir());
    above.map_or(Ok(()), |folder| make_folders(repository, folder).and_then(|()| fs::create_dir(folder)))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Stop {
    Stop::fatal(format!("cannot write '{}': {error}", path.display()))
}

/// What stands where a file has to be goes, a folder only if it is empty; the folders above it come to be.
fn make_room(repository: &Repository, path: &Path) -> std::io::Result<()> {
    let top = Path::new(&repository.top);
    let above: Vec<_> = path.ancestors().skip(1).take_while(|folder| *folder != top).collect();
    for folder in above.into_iter().rev() {
        match fs::symlink_metadata(folder) {
            Ok(metadata) if metadata.is_dir() => continue,
            Ok(_) => fs::remove_file(folder)?,
            Err(_) => {}
        }
        fs::create_dir(folder)?;
    }
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

/// Removes a file, and the folders that are empty without it.
pub(crate) fn remove(repository: &Repository, path: &[u8]) -> Result<(), Stop> {
    let path = repository.file(path);
    let removed = match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir(&path),
        Ok(_) => fs::remove_file(&path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::DirectoryNotEmpty
            ) => {}
        removed => removed.map_err(|error| Stop::fatal(format!("cannot remove '{}': {error}", path.display())))?,
    }
    let top = Path::new(&repository.top);
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != top) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// The paths that differ between HEAD, the index and the work tree.
pub(crate) fn unsaved(repository: &Repository) -> Result<BTreeSet<Vec<u8>>, Stop> {
    let mut paths = BTreeSet::new();
    for (old, new) in [(repository.head_side()?, Side::Staged), (Side::Staged, Side::Files)] {
        let found = repository.differences(&old, &new, &names_only(Vec::new()))?;
        paths.extend(found.into_iter().map(|difference| difference.new_path));
    }
    Ok(paths)
}
