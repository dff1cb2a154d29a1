//! Permissions. WASI has none: what is in the sandbox may be read and written. So a file's mode is told from what it is.

use std::fs::Metadata;
use std::io::Read;
use std::path::Path;

/// What `chmod`, `stat`, `find -perm` and `tar` say of a file: folders 755, links 777, files 644, and 755 for a file that says
/// which interpreter runs it, since that is what makes it executable here.
pub fn of(path: &Path, metadata: &Metadata) -> u32 {
    if metadata.is_symlink() {
        LINK
    } else if metadata.is_dir() {
        EXECUTABLE
    } else if metadata.is_file() {
        of_file(&start(path).unwrap_or_default())
    } else {
        READABLE
    }
}

/// Of links; of folders, and files that say which interpreter runs them; of other files.
pub const LINK: u32 = 0o777;
pub const EXECUTABLE: u32 = 0o755;
pub const READABLE: u32 = 0o644;

/// Of a file that begins so.
pub fn of_file(start: &[u8]) -> u32 {
    if start.starts_with(b"#!") { EXECUTABLE } else { READABLE }
}

fn start(path: &Path) -> std::io::Result<[u8; 2]> {
    let mut start = [0; 2];
    std::fs::File::open(path)?.read_exact(&mut start)?;
    Ok(start)
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
