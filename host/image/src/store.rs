//! The images of this machine, below one folder that any number of processes use at the same time.
//!
//! - `blobs/sha256/<digest>`: components, and each image's canonical JSON
//! - `references/<digest of the reference>.json`: which image a reference means here
//! - `folders/<digest of the path>.json`: what was found in an image folder, and the stamps of its files
//! - `tmp/`: what is on its way

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use skep_model::Digest;

use crate::adapt::{MARKED_HEAD, adapt, is_marked};
use crate::blobs::{Blobs, UNFINISHED, replace};
use crate::component::About;
use crate::file::{Hashed, Stamp};
use crate::folder::MANIFEST;
use crate::remembered::Remembered;
use crate::{Folder, Image, ImageError, Reference};

/// The images of this machine.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    blobs: Blobs,
}

/// Which image a reference means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The reference.
    pub reference: Reference,
    /// The image's own digest.
    pub image: Digest,
    /// The digest of the artifact's manifest in the registry, if it was pulled or pushed.
    pub artifact: Option<Digest>,
}

/// The form of [`Tagged`] on the disk.
#[derive(Serialize, Deserialize)]
struct Record {
    reference: String,
    image: Digest,
    artifact: Option<Digest>,
}

impl Store {
    /// The store in this folder, which is made when something is put there.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { blobs: Blobs::new(&root), root }
    }

    /// The bytes of a component, which are checked against its digest.
    ///
    /// # Errors
    /// It is not there, damaged, or can't be read.
    pub fn fetch(&self, component: Digest) -> Result<Vec<u8>, ImageError> {
        self.blobs.get(component)
    }

    /// What is known of a component that is there, unchecked.
    pub fn about(&self, component: Digest) -> Option<About> {
        let bytes = self.blobs.size(component)?;
        let mut head = Vec::with_capacity(MARKED_HEAD);
        let blob = File::open(self.blobs.path(component)).ok()?;
        blob.take(MARKED_HEAD as u64).read_to_end(&mut head).ok()?;
        Some(About { bytes, adapted: is_marked(&head) })
    }

    /// The image that a reference means here; no registry is asked.
    ///
    /// # Errors
    /// There is none, or its record is damaged.
    pub fn resolve(&self, reference: &Reference) -> Result<Image, ImageError> {
        let tagged = self.tagged(reference)?;
        let unknown = || ImageError::Unknown { reference: reference.to_string() };
        self.image(tagged.ok_or_else(unknown)?.image)
    }

    /// The image with this digest of its own.
    ///
    /// # Errors
    /// It is not there, or its record is damaged.
    pub fn image(&self, image: Digest) -> Result<Image, ImageError> {
        let json = self.blobs.get(image)?;
        Image::from_json(&json).map_err(|_| ImageError::Damaged { digest: image, path: self.blobs.path(image) })
    }

    /// The image in a folder, whose components are copied here. A folder whose files did not change since the last time
    /// is not read again, which costs a look at each file.
    ///
    /// # Errors
    /// What is wrong with the folder.
    pub fn load_folder(&self, path: &Path) -> Result<Image, ImageError> {
        let path = std::path::absolute(path).map_err(ImageError::store(path))?;
        match self.remembered(&path) {
            Some(image) => Ok(image),
            None => self.read_folder(&path),
        }
    }

    /// The same, read and checked anew whatever is remembered; it also repairs damaged copies.
    ///
    /// # Errors
    /// What is wrong with the folder.
    pub fn read_folder(&self, path: &Path) -> Result<Image, ImageError> {
        let path = std::path::absolute(path).map_err(ImageError::store(path))?;
        let (began, manifest) = (SystemTime::now(), Stamp::at(&path.join(MANIFEST)).ok());
        let folder = Folder::read(&path)?;
        for component in folder.components() {
            self.keep_component(&path.join(&component.file), &component.hashed)?;
        }
        self.blobs.put(&folder.image().to_json())?;
        let remembered = manifest.and_then(|manifest| Remembered::of(&folder, manifest, began));
        if let Some(remembered) = remembered {
            let json = serde_json::to_vec(&remembered).expect("texts and numbers have a JSON form");
            replace(&self.memory_of(&path), &json)?;
        }
        Ok(folder.image().clone())
    }

    /// Copies a component of a folder, or adapts it once more: the two times don't have to be in memory at once.
    fn keep_component(&self, file: &Path, hashed: &Hashed) -> Result<(), ImageError> {
        if !hashed.adapted {
            return self.blobs.copy(file, hashed.digest);
        }
        if self.blobs.verify(hashed.digest).is_ok() {
            return Ok(());
        }
        let changed = || ImageError::Changed { path: file.to_owned() };
        let component = adapt(&fs::read(file).map_err(ImageError::store(file))?).map_err(|_| changed())?;
        if Digest::of(&component) != hashed.digest {
            return Err(changed());
        }
        self.blobs.put(&component).map(drop)
    }

    /// Keeps the record of an image whose components are here; it is found by its digest from then on.
    ///
    /// # Errors
    /// The store can't be written.
    pub fn keep(&self, image: &Image) -> Result<Digest, ImageError> {
        self.blobs.put(&image.to_json())
    }

    /// Lets a reference mean an image whose components are here.
    ///
    /// # Errors
    /// The store can't be written.
    pub fn tag(&self, reference: &Reference, image: &Image) -> Result<(), ImageError> {
        self.name(reference, image, None)
    }

    pub(crate) fn name(
        &self,
        reference: &Reference,
        image: &Image,
        artifact: Option<Digest>,
    ) -> Result<(), ImageError> {
        let image = self.blobs.put(&image.to_json())?;
        let record = Record { reference: reference.to_string(), image, artifact };
        let json = serde_json::to_vec(&record).expect("a record has a JSON form");
        replace(&self.record_of(reference), &json)
    }

    /// All references, sorted.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn list(&self) -> Result<Vec<Tagged>, ImageError> {
        let folder = self.root.join("references");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(ImageError::Store { path: folder, source }),
        };
        let mut list = Vec::new();
        for entry in entries {
            let entry = entry.map_err(ImageError::store(&folder))?;
            if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                list.extend(read_record(&entry.path())?);
            }
        }
        list.sort_by(|one: &Tagged, other| one.reference.cmp(&other.reference));
        Ok(list)
    }

    /// What a reference means here.
    ///
    /// # Errors
    /// Its record is damaged or can't be read.
    pub fn tagged(&self, reference: &Reference) -> Result<Option<Tagged>, ImageError> {
        read_record(&self.record_of(reference))
    }

    /// Reads all components of an image and compares them with their digests: their bytes, and what is wrong.
    pub fn verify(&self, image: &Image) -> (u64, Vec<ImageError>) {
        let (mut bytes, mut wrong) = (0, Vec::new());
        for component in image.components() {
            match self.blobs.verify(component) {
                Ok(length) => bytes += length,
                Err(error) => wrong.push(error),
            }
        }
        (bytes, wrong)
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    fn remembered(&self, path: &Path) -> Option<Image> {
        let json = fs::read(self.memory_of(path)).ok()?;
        let remembered: Remembered = serde_json::from_slice(&json).ok()?;
        let image = remembered.image(path)?;
        let here = remembered.components().all(|(digest, size)| self.blobs.size(digest) == Some(size));
        if here { self.image(image).ok() } else { None }
    }

    fn memory_of(&self, path: &Path) -> PathBuf {
        self.root.join("folders").join(file_name(path.as_os_str().as_encoded_bytes()))
    }

    fn record_of(&self, reference: &Reference) -> PathBuf {
        self.root.join("references").join(file_name(reference.to_string().as_bytes()))
    }
}

fn file_name(key: &[u8]) -> String {
    format!("{}.json", Digest::of(key).hex())
}

fn read_record(path: &Path) -> Result<Option<Tagged>, ImageError> {
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ImageError::Store { path: path.to_owned(), source }),
    };
    let record: Record = serde_json::from_slice(&json).map_err(|error| ImageError::store(path)(error.into()))?;
    let Record { reference, image, artifact } = record;
    Ok(Some(Tagged { reference: reference.parse()?, image, artifact }))
}
