//! The entries of a folder, one by one. The standard library ends a listing at the first name that is not UTF-8; the stream below
//! it goes on.

use std::io::{self, ErrorKind};

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorType, DirectoryEntryStream, ErrorCode, OpenFlags, PathFlags,
};

use crate::path::{Inside, WORKSPACE};

/// What is in one folder.
pub(crate) struct Names {
    stream: DirectoryEntryStream,
}

/// One entry of a folder.
pub(crate) enum Named {
    /// It can be opened by its name.
    Utf8 { name: String, kind: &'static str },
    /// Paths of wasi are UTF-8, so this one has none.
    Other,
}

impl Names {
    pub(crate) fn of(folder: &Inside) -> io::Result<Self> {
        let granted = get_directories().into_iter().find(|(_, name)| name == WORKSPACE);
        let (workspace, _) = granted.ok_or(ErrorKind::NotFound)?;
        let open = |workspace: &Descriptor| {
            workspace
                .open_at(PathFlags::SYMLINK_FOLLOW, folder.as_str(), OpenFlags::DIRECTORY, DescriptorFlags::READ)?
                .read_directory()
        };
        Ok(Self { stream: open(&workspace).map_err(failed)? })
    }
}

impl Iterator for Names {
    type Item = io::Result<Named>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.stream.read_directory_entry() {
            Ok(entry) => entry.map(|entry| Ok(Named::Utf8 { name: entry.name, kind: kind_of(entry.type_) })),
            Err(ErrorCode::IllegalByteSequence) => Some(Ok(Named::Other)),
            Err(code) => Some(Err(failed(code))),
        }
    }
}

fn failed(code: ErrorCode) -> io::Error {
    match code {
        ErrorCode::NoEntry => ErrorKind::NotFound.into(),
        ErrorCode::NotDirectory => ErrorKind::NotADirectory.into(),
        ErrorCode::Access | ErrorCode::NotPermitted => ErrorKind::PermissionDenied.into(),
        code => io::Error::other(code.message()),
    }
}

const fn kind_of(kind: DescriptorType) -> &'static str {
    match kind {
        DescriptorType::RegularFile => "file",
        DescriptorType::Directory => "directory",
        DescriptorType::SymbolicLink => "symlink",
        _ => "other",
    }
}
