//! One digest over everything that decides what the components are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::route::Route;
use crate::checkout::Checkout;

/// Changes when the way of building or collecting changes without any other input changing.
const FORMAT: &str = "skep guests 4";

/// The digest, as 64 hexadecimal digits.
pub(super) fn of(checkout: &Checkout, route: &Route) -> Result<String> {
    let mut hash = Sha256::new();
    field(&mut hash, FORMAT.as_bytes());
    field(&mut hash, route.identity().as_bytes());
    add_folders(&mut hash, checkout, &checkout.guest_workspaces())?;
    Ok(hex(&hash.finalize()))
}

/// The digest of some folders of the checkout alone.
pub(super) fn of_folders(checkout: &Checkout, folders: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    field(&mut hash, FORMAT.as_bytes());
    add_folders(&mut hash, checkout, folders)?;
    Ok(hex(&hash.finalize()))
}

fn add_folders(hash: &mut Sha256, checkout: &Checkout, folders: &[PathBuf]) -> Result<()> {
    for folder in folders {
        for file in sources(folder)? {
            let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.strip_prefix(&checkout.root).unwrap_or(&file);
            field(hash, name.as_os_str().as_encoded_bytes());
            field(hash, &content);
        }
    }
    Ok(())
}

/// The digest of one file's content.
pub(super) fn of_file(path: &Path) -> std::io::Result<String> {
    Ok(hex(&Sha256::digest(fs::read(path)?)))
}

/// Lengths keep two different lists of fields from giving the same bytes.
fn field(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All files below `folder`, sorted, without build output and hidden files.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if ignored(&path) {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

fn ignored(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name == "target" || name == "__pycache__" || name.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(identity: &str) -> Route {
        Route::Rustup { identity: identity.into() }
    }

    #[test]
    fn content_name_and_compiler_count_and_build_output_does_not() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let checkout = Checkout { root: folder.path().into() };
        fs::create_dir_all(folder.path().join("plugins/target"))?;
        fs::write(folder.path().join("plugins/Cargo.toml"), "[workspace]")?;
        let first = of(&checkout, &route("a"))?;

        fs::write(folder.path().join("plugins/target/x"), "output")?;
        assert_eq!(of(&checkout, &route("a"))?, first);
        assert_ne!(of(&checkout, &route("b"))?, first);
        fs::write(folder.path().join("plugins/lib.rs"), "")?;
        let second = of(&checkout, &route("a"))?;
        assert_ne!(second, first);
        fs::rename(folder.path().join("plugins/lib.rs"), folder.path().join("plugins/main.rs"))?;
        assert_ne!(of(&checkout, &route("a"))?, second);
        Ok(())
    }
}
