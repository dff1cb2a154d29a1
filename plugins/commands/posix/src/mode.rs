//! Permissions. WASI has none: what is in the sandbox may be read and written. So a file's mode is told from what it is.

use std::fs::Metadata;
use std::io::Read;
use std::path::Path;

/// What `chmod`, `stat`, `find -perm` and `tar` say of a file: folders 755, links 777, files 644, and 755 for a file that says
/// which interpreter runs it, since that is what makes it executable here.
pub fn of(path: &Path, metadata: &Metadata) -> u32 {
    if metadata.is_symlink() {
        0o777
    } else if metadata.is_dir() || (metadata.is_file() && names_interpreter(path)) {
        0o755
    } else {
        0o644
    }
}

fn names_interpreter(path: &Path) -> bool {
    let mut start = [0; 2];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"#!"
}

/// As `ls -l` writes it: `-rw-r--r--`.
pub fn written(kind: char, mode: u32) -> String {
    let bits = (0..9).rev().map(|bit| if mode >> bit & 1 == 1 { ['x', 'w', 'r'][bit as usize % 3] } else { '-' });
    std::iter::once(kind).chain(bits).collect()
}

/// `d`, `l` or `-`, as `ls -l` writes it.
pub fn kind(metadata: &Metadata) -> char {
    match (metadata.is_symlink(), metadata.is_dir()) {
        (true, _) => 'l',
        (_, true) => 'd',
        _ => '-',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_names_its_interpreter_is_executable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        assert_eq!(of(&path, &path.metadata().unwrap()), 0o755);
        std::fs::write(&path, "text").unwrap();
        assert_eq!(of(&path, &path.metadata().unwrap()), 0o644);
    }

    #[test]
    fn a_mode_is_written_as_ls_does() {
        assert_eq!(written('-', 0o644), "-rw-r--r--");
        assert_eq!(written('d', 0o755), "drwxr-xr-x");
    }
}
