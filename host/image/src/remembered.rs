//! What was found in a folder the last time, so that a folder that did not change is not read again.

use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use skep_model::Digest;

use crate::file::{Hashed, Stamp};
use crate::folder::{Folder, MANIFEST};

/// A folder as it was. It holds as long as every stamp does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Remembered {
    /// Tells people whose it is; the name of the file says it to us.
    path: String,
    manifest: Stamp,
    components: Vec<(String, Hashed)>,
    image: Digest,
}

impl Remembered {
    /// What to remember of a folder that was read, if no later change could go unnoticed. `manifest` is the stamp of its
    /// image.toml, and `began` the time, from before it was read.
    pub(crate) fn of(folder: &Folder, manifest: Stamp, began: SystemTime) -> Option<Self> {
        let components: Vec<_> =
            folder.components().iter().map(|component| (component.file.clone(), component.hashed)).collect();
        let mut stamps = components.iter().map(|(_, hashed)| hashed.stamp).chain([manifest]);
        let settled = stamps.all(|stamp| stamp.is_settled(began));
        settled.then(|| Self {
            path: folder.path().display().to_string(),
            manifest,
            components,
            image: folder.image().digest(),
        })
    }

    /// The image of the folder, if nothing of it changed.
    pub(crate) fn image(&self, folder: &Path) -> Option<Digest> {
        let same = |file: &str, stamp: Stamp| Stamp::at(&folder.join(file)).is_ok_and(|now| now == stamp);
        let unchanged =
            same(MANIFEST, self.manifest) && self.components.iter().all(|(file, hashed)| same(file, hashed.stamp));
        unchanged.then_some(self.image)
    }

    /// Each component with its length.
    pub(crate) fn components(&self) -> impl Iterator<Item = (Digest, u64)> {
        self.components.iter().map(|(_, hashed)| (hashed.digest, hashed.length))
    }
}
