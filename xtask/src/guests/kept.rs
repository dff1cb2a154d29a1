//! What was built from which sources: the listing in `target/guests`, and the cache outside the checkout.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::fingerprint;

const LISTING: &str = "listing.json";

/// Builds that the cache keeps before it drops the oldest.
const KEPT: usize = 16;

/// The files of one build, each with the digest of its content.
pub(super) struct Listing {
    key: String,
    files: BTreeMap<String, String>,
}

impl Listing {
    /// Reads the listing of `folder`, if it is the one for `key` and every file is there, unchanged.
    pub(super) fn of_folder(folder: &Path, key: &str) -> Option<Self> {
        let text = fs::read_to_string(folder.join(LISTING)).ok()?;
        let listing = Self::parse(&serde_json::from_str(&text).ok()?)?;
        let unchanged =
            |(name, digest): (&String, &String)| fingerprint::of_file(&folder.join(name)).is_ok_and(|d| d == *digest);
        (listing.key == key && listing.files.iter().all(unchanged)).then_some(listing)
    }

    /// Lists `files`, which are paths below `folder`, and writes the listing there.
    pub(super) fn write(folder: &Path, key: &str, files: impl Iterator<Item = String>) -> Result<Self> {
        let digested = files.map(|name| fingerprint::of_file(&folder.join(&name)).map(|digest| (name, digest)));
        let listing = Self { key: key.into(), files: digested.collect::<io::Result<_>>()? };
        let text = json!({ "key": listing.key, "files": listing.files }).to_string();
        fs::write(folder.join(LISTING), text).with_context(|| format!("cannot write into {}", folder.display()))?;
        Ok(listing)
    }

    /// The files' names, and the listing's own last, so that a copy in this order is complete once it is listed.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str).chain([LISTING])
    }

    pub(super) fn describe(&self) -> String {
        let components = self.files.keys().filter(|name| name.ends_with(".wasm")).count();
        format!("{components} component{}", if components == 1 { "" } else { "s" })
    }

    fn parse(value: &Value) -> Option<Self> {
        let files = value["files"].as_object()?.iter();
        let files = files.map(|(name, digest)| Some((name.clone(), digest.as_str()?.to_owned())));
        Some(Self { key: value["key"].as_str()?.into(), files: files.collect::<Option<_>>()? })
    }
}

/// One build's place in the cache. A cache that fails costs time, never the build, so its errors end here.
pub(super) struct Cache {
    folder: PathBuf,
    key: String,
}

impl Cache {
    pub(super) fn new(folder: PathBuf, key: String) -> Self {
        Self { folder, key }
    }

    /// Copies the build into `output`; nothing if it isn't kept here or was damaged.
    pub(super) fn restore(&self, output: &Path) -> Option<Listing> {
        let place = self.folder.join(&self.key);
        let kept = Listing::of_folder(&place, &self.key)?;
        super::collect::mirror(&place, output, &kept).ok()?;
        Listing::of_folder(output, &self.key)
    }

    /// Keeps the build in `output`, whole or not at all.
    pub(super) fn keep(&self, output: &Path, listing: &Listing) {
        let draft = self.folder.join(format!("draft-{}", std::process::id()));
        let place = self.folder.join(&self.key);
        let kept = super::collect::mirror(output, &draft, listing).and_then(|()| {
            fs::remove_dir_all(&place).or_else(missing_is_fine)?;
            fs::rename(&draft, &place)?;
            drop_oldest(&self.folder)
        });
        if let Err(error) = kept {
            eprintln!("guests: not cached in {}: {error:#}", self.folder.display());
        }
    }
}

fn missing_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn drop_oldest(folder: &Path) -> Result<()> {
    let mut builds = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        builds.push((entry.metadata()?.modified()?, entry.path()));
    }
    builds.sort();
    for (_, path) in builds.iter().rev().skip(KEPT) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_build_comes_back_whole_and_a_damaged_one_does_not() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (built, output) = (folder.path().join("built"), folder.path().join("output"));
        fs::create_dir_all(built.join("tests"))?;
        fs::write(built.join("tests/a.wasm"), "component")?;
        let listing = Listing::write(&built, "key", ["tests/a.wasm".to_owned()].into_iter())?;
        let cache = Cache::new(folder.path().join("cache"), "key".into());
        fs::create_dir_all(output.join("tests"))?;
        fs::write(output.join("tests/old.wasm"), "of an earlier build")?;

        cache.keep(&built, &listing);
        assert!(cache.restore(&output).is_some());
        assert_eq!(fs::read_to_string(output.join("tests/a.wasm"))?, "component");
        assert!(!output.join("tests/old.wasm").exists());
        assert!(Listing::of_folder(&output, "another key").is_none());

        fs::write(folder.path().join("cache/key/tests/a.wasm"), "damaged")?;
        assert!(cache.restore(&output).is_none());
        Ok(())
    }
}
