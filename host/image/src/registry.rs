//! Images from and to registries.

use std::collections::BTreeMap;
use std::io::{self, Read};

use skep_model::Digest;

use crate::artifact::{Described, Descriptor, Manifest, pack, single};
use crate::component::{HEAD, Surface, check_head};
use crate::repository::Repository;
use crate::{Credentials, Image, ImageError, Progress, Reference, Store, Terms};

/// How often it is told how far a layer is, in bytes.
const TOLD_EVERY: u64 = 1 << 20;

/// Who asks registries, and on which terms.
#[derive(Debug, Default)]
pub struct Registry {
    terms: Terms,
    credentials: Option<Credentials>,
}

/// What a transfer did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The image.
    pub image: Image,
    /// The digest of its manifest in the registry.
    pub artifact: Digest,
    /// Layers that were sent.
    pub moved: usize,
    /// Layers that were there already.
    pub present: usize,
}

/// Told how a transfer goes.
pub type Watch<'a> = &'a mut dyn FnMut(Progress);

impl Registry {
    /// Without credentials, only what registries show to everybody is had.
    pub fn new(terms: Terms, credentials: Option<Credentials>) -> Self {
        Self { terms, credentials }
    }

    /// Brings an image into the store, where the reference means it from then on, and so does its digest. Components that
    /// are there and whole are not asked for; those of a transfer that failed stay.
    ///
    /// # Errors
    /// The registry can't be talked with, sends something else than it announced, or has no image of commands. The
    /// reference then means what it did before.
    pub fn pull(&self, store: &Store, reference: &Reference, watch: Watch<'_>) -> Result<Transfer, ImageError> {
        let repository = Repository::new(reference, &self.terms, self.credentials.as_ref())?;
        let (bytes, artifact) = repository.manifest()?;
        let no_image = |reason: String| ImageError::no_image(reference, &reason);
        let manifest = Manifest::parse(&bytes).map_err(no_image)?;
        let image = match manifest.described().map_err(no_image)? {
            Described::Here(layer) => Image::from_json(&self.description(&repository, &layer)?).map_err(no_image)?,
            Described::Nowhere(layer) => {
                let version = reference.tag().map_or_else(|| artifact.short(), str::to_owned);
                single(reference.last_part(), &version, layer.digest).map_err(no_image)?
            }
        };
        let layers = manifest.layers_of(&image).map_err(no_image)?;
        self.check_sizes(&layers)?;
        let mut transfer = Transfer { image, artifact, moved: 0, present: 0 };
        for layer in layers {
            receive(store, &repository, layer, watch).map(|moved| transfer.count(moved))?;
        }
        transfer.name(store, reference)?;
        Ok(transfer)
    }

    /// Sends an image of the store to a registry under a tag. Layers that the registry has are not sent.
    ///
    /// # Errors
    /// The image is not whole here, or the registry can't be talked with or refuses it.
    pub fn push(
        &self,
        store: &Store,
        reference: &Reference,
        image: &Image,
        watch: Watch<'_>,
    ) -> Result<Transfer, ImageError> {
        let by_tag = "an image is pushed under a tag; its digest is what comes of it";
        let wrong = || ImageError::WrongReference { reference: reference.to_string(), reason: by_tag };
        let tag = reference.tag().ok_or_else(wrong)?;
        let repository = Repository::new(reference, &self.terms, self.credentials.as_ref())?;
        let (sizes, surface) = inspect(store, image)?;
        let packed = pack(image, &sizes, &surface);
        self.check_sizes(&packed.components.iter().collect::<Vec<_>>())?;
        let artifact = Digest::of(&packed.manifest);
        let mut transfer = Transfer { image: image.clone(), artifact, moved: 0, present: 0 };
        for layer in &packed.components {
            send(store, &repository, layer, watch).map(|moved| transfer.count(moved))?;
        }
        supply(&repository, &packed.config)?;
        supply(&repository, &packed.image)?;
        repository.put_manifest(tag, &packed.manifest)?;
        transfer.name(store, reference)?;
        Ok(transfer)
    }

    fn description(&self, repository: &Repository<'_>, layer: &Descriptor) -> Result<Vec<u8>, ImageError> {
        if layer.size > self.terms.manifest_bytes {
            return Err(too_much(layer.title(), self.terms.manifest_bytes, "which is the most that is read"));
        }
        let mut bytes = Vec::new();
        let mut body = repository.blob(layer)?.into_body().into_reader().take(layer.size + 1);
        body.read_to_end(&mut bytes).map_err(|error| cut_off(repository, layer, bytes.len() as u64, error))?;
        check(layer, Digest::of(&bytes), bytes.len() as u64)?;
        Ok(bytes)
    }

    fn check_sizes(&self, layers: &[&Descriptor]) -> Result<(), ImageError> {
        let Terms { layer_bytes, total_bytes, .. } = self.terms;
        if let Some(layer) = layers.iter().find(|layer| layer.size > layer_bytes) {
            return Err(too_much(layer.title(), layer_bytes, "which is the most that a component has"));
        }
        let total = layers.iter().fold(0_u64, |total, layer| total.saturating_add(layer.size));
        if total <= total_bytes {
            return Ok(());
        }
        Err(too_much("the image".to_owned(), total_bytes, "which is the most that an image has"))
    }
}

