//! An image as a folder: `image.toml` and the components that it names.
//!
//! ```toml
//! name = "unix"
//! version = "0.1.0"
//! description = "Some of what a Unix has"
//!
//! [env]
//! PATH = "/usr/local/bin:/usr/bin:/bin"
//!
//! [[commands]]
//! component = "coreutils.wasm"
//! names = ["cat", "cp", "ls"]
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skep_model::Digest;
use skep_toml::{Document, Section, prose};

use crate::component::{About, check_command};
use crate::file::Hashed;
use crate::image::{COMMANDS, COMPONENTS, Image};
use crate::{ImageError, file, name};

/// The file that makes a folder an image.
pub(crate) const MANIFEST: &str = "image.toml";

/// A folder that was read, with everything in it checked.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    image: Image,
    components: Vec<Component>,
}

/// A component of a folder.
#[derive(Debug)]
pub(crate) struct Component {
    /// Relative to the folder.
    pub(crate) file: String,
    pub(crate) hashed: Hashed,
}

/// A command's name, and the place of its component in the list.
type Names = BTreeMap<String, Digest>;

impl Folder {
    /// Reads `image.toml` and every component that it names.
    ///
    /// # Errors
    /// All that is wrong with the folder, as problems of its `image.toml` with their lines.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        let manifest = path.join(MANIFEST);
        let text = skep_toml::read(&manifest)?;
        let mut components = Vec::new();
        let image = Document::parse(&manifest, &text, |root| {
            let name = root.need("name", skep_toml::name);
            let version = root.need("version", skep_toml::version).map(|version| version.to_string());
            let description = root.get("description", prose).unwrap_or_default();
            let env = root.section("env").map(variables).unwrap_or_default();
            Image::new(name, version.unwrap_or_default(), commands(root, path, &mut components)).with(description, env)
        })?;
        Ok(Self { path: path.to_owned(), image, components })
    }

    /// Looks at all of each component, which reading it does not: whether it is torn or malformed, and a command.
    ///
    /// # Errors
    /// The first that is, or can't be read.
    pub fn verify(&self) -> Result<(), ImageError> {
        // What was adapted was looked at then.
        self.components.iter().filter(|component| !component.hashed.adapted).try_for_each(|component| {
            let path = self.path.join(&component.file);
            let bytes = std::fs::read(&path).map_err(ImageError::store(&path))?;
            let wrong = |reason| ImageError::NoCommand { path: path.clone(), reason };
            check_command(&bytes).map_err(wrong)
        })
    }

    /// What it holds.
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of one of its components.
    pub fn about(&self, component: Digest) -> Option<About> {
        let found = self.components.iter().find(|own| own.hashed.digest == component);
        found.map(|own| About { bytes: own.hashed.length, adapted: own.hashed.adapted })
    }

    /// The bytes of all components.
    pub fn bytes(&self) -> u64 {
        self.components.iter().map(|component| component.hashed.length).sum()
    }

    pub(crate) fn components(&self) -> &[Component] {
        &self.components
    }
}

fn variables(mut section: Section<'_>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (key, value) in section.pairs() {
        if let Err(problem) = name::variable(key) {
            value.problem(&problem);
        }
        variables.extend(value.text(name::value).map(|text| (key.to_owned(), text)));
    }
    variables
}

fn commands(root: &mut Section<'_>, folder: &Path, components: &mut Vec<Component>) -> Names {
    let mut names = Names::new();
    let sections = root.sections("commands");
    if sections.is_empty() {
        root.problem("an image has commands: add `[[commands]]` with a `component` and its `names`".to_owned());
    }
    for mut section in sections {
        let component = section.need("component", |text| component(folder, text).map(Some));
        let digest = component.as_ref().map_or(Digest::of(b""), |component| component.hashed.digest);
        add_names(&mut section, digest, &mut names);
        components.extend(component.filter(|new| components.iter().all(|old| old.hashed.digest != new.hashed.digest)));
    }
    if names.len() > COMMANDS || components.len() > COMPONENTS {
        root.problem(format!("an image has at most {COMMANDS} commands and {COMPONENTS} components"));
    }
    names
}

fn add_names(section: &mut Section<'_>, digest: Digest, names: &mut Names) {
    let Some(list) = section.take("names") else {
        section.problem("missing key `names`: a component answers to at least one name".to_owned());
        return;
    };
    let values = list.items();
    if values.is_empty() {
        list.problem("a component answers to at least one name");
    }
    for value in values {
        let Some(name) = value.text(name::command) else { continue };
        if names.insert(name.clone(), digest).is_some() {
            value.problem(&format!("a command named {name:?} stands above already"));
        }
    }
}

fn component(folder: &Path, text: &str) -> Result<Component, String> {
    let file = skep_toml::component(text)?;
    let hashed = file::component(folder, &file)?;
    Ok(Component { file, hashed })
}
