//! An image in a registry: the Wasm OCI Artifact layout of the CNCF's TAG Runtime, with one layer for each component, and
//! the image's canonical JSON as one more.
//!
//! <https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>, on the OCI image specification 1.1. That
//! layout asks consumers to refuse several components unless they know what these are; our own layer says it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use skep_model::Digest;

use crate::component::Surface;
use crate::error::said;
use crate::{Image, name};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const COMPONENT: &str = "application/wasm";
const IMAGE: &str = "application/vnd.skep.image.manifest.v1+json";

const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const DESCRIPTION: &str = "org.opencontainers.image.description";

/// Artifacts are made of their contents only, so that an image has the same digest whenever it is pushed.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Names bytes that are somewhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// The manifest of an artifact, of which we read no more than this.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

/// Where the commands of an artifact are described.
pub(crate) enum Described {
    /// In a layer of ours.
    Here(Descriptor),
    /// Nowhere: it is one component, which is one command.
    Nowhere(Descriptor),
}

impl Descriptor {
    fn new(media_type: &str, bytes: &[u8], annotations: &[(&str, &str)]) -> Self {
        Self::of(media_type, Digest::of(bytes), bytes.len() as u64, annotations)
    }

    fn of(media_type: &str, digest: Digest, size: u64, annotations: &[(&str, &str)]) -> Self {
        let annotations = annotations.iter().filter(|(_, text)| !text.is_empty());
        let annotations = annotations.map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        Self { media_type: media_type.to_owned(), digest, size, annotations }
    }

    /// What people call it.
    pub(crate) fn title(&self) -> String {
        self.annotations.get(TITLE).map_or_else(|| self.digest.short(), |title| said(title))
    }
}

impl Manifest {
    /// The manifest in these bytes, if it is of an artifact with components.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| reason_of(bytes, &error))?;
        match manifest.config.media_type.as_str() {
            CONFIG => Ok(manifest),
            other if other.contains("image.config") || other.contains("container.image") => {
                Err("it is a container image, whose programs are not WebAssembly components".to_owned())
            }
            other => Err(format!("it is an artifact of another kind, {other:?}")),
        }
    }

    /// Where its commands are described.
    pub(crate) fn described(&self) -> Result<Described, String> {
        let of_kind = |kind: &str| self.layers.iter().filter(|layer| layer.media_type == kind).collect::<Vec<_>>();
        match (of_kind(IMAGE).as_slice(), of_kind(COMPONENT).as_slice()) {
            ([image], _) => Ok(Described::Here((*image).clone())),
            ([], [component]) if self.layers.len() == 1 => Ok(Described::Nowhere((*component).clone())),
            ([], []) => Err("it has no component".to_owned()),
            ([], _) => Err("it has several layers, and none that says which commands they are".to_owned()),
            (_, _) => Err("it has several layers that describe its commands".to_owned()),
        }
    }

    /// The layers of these components, without those that nobody asked for.
    pub(crate) fn layers_of(&self, image: &Image) -> Result<Vec<&Descriptor>, String> {
        let layer = |digest: Digest| {
            let found = self.layers.iter().find(|layer| layer.digest == digest && layer.media_type == COMPONENT);
            found.ok_or_else(|| format!("its commands need a component {digest}, which is none of its layers"))
        };
        image.components().into_iter().map(layer).collect()
    }
}

/// Why these bytes are no manifest.
fn reason_of(bytes: &[u8], error: &serde_json::Error) -> String {
    let object: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
    match object.get("manifests") {
        Some(_) => "it is an index of several artifacts; name one of them by its digest".to_owned(),
        None => format!("its manifest can't be read: {error}"),
    }
}

/// The image that one component without a description is: one command.
pub(crate) fn single(command: &str, version: &str, component: Digest) -> Result<Image, String> {
    let command = name::command(command)?;
    Ok(Image::new(command.clone(), version.to_owned(), BTreeMap::from([(command, component)])))
}

/// What goes to a registry beside the components.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) manifest: Vec<u8>,
    pub(crate) config: Vec<u8>,
    pub(crate) image: Vec<u8>,
    pub(crate) components: Vec<Descriptor>,
}

