//! Puts the images together: `plugins/images/NAME/image.toml` and the commands that it names become `images/NAME/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::collect::Installed;
use crate::checkout::Checkout;

/// The files of all images, made of the commands among `built`.
pub(super) fn all(checkout: &Checkout, built: &[Installed]) -> Result<Vec<Installed>> {
    let mut files = Vec::new();
    for manifest in manifests(&checkout.root.join("plugins/images"))? {
        files.extend(image(&manifest, built)?);
    }
    Ok(files)
}

/// In the order of their names; none if there is no such folder.
fn manifests(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut manifests = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        manifests.push(entry?.path().join("image.toml"));
    }
    manifests.sort();
    Ok(manifests)
}

fn image(manifest: &Path, built: &[Installed]) -> Result<Vec<Installed>> {
    let folder = manifest.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let components = components(manifest)?;
    let mut files = vec![Installed { name: format!("images/{folder}/image.toml"), source: manifest.to_path_buf() }];
    for component in components {
        let command = format!("commands/{component}");
        let Some(found) = built.iter().find(|file| file.name == command) else {
            let known: Vec<_> = built.iter().filter_map(|file| file.name.strip_prefix("commands/")).collect();
            bail!("{}: no command was built as {component}; there are {}", manifest.display(), known.join(", "));
        };
        files.push(Installed { name: format!("images/{folder}/{component}"), source: found.source.clone() });
    }
    Ok(files)
}

/// The host checks the whole manifest; only the components' names matter here.
fn components(manifest: &Path) -> Result<BTreeSet<String>> {
    let cannot = || format!("cannot read {}; an image needs one", manifest.display());
    let table: toml::Table = fs::read_to_string(manifest).with_context(cannot)?.parse().with_context(cannot)?;
    let commands = table.get("commands").and_then(toml::Value::as_array).into_iter().flatten();
    let mut components = BTreeSet::new();
    for command in commands {
        let file = command.get("component").and_then(toml::Value::as_str).unwrap_or_default();
        let named = file.ends_with(".wasm") && !file.contains('/');
        ensure!(named, "{}: each of `commands` names a file, as in component = \"sh.wasm\"", manifest.display());
        components.insert(file.to_owned());
    }
    Ok(components)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(folder: &Path, text: &str) -> Result<PathBuf> {
        let path = folder.join("small/image.toml");
        fs::create_dir_all(folder.join("small"))?;
        fs::write(&path, text)?;
        Ok(path)
    }

    fn built(names: &[&str]) -> Vec<Installed> {
        let file =
            |name: &&str| Installed { name: format!("commands/{name}"), source: format!("/built/{name}").into() };
        names.iter().map(file).collect()
    }

    #[test]
    fn an_image_is_its_manifest_and_the_commands_that_it_names() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = manifest(folder.path(), "[[commands]]\ncomponent = \"sh.wasm\"\nnames = [\"sh\"]\n")?;
        let files = image(&path, &built(&["sh.wasm", "other.wasm"]))?;
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["images/small/image.toml", "images/small/sh.wasm"]);
        assert_eq!(files[1].source, Path::new("/built/sh.wasm"));
        Ok(())
    }

    #[test]
    fn a_command_that_was_not_built_is_named() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = manifest(folder.path(), "[[commands]]\ncomponent = \"sed.wasm\"\nnames = [\"sed\"]\n")?;
        let problem = image(&path, &built(&["sh.wasm"])).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(problem.ends_with("no command was built as sed.wasm; there are sh.wasm"), "{problem}");
        Ok(())
    }
}
