//! `skep image`: the images of this machine. They have no owner, so a running host is no hindrance.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use serde_json::json;
use skep_image::{About, Folder, Image, ImageError, Reference, Store, Tagged};
use skep_model::Digest;

use crate::args_image::ImageCommand;
use crate::exit::Exit;
use crate::host::Settings;
use crate::image_transfer;
use crate::listing::{Column, Listing};
use crate::output::{Output, note};
use crate::readable::{harmless, size};

pub(crate) fn run(settings: &Settings, out: &Output, command: ImageCommand) -> Result<Exit> {
    let store = Store::new(settings.data.join("images"));
    match command {
        ImageCommand::Build { folder, tag } => build(&store, out, &folder, tag),
        ImageCommand::Push { reference, folder, way } => {
            image_transfer::push(&store, out, &reference, folder.as_deref(), &way)
        }
        ImageCommand::Pull { reference, way } => image_transfer::pull(&store, out, &reference, &way),
        ImageCommand::List => list(&store, out),
        ImageCommand::Inspect { image } => inspect(&store, out, &image),
        ImageCommand::Verify { image: Some(image), .. } => match meant(&image)? {
            Meant::Folder(folder) => verify_folder(out, &folder),
            Meant::Reference(reference) => verify(&store, out, &[reference]),
        },
        ImageCommand::Verify { image: None, .. } => {
            let all: Vec<_> = store.list()?.into_iter().map(|tagged| tagged.reference).collect();
            verify(&store, out, &all)
        }
    }
}

/// What `REF|FOLDER` means: a folder if there is one with an image.toml.
enum Meant {
    Folder(PathBuf),
    Reference(Reference),
}

fn meant(text: &str) -> Result<Meant> {
    let path = Path::new(text);
    let is_path = path.join("image.toml").exists() || path.is_absolute() || text.starts_with('.');
    if is_path { Ok(Meant::Folder(path.to_owned())) } else { Ok(Meant::Reference(text.parse()?)) }
}

/// An image for people and programs.
#[derive(Serialize)]
pub(crate) struct ImageItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    name: String,
    version: String,
    description: String,
    digest: Digest,
    artifact: Option<Digest>,
    bytes: u64,
    env: std::collections::BTreeMap<String, String>,
    components: Vec<ComponentItem>,
}

#[derive(Serialize)]
struct ComponentItem {
    digest: Digest,
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adapted_from: Option<&'static str>,
    commands: Vec<String>,
}

impl ImageItem {
    pub(crate) fn new(image: &Image, tagged: Option<&Tagged>, about: impl Fn(Digest) -> Option<About>) -> Self {
        let component = |digest: Digest| {
            let named = image.commands().iter().filter(|(_, component)| **component == digest);
            let about = about(digest);
            ComponentItem {
                digest,
                bytes: about.map(|about| about.bytes),
                adapted_from: about.filter(|about| about.adapted).map(|_| "wasip1"),
                commands: named.map(|(name, _)| name.clone()).collect(),
            }
        };
        let components: Vec<_> = image.components().into_iter().map(component).collect();
        Self {
            reference: tagged.map(|tagged| tagged.reference.to_string()),
            name: image.name().to_owned(),
            version: image.version().to_owned(),
            description: image.description().to_owned(),
            digest: image.digest(),
            artifact: tagged.and_then(|tagged| tagged.artifact),
            bytes: components.iter().filter_map(|component| component.bytes).sum(),
            env: image.env().clone(),
            components,
        }
    }