/// An image's artifact. `sizes` are those of its components, `surface` what they ask for and offer, together.
pub(crate) fn pack(image: &Image, sizes: &BTreeMap<Digest, u64>, surface: &Surface) -> Packed {
    let json = image.to_json();
    let components: Vec<_> = sizes.iter().map(|(digest, size)| component(image, *digest, *size)).collect();
    let mut layers = components.clone();
    layers.push(Descriptor::new(IMAGE, &json, &[(TITLE, "image.json")]));
    let digests: Vec<_> = layers.iter().map(|layer| layer.digest).collect();
    let Surface { imports, exports } = surface;
    let config = config(&digests, imports, exports);
    let about = [(TITLE, image.name()), (VERSION, image.version()), (DESCRIPTION, image.description())];
    let manifest = Manifest {
        schema_version: 2,
        media_type: MANIFEST.to_owned(),
        config: Descriptor::new(CONFIG, &config, &[]),
        layers,
        annotations: Descriptor::new("", b"", &about).annotations,
    };
    let manifest = serde_json::to_vec(&manifest).expect("texts and numbers have a JSON form");
    Packed { manifest, config, image: json, components }
}

fn component(image: &Image, digest: Digest, size: u64) -> Descriptor {
    let mut names = image.commands().iter().filter(|(_, of)| **of == digest).map(|(name, _)| name);
    let title = names.next().map(|name| format!("{name}.wasm")).unwrap_or_default();
    Descriptor::of(COMPONENT, digest, size, &[(TITLE, &title)])
}

fn config(layers: &[Digest], imports: &BTreeSet<String>, exports: &BTreeSet<String>) -> Vec<u8> {
    let config = json!({
        "created": CREATED,
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": layers,
        "component": { "exports": exports, "imports": imports },
    });
    config.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        let of = |text: &str| Digest::of(text.as_bytes());
        let commands = [("cat", "core"), ("ls", "core"), ("sh", "shell")];
        let commands = commands.map(|(name, component)| (name.to_owned(), of(component))).into();
        Image::new("unix".to_owned(), "0.1.0".to_owned(), commands).with("Some".to_owned(), BTreeMap::new())
    }

    fn packed() -> Packed {
        let sizes = image().components().into_iter().map(|digest| (digest, 5)).collect();
        pack(&image(), &sizes, &Surface::default())
    }

    #[test]
    fn an_artifact_has_a_layer_for_each_component_and_one_that_says_what_they_are() {
        let manifest = Manifest::parse(&packed().manifest).unwrap();
        let kinds: Vec<_> = manifest.layers.iter().map(|layer| layer.media_type.as_str()).collect();
        assert_eq!(kinds, [COMPONENT, COMPONENT, IMAGE]);
        let mut titles: Vec<_> = manifest.layers.iter().map(Descriptor::title).collect();
        titles.sort();
        assert_eq!(titles, ["cat.wasm", "image.json", "sh.wasm"]);
        let Ok(Described::Here(layer)) = manifest.described() else { panic!("{manifest:?}") };
        assert_eq!(layer.digest, image().digest());
        assert_eq!(manifest.layers_of(&image()).unwrap().len(), 2);
        assert_eq!(manifest.annotations[VERSION], "0.1.0");
        let config: serde_json::Value = serde_json::from_slice(&packed().config).unwrap();
        assert_eq!(config["layerDigests"].as_array().unwrap().len(), 3);
        assert_eq!((&config["os"], &config["architecture"]), (&json!("wasip2"), &json!("wasm")));
    }

    #[test]
    fn the_same_image_makes_the_same_artifact() {
        assert_eq!(packed().manifest, packed().manifest);
    }

    #[test]
    fn what_is_no_image_of_commands_is_told_what_it_is() {
        let of = |config: &str, kinds: &[&str]| {
            let descriptor = |kind: &str| Descriptor::new(kind, b"", &[]);
            let layers: Vec<_> = kinds.iter().map(|kind| descriptor(kind)).collect();
            json!({ "schemaVersion": 2, "config": descriptor(config), "layers": layers }).to_string()
        };
        let refusal = |text: String| match Manifest::parse(text.as_bytes()).and_then(|manifest| manifest.described()) {
            Err(reason) => reason,
            Ok(_) => panic!("{text} is an image"),
        };
        assert!(refusal(of("application/vnd.oci.image.config.v1+json", &[])).contains("container image"));
        assert!(refusal(of("application/vnd.cncf.helm.config.v1+json", &[])).contains("another kind"));
        assert!(refusal(of(CONFIG, &[])).contains("no component"));
        assert!(refusal(of(CONFIG, &[COMPONENT, COMPONENT])).contains("several layers"));
        assert!(refusal(of(CONFIG, &[IMAGE, IMAGE])).contains("several layers"));
        assert!(refusal(json!({ "manifests": [] }).to_string()).contains("index"));
        assert!(refusal("{".to_owned()).contains("can't be read"));
    }
}
