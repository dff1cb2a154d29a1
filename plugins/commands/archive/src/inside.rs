//! Keeps what an archive holds inside the folder that it is unpacked in.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The path below the folder, without what makes it absolute; nothing if it leads out.
pub(crate) fn relative(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => inside.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            Component::ParentDir => return None,
        }
    }
    Some(inside)
}

/// Whether a link at `path`, which is below the folder, leads to something that is too.
pub(crate) fn link_stays(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

/// Whether a link stands in the way, through which something might be written elsewhere.
pub(crate) fn passes_link(folder: &Path, path: &Path) -> bool {
    let parents = path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty());
    parents
        .map(|parent| folder.join(parent))
        .any(|parent| fs::symlink_metadata(parent).is_ok_and(|metadata| metadata.is_symlink()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_are_refused() {
        assert_eq!(relative(Path::new("./a/b")), Some("a/b".into()));
        assert_eq!(relative(Path::new("/etc/x")), Some("etc/x".into()));
        assert_eq!(relative(Path::new("a/../../x")), None);
    }

    #[test]
    fn links_stay_below_the_folder() {
        assert!(link_stays(Path::new("a/b/link"), Path::new("../c")));
        assert!(!link_stays(Path::new("a/link"), Path::new("../../c")));
        assert!(!link_stays(Path::new("link"), Path::new("/etc/passwd")));
    }
}