impl Transfer {
    fn count(&mut self, moved: bool) {
        if moved { self.moved += 1 } else { self.present += 1 }
    }

    /// Lets the reference and its digest mean the image here.
    fn name(&self, store: &Store, reference: &Reference) -> Result<(), ImageError> {
        store.name(&reference.at(self.artifact), &self.image, Some(self.artifact))?;
        store.name(reference, &self.image, Some(self.artifact))
    }
}

/// The length of each component of an image of the store, and what all of them ask for and offer.
fn inspect(store: &Store, image: &Image) -> Result<(BTreeMap<Digest, u64>, Surface), ImageError> {
    let (mut sizes, mut surface) = (BTreeMap::new(), Surface::default());
    for digest in image.components() {
        let bytes = store.fetch(digest)?;
        let malformed = |reason| ImageError::NoImage { reference: digest.to_string(), reason };
        surface.add(&bytes).map_err(malformed)?;
        sizes.insert(digest, bytes.len() as u64);
    }
    Ok((sizes, surface))
}

/// Brings one component here. Whether it had to come.
fn receive(
    store: &Store,
    repository: &Repository<'_>,
    layer: &Descriptor,
    watch: Watch<'_>,
) -> Result<bool, ImageError> {
    let (title, bytes) = (layer.title(), layer.size);
    if store.blobs().verify(layer.digest).is_ok() {
        watch(Progress::Present { title, bytes });
        return Ok(false);
    }
    let body = repository.blob(layer)?.into_body().into_reader().take(layer.size.saturating_add(1));
    let mut counted = Counted { body, head: Vec::new(), seen: 0, told: 0, layer, watch };
    let mut coming = store.blobs().begin()?;
    let received = coming.receive(&mut counted);
    let Counted { head, seen, .. } = counted;
    let (found, length) = received.map_err(|error| cut_off(repository, layer, seen, error))?;
    check(layer, found, length)?;
    let no_image = |reason| ImageError::NoImage { reference: title.clone(), reason: format!("it {reason}") };
    check_head(&head).map_err(no_image)?;
    store.blobs().keep(coming, layer.digest)?;
    watch(Progress::Moved { title, bytes });
    Ok(true)
}

/// Sends one component. Whether it had to go.
fn send(store: &Store, repository: &Repository<'_>, layer: &Descriptor, watch: Watch<'_>) -> Result<bool, ImageError> {
    let (title, bytes) = (layer.title(), layer.size);
    if repository.has(layer.digest)? {
        watch(Progress::Present { title, bytes });
        return Ok(false);
    }
    watch(Progress::Moving { title: title.clone(), bytes: 0, of: bytes });
    repository.upload(&store.fetch(layer.digest)?, layer.digest)?;
    watch(Progress::Moved { title, bytes });
    Ok(true)
}

/// Sends what is too small to speak of.
fn supply(repository: &Repository<'_>, bytes: &[u8]) -> Result<(), ImageError> {
    let digest = Digest::of(bytes);
    if repository.has(digest)? { Ok(()) } else { repository.upload(bytes, digest) }
}

/// Whether what came is what was announced.
fn check(layer: &Descriptor, found: Digest, length: u64) -> Result<(), ImageError> {
    let (what, size) = (layer.title(), layer.size);
    match length {
        longer if longer > size => Err(too_much(what, size, "which is what the manifest announces")),
        shorter if shorter < size => Err(ImageError::Truncated { what, size, got: shorter }),
        _ if found != layer.digest => Err(ImageError::WrongDigest { what, expected: layer.digest, found }),
        _ => Ok(()),
    }
}

/// Why a layer did not come to its end.
fn cut_off(repository: &Repository<'_>, layer: &Descriptor, got: u64, error: io::Error) -> ImageError {
    match repository.failed(error) {
        ImageError::Unreachable { .. } => ImageError::Truncated { what: layer.title(), size: layer.size, got },
        other => other,
    }
}

fn too_much(what: String, limit: u64, reason: &'static str) -> ImageError {
    ImageError::TooMuch { what, limit, reason }
}

/// A body that tells how far it is, and remembers how it began.
struct Counted<'a, 'w, R> {
    body: R,
    head: Vec<u8>,
    seen: u64,
    told: u64,
    layer: &'a Descriptor,
    watch: Watch<'w>,
}

impl<R: Read> Read for Counted<'_, '_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(to)?;
        let missing = HEAD.saturating_sub(self.head.len()).min(read);
        self.head.extend_from_slice(&to[..missing]);
        self.seen += read as u64;
        if self.seen >= self.told + TOLD_EVERY {
            self.told = self.seen;
            (self.watch)(Progress::Moving { title: self.layer.title(), bytes: self.seen, of: self.layer.size });
        }
        Ok(read)
    }
}
