//! What is in a folder, by names and kinds alone. The C library asks the host for each entry's inode too, which costs as much as
//! a `stat` of it.

use std::io;
use std::path::Path;

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub name: String,
    pub kind: Kind,
}

/// What an entry is; a link is one whatever it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    File,
    Folder,
    Link,
    /// A device, or something that has gone meanwhile.
    Other,
}

/// The entries of a folder in the order of their names, without `.` and `..`.
pub fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    // What the host refuses is asked for again in the C library's way, which knows the words for it.
    let mut entries = asked(folder).map_or_else(|| listed(folder), Ok)?;
    entries.sort_unstable();
    Ok(entries)
}

fn listed(folder: &Path) -> io::Result<Vec<Entry>> {
    let entry = |entry: io::Result<std::fs::DirEntry>| {
        let entry = entry?;
        let kind = entry.file_type().map_or(Kind::Other, kind);
        Ok(Entry { name: entry.file_name().to_string_lossy().into_owned(), kind })
    };
    std::fs::read_dir(folder)?.map(entry).collect()
}

fn kind(kind: std::fs::FileType) -> Kind {
    match (kind.is_file(), kind.is_dir(), kind.is_symlink()) {
        (true, ..) => Kind::File,
        (_, true, _) => Kind::Folder,
        (.., true) => Kind::Link,
        _ => Kind::Other,
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn asked(_: &Path) -> Option<Vec<Entry>> {
    None
}

#[cfg(target_arch = "wasm32")]
fn asked(folder: &Path) -> Option<Vec<Entry>> {
    use wasip2::filesystem::types::{DescriptorFlags, DescriptorType, OpenFlags, PathFlags};
    ROOT.with(|root| {
        let below = below_root(folder)?;
        let (links, folders, reading) = (PathFlags::SYMLINK_FOLLOW, OpenFlags::DIRECTORY, DescriptorFlags::READ);
        let folder = root.as_ref()?.open_at(links, &below, folders, reading).ok()?;
        let stream = folder.read_directory().ok()?;
        let mut entries = Vec::new();
        while let Some(entry) = stream.read_directory_entry().ok()? {
            let kind = match entry.type_ {
                DescriptorType::RegularFile => Kind::File,
                DescriptorType::Directory => Kind::Folder,
                DescriptorType::SymbolicLink => Kind::Link,
                _ => Kind::Other,
            };
            entries.push(Entry { name: entry.name, kind });
        }
        Some(entries)
    })
}

#[cfg(target_arch = "wasm32")]
thread_local! {
    /// The one folder that a command is given, which everything is below.
    static ROOT: Option<wasip2::filesystem::types::Descriptor> = wasip2::filesystem::preopens::get_directories()
        .into_iter()
        .find_map(|(descriptor, name)| (name == "/").then_some(descriptor));
}

/// A path as the root's own descriptor takes it.
#[cfg(target_arch = "wasm32")]
fn below_root(path: &Path) -> Option<String> {
    let path = std::env::current_dir().ok()?.join(path);
    let words: Vec<&str> = path.components().skip(1).filter_map(|word| word.as_os_str().to_str()).collect();
    Some(if words.is_empty() { ".".into() } else { words.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_the_order_of_their_names_with_their_kinds() {
        let folder = std::env::temp_dir().join(format!("place-entries-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("b")).unwrap();
        std::fs::write(folder.join("a"), "").unwrap();
        let found = entries(&folder).unwrap();
        let expected = [("a", Kind::File), ("b", Kind::Folder)];
        assert_eq!(found, expected.map(|(name, kind)| Entry { name: name.into(), kind }));
        assert_eq!(entries(&folder.join("c")).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
