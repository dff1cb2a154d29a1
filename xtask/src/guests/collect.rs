//! Puts built components where the host and the tests look for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::kept::Listing;
use crate::cargo::Artifact;

/// A file to install, and its name below `target/guests`.
pub(super) struct Installed {
    pub(super) name: String,
    pub(super) source: PathBuf,
}

/// The files that the workspace's own components become.
pub(super) fn components(workspace: &Path, artifacts: &[Artifact]) -> Result<Vec<Installed>> {
    let mut crates: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    for artifact in artifacts.iter().filter(|artifact| artifact.manifest.starts_with(workspace)) {
        let folder = artifact.manifest.parent().unwrap_or(workspace);
        let components = artifact.files.iter().filter(|file| file.extension().is_some_and(|end| end == "wasm"));
        crates.entry(folder).or_default().extend(components.map(PathBuf::as_path));
    }
    let built_in = workspace.ends_with("plugins");
    let parent = if workspace.ends_with("commands") { "commands" } else { "tests" };
    let mut installed = Vec::new();
    for (folder, components) in crates.iter().filter(|(_, components)| !components.is_empty()) {
        if built_in {
            installed.extend(plugin("plugins", folder, components)?);
            continue;
        }
        installed.extend(components.iter().map(|component| alone(parent, component)));
        if folder.join("plugin.toml").is_file() {
            installed.extend(plugin("test-plugins", folder, components)?);
        }
    }
    Ok(installed)
}

/// A plugin's folder becomes `PARENT/NAME/{plugin.toml, <its component key>}`.
fn plugin(parent: &str, folder: &Path, components: &[&Path]) -> Result<[Installed; 2]> {
    let [component] = components else {
        bail!("{} builds {} components; a plugin has one", folder.display(), components.len());
    };
    let manifest = folder.join("plugin.toml");
    let file = component_key(&manifest)?;
    let below = format!("{parent}/{}", name_of(folder));
    Ok([
        Installed { name: format!("{below}/{file}"), source: component.to_path_buf() },
        Installed { name: format!("{below}/plugin.toml"), source: manifest },
    ])
}

/// The host checks the whole manifest; only the component's name matters here.
fn component_key(manifest: &Path) -> Result<String> {
    let cannot = || format!("cannot read {}; a plugin needs one", manifest.display());
    let table: toml::Table = fs::read_to_string(manifest).with_context(cannot)?.parse().with_context(cannot)?;
    let file = table.get("component").and_then(toml::Value::as_str).unwrap_or_default();
    if !file.ends_with(".wasm") || file.contains('/') {
        bail!("{}: the key `component` must name a file, as in component = \"name.wasm\"", manifest.display());
    }
    Ok(file.to_owned())
}

fn alone(parent: &str, component: &Path) -> Installed {
    Installed { name: format!("{parent}/{}", name_of(component)), source: component.to_path_buf() }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Makes `output` hold exactly these files and their listing.
pub(super) fn install(output: &Path, files: Vec<Installed>, key: &str) -> Result<Listing> {
    for file in &files {
        replace(&file.source, &output.join(&file.name))?;
    }
    let listing = Listing::write(output, key, files.into_iter().map(|file| file.name))?;
    remove_unlisted(output, &listing)?;
    Ok(listing)
}

/// Makes `output` hold exactly what `from` holds by its listing, the listing last.
pub(super) fn mirror(from: &Path, output: &Path, listing: &Listing) -> Result<()> {
    for name in listing.names() {
        replace(&from.join(name), &output.join(name))?;
    }
    remove_unlisted(output, listing)
}

/// Replaces a file in one step, since a test of another build may be reading it, and not at all if it is the same.
fn replace(source: &Path, target: &Path) -> Result<()> {
    let content = fs::read(source).with_context(|| format!("cannot read {}", source.display()))?;
    if fs::read(target).is_ok_and(|present| present == content) {
        return Ok(());
    }
    let write = || {
        fs::create_dir_all(target.parent().unwrap_or(target))?;
        let draft = target.with_extension(format!("draft-{}", std::process::id()));
        fs::write(&draft, &content)?;
        fs::rename(&draft, target)
    };
    write().with_context(|| format!("cannot write {}", target.display()))
}

fn remove_unlisted(output: &Path, listing: &Listing) -> Result<()> {
    let kept: BTreeSet<PathBuf> = listing.names().map(|name| output.join(name)).collect();
    remove_others(output, &kept).with_context(|| format!("cannot clear old files from {}", output.display()))
}

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let holds_kept = kept.iter().any(|file| file.starts_with(&path));
        match (path.is_dir(), holds_kept) {
            (true, true) => remove_others(&path, kept)?,
            (true, false) => fs::remove_dir_all(&path)?,
            (false, true) => {}
            (false, false) => fs::remove_file(&path)?,
        }
    }
    Ok(())
}
