//! How a command's paths are meant: below one root, whose devices the host serves itself.

use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{Descriptor, File, OpenMode};

/// The folders of every root. Nothing else is in it, and nothing else can be put there.
pub(crate) const FOLDERS: [&str; 3] = ["workspace", "tmp", "dev"];
/// The devices of every root. Programs send to the first what nobody wants, and take zeros and chance from the others.
const DEVICES: [&str; 4] = ["dev/null", "dev/zero", "dev/random", "dev/urandom"];

/// Makes the folders of a root below `path`, which may be there already. The workspace is the caller's to make.
///
/// # Errors
/// The file system refuses.
pub fn lay_out(path: &Path) -> std::io::Result<()> {
    for folder in FOLDERS.iter().filter(|folder| **folder != "workspace") {
        std::fs::create_dir_all(path.join(folder))?;
    }
    // So that they can be seen; whoever opens one gets this machine's own.
    DEVICES.iter().try_for_each(|device| std::fs::File::create(path.join(device)).map(drop))
}

/// The device at a path below the root.
pub(crate) fn device(below: &Path) -> Option<&'static str> {
    DEVICES.into_iter().find(|device| below == Path::new(device))
}

/// This machine's device of that name, whatever lies at its place in the root. Nobody adds to its randomness.
pub(crate) fn open_device(device: &str) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().read(true).write(!is_random(device)).open(Path::new("/").join(device))
}

/// The root of a command.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    /// Device and inode of the folder.
    id: (u64, u64),
    /// The directory of a command that does not know where it is: on wasip2 every program believes to be in `/`, unless it was
    /// built to look at `PWD`. What such a one opens as `/name` was `name` before its library made it absolute.
    directory: Option<PathBuf>,
}

impl Root {
    /// The root at `folder`, for a command that starts in `directory`.
    pub(crate) fn new(folder: &std::fs::File, directory: Option<&str>) -> std::io::Result<Self> {
        let directory = directory.map(|directory| within(Path::new(directory)));
        Ok(Self { id: id(folder)?, directory })
    }

    fn is(&self, folder: &std::fs::File) -> bool {
        id(folder).is_ok_and(|id| id == self.id)
    }

    /// What `path` means below `folder`.
    pub(crate) fn resolve(&self, folder: &std::fs::File, path: String) -> String {
        let leaves = path.starts_with("..");
        if !leaves && self.directory.is_none() || !self.is(folder) {
            return path;
        }
        let Some(directory) = &self.directory else { return text(&within(Path::new(&path)), &path) };
        let first = Path::new(&path).components().find(|part| *part != Component::CurDir);
        let of_root = |part: Component<'_>| FOLDERS.iter().any(|folder| part.as_os_str() == *folder);
        if !leaves && first.is_some_and(of_root) {
            return path;
        }
        text(&within(&directory.join(&path)), &path)
    }

    /// Whether `path` is an entry of the root itself.
    pub(crate) fn is_part(&self, folder: &std::fs::File, path: &str) -> bool {
        within(Path::new(path)).components().count() == 1 && self.is(folder)
    }

    /// The device that `path` means below `folder`.
    pub(crate) fn device(&self, folder: &std::fs::File, path: &str) -> Option<&'static str> {
        device(Path::new(path)).filter(|_| self.is(folder))
    }
}

/// Whether what is read from this device is randomness.
pub(crate) fn is_random(device: &str) -> bool {
    device.ends_with("random")
}

/// A descriptor of a device.
pub(crate) fn of_device(device: &str) -> std::io::Result<Descriptor> {
    let mode = if is_random(device) { OpenMode::READ } else { OpenMode::READ | OpenMode::WRITE };
    Ok(Descriptor::File(File::new(open_device(device)?, FsPerms::ReadWrite, mode, true)))
}

/// The file that a descriptor is open on, when it is a folder.
pub(crate) fn folder(descriptor: &Descriptor) -> Option<Arc<std::fs::File>> {
    match descriptor {
        Descriptor::Dir(folder) => Some(Arc::clone(&folder.dir)),
        Descriptor::File(_) => None,
    }
}

fn id(folder: &std::fs::File) -> std::io::Result<(u64, u64)> {
    let meta = folder.metadata()?;
    Ok((meta.dev(), meta.ino()))
}

/// The path as one relative to the root. `..` at the root stays there, as on Unix.
fn within(path: &Path) -> PathBuf {
    let mut within = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => within.push(name),
            Component::ParentDir => drop(within.pop()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    within
}

/// A trailing slash says that the path is a folder's, so it stays.
fn text(within: &Path, asked: &str) -> String {
    let mut text = within.to_string_lossy().into_owned();
    if text.is_empty() {
        return ".".into();
    }
    if asked.ends_with('/') {
        text.push('/');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_what_it_would_mean_to_a_kernel() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        let (open, other) = (std::fs::File::open(folder.path()).unwrap(), folder.path().join("tmp"));
        let other = std::fs::File::open(other).unwrap();
        let knows = Root::new(&open, None).unwrap();
        for (path, meant) in [("../../etc", "etc"), ("..", "."), ("a/../b", "a/../b"), ("x", "x"), (".", ".")] {
            assert_eq!(knows.resolve(&open, path.into()), meant, "{path}");
        }
        let lost = Root::new(&open, Some("/workspace/src")).unwrap();
        for (path, meant) in [
            ("lib.rs", "workspace/src/lib.rs"),
            ("../x", "workspace/x"),
            ("../../../x", "x"),
            (".", "workspace/src"),
            ("tmp/x", "tmp/x"),
            ("new/", "workspace/src/new/"),
            ("./workspace/y", "./workspace/y"),
        ] {
            assert_eq!(lost.resolve(&open, path.into()), meant, "{path}");
        }
        assert_eq!(lost.resolve(&other, "../x".into()), "../x");
        assert!(
            knows.is_part(&open, "workspace/") && knows.is_part(&open, "tmp/../x") && !knows.is_part(&open, "tmp/x")
        );
        assert_eq!((knows.device(&open, "dev/zero"), knows.device(&other, "dev/zero")), (Some("dev/zero"), None));
        assert_eq!(knows.device(&open, "dev/sda"), None);
    }
}
