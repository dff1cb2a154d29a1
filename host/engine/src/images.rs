//! The images that environments name: where they are found, and their commands as the sandbox wants them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use skep_config::ImageName;
use skep_image::{ImageError, Reference, Store};
use skep_model::{Digest, ImagePin, Limits};
use skep_sandbox::Image;

use crate::Error;

/// All images of a host.
#[derive(Clone)]
pub struct Images {
    store: Store,
    /// Folders that hold a folder for each image of the host's own.
    folders: Vec<PathBuf>,
    /// The image that was executed last, so that a run's calls don't read its record again and again.
    last: Arc<Mutex<Option<(Digest, Loaded)>>>,
}

/// An image that commands can be executed from.
#[derive(Clone)]
pub struct Loaded {
    /// Its commands.
    pub image: Image,
    /// The variables that its commands start with.
    pub variables: Vec<(String, String)>,
}

impl Images {
    /// The images in the store of this data folder, and those in `folders`.
    pub fn new(data: &Path, folders: Vec<PathBuf>) -> Self {
        Self { store: Store::new(data.join("images")), folders, last: Arc::default() }
    }

    /// The image that these names mean together, kept in the store under its digest. Reads files.
    ///
    /// # Errors
    /// One of them is not here, or wrong.
    pub fn pin(&self, names: &[ImageName], limits: Limits) -> Result<ImagePin, Error> {
        let images = names.iter().map(|name| self.find(name)).collect::<Result<Vec<_>, _>>()?;
        let image = match <[_; 1]>::try_from(images) {
            Ok([image]) => image,
            Err(images) => skep_image::Image::layered(images),
        };
        let digest = self.store.keep(&image)?;
        Ok(ImagePin { name: image.name().to_owned(), version: image.version().to_owned(), digest, limits })
    }

    fn find(&self, name: &ImageName) -> Result<skep_image::Image, Error> {
        let reference = match name {
            ImageName::Folder(folder) => return Ok(self.store.load_folder(folder)?),
            ImageName::Reference(reference) => reference,
        };
        let own = self.folders.iter().map(|folder| folder.join(reference));
        let plain = !reference.contains(['/', ':', '@', '.']);
        if let Some(folder) = own.filter(|_| plain).find(|folder| folder.join("image.toml").is_file()) {
            return Ok(self.store.load_folder(&folder)?);
        }
        Ok(self.store.resolve(&reference.parse::<Reference>()?)?)
    }

    /// The commands of a pinned image. Reads its record, and components when they are needed.
    ///
    /// # Errors
    /// It is not in the store any more, or damaged there.
    pub fn load(&self, digest: Digest) -> Result<Loaded, ImageError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, loaded)) = last.as_ref().filter(|(known, _)| *known == digest) {
            return Ok(loaded.clone());
        }
        let image = self.store.image(digest)?;
        let store = self.store.clone();
        let fetch = Arc::new(move |component| store.fetch(component).map_err(|error| error.to_string()));
        let variables = image.env().iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let loaded = Loaded { image: Image { commands: Arc::new(image.commands().clone()), fetch }, variables };
        *last = Some((digest, loaded.clone()));
        Ok(loaded)
    }
}