    fn commands(&self) -> Vec<&str> {
        let mut names: Vec<_> =
            self.components.iter().flat_map(|component| &component.commands).map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// All that is known of it.
    pub(crate) fn print(&self, out: &Output) -> std::io::Result<()> {
        if out.is_json() {
            return out.json(self);
        }
        let env: Vec<_> = self.env.iter().map(|(key, value)| format!("{key}={value}")).collect();
        out.facts(&[
            ("image", self.reference.clone().unwrap_or_default()),
            ("name", format!("{} {}", self.name, self.version)),
            ("description", self.description.clone()),
            ("digest", self.digest.to_string()),
            ("artifact", self.artifact.map(|digest| digest.to_string()).unwrap_or_default()),
            ("size", size(self.bytes)),
            ("environment", env.join("\n")),
        ])?;
        self.components.iter().try_for_each(|component| {
            let bytes = component.bytes.map_or_else(|| "missing".to_owned(), size);
            let commands = component.commands.iter().map(|name| harmless(name)).collect::<Vec<_>>().join(" ");
            let adapted = component.adapted_from.map(|from| format!(", adapted from {from}")).unwrap_or_default();
            out.facts(&[("component", format!("{}, {bytes}{adapted}: {commands}", component.digest))])
        })
    }
}

fn build(store: &Store, out: &Output, folder: &Path, tag: Option<Reference>) -> Result<Exit> {
    let image = built(store, folder)?;
    let reference = match tag {
        Some(reference) => reference,
        None => local(&image)?,
    };
    store.tag(&reference, &image)?;
    let tagged = store.tagged(&reference)?;
    ImageItem::new(&image, tagged.as_ref(), |digest| store.about(digest)).print(out)?;
    Ok(Exit::Done)
}

/// The image of a folder, with all of it read, checked and kept.
pub(crate) fn built(store: &Store, folder: &Path) -> Result<Image> {
    Folder::read(folder)?.verify()?;
    Ok(store.read_folder(folder)?)
}

/// The name of an image that nobody named. A tag has no `+`, which a version may have.
fn local(image: &Image) -> Result<Reference, ImageError> {
    format!("{}:{}", image.name(), image.version().replace('+', "_")).parse()
}

fn list(store: &Store, out: &Output) -> Result<Exit> {
    let (mut items, mut exit) = (Vec::new(), Exit::Done);
    for tagged in store.list()? {
        match store.image(tagged.image) {
            Ok(image) => items.push(ImageItem::new(&image, Some(&tagged), |digest| store.about(digest))),
            Err(error) => {
                note(&format!("error: {}: {error}", tagged.reference));
                exit = Exit::DataFolder;
            }
        }
    }
    let columns: &[Column<ImageItem>] = &[
        ("IMAGE", |item| item.reference.clone().unwrap_or_default()),
        ("DIGEST", |item| item.digest.short()),
        ("COMMANDS", |item| item.commands().len().to_string()),
        ("SIZE", |item| size(item.bytes)),
        ("DESCRIPTION", |item| item.description.clone()),
    ];
    Listing { key: "images", items: &items, columns, page_info: None }.print(out)?;
    Ok(exit)
}

fn inspect(store: &Store, out: &Output, image: &str) -> Result<Exit> {
    match meant(image)? {
        Meant::Folder(path) => {
            let folder = Folder::read(&path)?;
            ImageItem::new(folder.image(), None, |digest| folder.about(digest)).print(out)?;
        }
        Meant::Reference(reference) => {
            let image = store.resolve(&reference)?;
            ImageItem::new(&image, store.tagged(&reference)?.as_ref(), |digest| store.about(digest)).print(out)?;
        }
    }
    Ok(Exit::Done)
}

fn verify_folder(out: &Output, path: &Path) -> Result<Exit> {
    let folder = Folder::read(path)?;
    folder.verify()?;
    verdict(out, &Checked { images: 1, bytes: folder.bytes(), problems: Vec::new() })
}

fn verify(store: &Store, out: &Output, references: &[Reference]) -> Result<Exit> {
    let mut checked = Checked { images: references.len(), bytes: 0, problems: Vec::new() };
    for reference in references {
        match store.resolve(reference) {
            Ok(image) => {
                let (bytes, wrong) = store.verify(&image);
                checked.bytes += bytes;
                checked.problems.extend(wrong.iter().map(|problem| format!("{reference}: {problem}")));
            }
            Err(error @ ImageError::Unknown { .. }) => return Err(error.into()),
            Err(error) => checked.problems.push(format!("{reference}: {error}")),
        }
    }
    verdict(out, &checked)
}

/// What a check found.
struct Checked {
    images: usize,
    bytes: u64,
    problems: Vec<String>,
}

fn verdict(out: &Output, checked: &Checked) -> Result<Exit> {
    let Checked { images, bytes, problems } = checked;
    let sound = problems.is_empty();
    if out.is_json() {
        out.json(&json!({ "sound": sound, "images": images, "bytes": bytes, "problems": problems }))?;
    } else {
        problems.iter().try_for_each(|problem| {
            out.line(&format!("{}  {}", out.styled(out.palette.bad, "wrong"), harmless(problem)))
        })?;
        let (style, word) = if sound { (out.palette.good, "sound") } else { (out.palette.bad, "not sound") };
        let noun = if *images == 1 { "image" } else { "images" };
        out.line(&format!("{}  {images} {noun}, {}", out.styled(style, word), size(*bytes)))?;
    }
    Ok(if sound { Exit::Done } else { Exit::DataFolder })
}
