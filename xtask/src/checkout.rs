//! Where things are in this checkout, and where they are cached outside it.

use std::path::{Path, PathBuf};

pub(crate) struct Checkout {
    pub(crate) root: PathBuf,
}

impl Checkout {
    /// The checkout whose cargo started this program. Asked at run time, since checkouts may share a target folder and
    /// with it this very binary.
    pub(crate) fn here() -> Self {
        let xtask = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Self { root: Path::new(&xtask).parent().unwrap_or(Path::new(".")).to_path_buf() }
    }

    /// Built guests, as the host and the tests read them.
    pub(crate) fn guests(&self) -> PathBuf {
        self.root.join("target/guests")
    }

    /// One target folder for all guests, so that the standard library and what comes from crates.io are compiled once, where
    /// there is a build cache for all checkouts.
    pub(crate) fn guest_build(&self) -> PathBuf {
        build_cache().unwrap_or_else(|| self.root.join("target")).join("guest-build")
    }

    /// Guest workspaces whose members become components, where they exist.
    pub(crate) fn component_workspaces(&self) -> Vec<PathBuf> {
        self.existing(&["plugins", "plugins/commands", "tests/guests"])
    }

    /// All workspaces beside the host's, where they exist.
    pub(crate) fn guest_workspaces(&self) -> Vec<PathBuf> {
        self.existing(&["guest-sdk", "plugins", "plugins/commands", "tests/guests"])
    }

    fn existing(&self, folders: &[&str]) -> Vec<PathBuf> {
        folders
            .iter()
            .map(|folder| self.root.join(folder))
            .filter(|folder| folder.join("Cargo.toml").is_file())
            .collect()
    }
}

/// The cache for builds, which outlives a checkout; none if the machine offers no place for it.
pub(crate) fn build_cache() -> Option<PathBuf> {
    let folder = match std::env::var_os("SKEP_BUILD_CACHE") {
        Some(given) => PathBuf::from(given),
        None => user_cache()?.join("skep/build"),
    };
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

fn user_cache() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
}
