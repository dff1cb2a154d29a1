//! What an image is: names of commands, and the components that answer to them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use skep_model::Digest;

use crate::name;

/// The most commands that an image has.
pub(crate) const COMMANDS: usize = 4096;
/// The most components that an image has.
pub(crate) const COMPONENTS: usize = 128;
/// The longest name, version or description, in bytes.
const WORDS: usize = 4096;

/// A set of commands. `Image::default()` has none, so nothing can be started from it.
///
/// Its JSON is canonical: the keys of all objects are sorted, nothing that could be left out is written and nothing is
/// left out, so that equal images have equal bytes. These bytes are its record in a store and its manifest in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Image {
    commands: BTreeMap<String, Digest>,
    description: String,
    env: BTreeMap<String, String>,
    name: String,
    version: String,
}

/// What an image is made of, unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    commands: BTreeMap<String, Digest>,
    description: String,
    env: BTreeMap<String, String>,
    name: String,
    version: String,
}

impl TryFrom<Parts> for Image {
    type Error = String;

    fn try_from(parts: Parts) -> Result<Self, String> {
        let Parts { commands, description, env, name, version } = parts;
        let image = Self { commands, description, env, name, version };
        image.check().map(|()| image)
    }
}

impl Image {
    /// An image of these commands and nothing else.
    pub(crate) fn new(name: String, version: String, commands: BTreeMap<String, Digest>) -> Self {
        Self { name, version, commands, ..Self::default() }
    }

    pub(crate) fn with(self, description: String, env: BTreeMap<String, String>) -> Self {
        Self { description, env, ..self }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Semantic where it comes from an `image.toml`; a tag where it comes from elsewhere.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// One or a few sentences, or nothing.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The environment that its commands start with, unless whoever starts them says otherwise.
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// Each command with its component. A component with several names looks at its first argument.
    pub fn commands(&self) -> &BTreeMap<String, Digest> {
        &self.commands
    }

    /// The component of the command with this name.
    pub fn command(&self, name: &str) -> Option<Digest> {
        self.commands.get(name).copied()
    }

    /// Each component once.
    pub fn components(&self) -> BTreeSet<Digest> {
        self.commands.values().copied().collect()
    }

    /// The commands of several images. Of commands and variables with the same name, the later image's wins.
    pub fn layered(images: impl IntoIterator<Item = Self>) -> Self {
        let joined =
            |one: String, other: &str| if one.is_empty() { other.to_owned() } else { format!("{one}+{other}") };
        images.into_iter().fold(Self::default(), |mut below, above| {
            below.commands.extend(above.commands);
            below.env.extend(above.env);
            Self {
                name: joined(below.name, &above.name),
                version: joined(below.version, &above.version),
                description: if above.description.is_empty() { below.description } else { above.description },
                ..below
            }
        })
    }

    /// The digest of its canonical JSON: the same for equal images, wherever they come from.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_json())
    }

    /// Its canonical JSON.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and maps of strings have a JSON form")
    }

    /// The image with this canonical JSON.
    ///
    /// # Errors
    /// What about the bytes is no image, or not its canonical form.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let image: Self = serde_json::from_slice(json).map_err(|error| format!("it can't be read: {error}"))?;
        if image.to_json() == json { Ok(image) } else { Err("it is not in its canonical form".to_owned()) }
    }

    fn check(&self) -> Result<(), String> {
        let Self { commands, description, env, name, version } = self;
        if commands.len() > COMMANDS || self.components().len() > COMPONENTS {
            return Err(format!("an image has at most {COMMANDS} commands and {COMPONENTS} components"));
        }
        if [description, name, version].iter().any(|text| text.len() > WORDS) {
            return Err(format!("a name, version or description has at most {WORDS} bytes"));
        }
        commands.keys().try_for_each(|command| name::command(command).map(|_| ()))?;
        env.iter().try_for_each(|(key, value)| name::variable(key).and_then(|()| name::value(value).map(|_| ())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(name: &str, commands: &[(&str, &str)], env: &[(&str, &str)]) -> Image {
        let commands = commands.iter().map(|(name, of)| ((*name).to_owned(), Digest::of(of.as_bytes()))).collect();
        let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Image::new(name.to_owned(), "1.0.0".to_owned(), commands).with(String::new(), env)
    }

    #[test]
    fn equal_images_have_equal_bytes_and_survive_them() {
        let one = image("x", &[("b", "1"), ("a", "2")], &[("PATH", "/bin"), ("A", "1")]);
        let other = image("x", &[("a", "2"), ("b", "1")], &[("A", "1"), ("PATH", "/bin")]);
        assert_eq!(one.digest(), other.digest());
        assert_eq!(Image::from_json(&one.to_json()), Ok(one));
        assert!(String::from_utf8(other.to_json()).unwrap().starts_with("{\"commands\":{\"a\":\"sha256:"));
    }

    #[test]
    fn every_part_of_an_image_is_part_of_its_digest() {
        let base = image("x", &[("a", "1")], &[]);
        let digests = BTreeSet::from([
            base.digest(),
            image("y", &[("a", "1")], &[]).digest(),
            image("x", &[("b", "1")], &[]).digest(),
            image("x", &[("a", "2")], &[]).digest(),
            image("x", &[("a", "1")], &[("A", "")]).digest(),
            base.clone().with("text".to_owned(), BTreeMap::new()).digest(),
            Image { version: "2.0.0".to_owned(), ..base }.digest(),
        ]);
        assert_eq!(digests.len(), 7);
    }

    #[test]
    fn bytes_that_are_not_the_canonical_form_are_refused() {
        let json = String::from_utf8(image("x", &[("a", "1")], &[]).to_json()).unwrap();
        let digest = Digest::of(b"1");
        for (wrong, reason) in [
            (json.replace("{\"commands\"", "{ \"commands\""), "canonical"),
            (json.replace("\"a\":", &format!("\"a\":\"{digest}\",\"a\":")), "canonical"),
            (json.replace("\"name\"", "\"more\":1,\"name\""), "unknown field"),
            (json.replace("\"a\"", "\"a/b\""), "is no command's name"),
            (json.replace("{},\"name\"", "{\"A=\":\"\"},\"name\""), "is no variable's name"),
            ("[]".to_owned(), "can't be read"),
        ] {
            let refusal = Image::from_json(wrong.as_bytes()).unwrap_err();
            assert!(refusal.contains(reason), "{wrong}: {refusal}");
        }
    }

    #[test]
    fn the_later_of_layered_images_wins_by_name() {
        let below = image("unix", &[("sh", "dash"), ("cat", "cat")], &[("PATH", "/bin"), ("HOME", "/")]);
        let above = image("bash", &[("sh", "bash")], &[("PATH", "/usr/bin")]);
        let both = Image::layered([below.clone(), above]);
        assert_eq!(both.command("sh"), Some(Digest::of(b"bash")));
        assert_eq!(both.command("cat"), Some(Digest::of(b"cat")));
        assert_eq!((both.env()["PATH"].as_str(), both.env()["HOME"].as_str()), ("/usr/bin", "/"));
        assert_eq!((both.name(), both.version()), ("unix+bash", "1.0.0+1.0.0"));
        assert_eq!(Image::layered([below.clone()]), below);
        assert_eq!(Image::layered([]), Image::default());
        assert_eq!(Image::default().command("sh"), None);
    }
}
