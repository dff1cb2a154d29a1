//! Components and folders for tests.

use std::fs;
use std::path::{Path, PathBuf};

use skep_image::{ImageError, Progress, Reference, Registry, Store, Terms, Transfer};
use tempfile::TempDir;

/// A folder for one test, with an image folder and a store in it.
pub(crate) struct Scene {
    folder: TempDir,
}

/// A component that does nothing and differs from others by its content.
pub(crate) fn component(content: &str) -> Vec<u8> {
    let custom = [&[1, b'x'], content.as_bytes()].concat();
    let mut length = custom.len();
    let mut section = vec![0];
    while length >= 0x80 {
        section.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    section.push(length as u8);
    [b"\0asm\x0d\0\x01\0", section.as_slice(), &custom].concat()
}

pub(crate) const UNIX: &str = r#"
name = "unix"
version = "0.1.0"
description = "Some of what a Unix has"

[env]
PATH = "/usr/bin:/bin"

[[commands]]
component = "coreutils.wasm"
names = ["cat", "cp", "ls"]

[[commands]]
component = "bin/sh.wasm"
names = ["sh", "bash"]
"#;

impl Scene {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A scene with the image folder `unix`.
    pub(crate) fn unix() -> Self {
        let scene = Self::new();
        scene.file("unix/image.toml", UNIX);
        scene.file("unix/coreutils.wasm", component("coreutils"));
        scene.file("unix/bin/sh.wasm", component("sh"));
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(self.path("images"))
    }

    /// The names of all files below a folder of the store.
    pub(crate) fn kept(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = walk(&self.path("images").join(folder));
        names.sort();
        names
    }
}

fn walk(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap());
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

pub(crate) fn reference(text: impl AsRef<str>) -> Reference {
    text.as_ref().parse().unwrap()
}

pub(crate) fn pull(terms: Terms, store: &Store, text: impl AsRef<str>) -> Result<Transfer, ImageError> {
    let mut ignored = |_: Progress| {};
    Registry::new(terms, None).pull(store, &reference(text), &mut ignored)
}
