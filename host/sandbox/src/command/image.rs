//! What can be executed: names, and the components behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_model::Digest;

/// Where the bytes of a component come from when it is not loaded yet.
pub type Fetch = Arc<dyn Fn(Digest) -> Result<Vec<u8>, String> + Send + Sync>;

/// An image as the sandbox sees it.
#[derive(Clone)]
pub struct Image {
    /// The component of each name. Several names may have the same one, which then looks at the name that it is called by.
    pub commands: Arc<BTreeMap<String, Digest>>,
    /// Its components' bytes.
    pub fetch: Fetch,
}

/// Folders in which people expect commands; a path into one of them is a name of the image.
const FOLDERS: [&str; 4] = ["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/"];

impl Image {
    /// The component of a name, or of a path where people expect it.
    pub(crate) fn command(&self, program: &str) -> Option<(&str, Digest)> {
        let name = FOLDERS.iter().find_map(|folder| program.strip_prefix(folder)).unwrap_or(program);
        self.commands.get_key_value(name).map(|(name, digest)| (name.as_str(), *digest))
    }

    /// A name that somebody may have meant.
    pub(crate) fn nearest(&self, program: &str) -> Option<&str> {
        let name = program.rsplit('/').next().unwrap_or(program);
        let likeness = |known: &&String| (strsim::jaro_winkler(known, name) * 1_000.0) as u32;
        let nearest = self.commands.keys().max_by_key(likeness)?;
        (likeness(&nearest) >= 800).then_some(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_its_name_its_usual_path_and_names_that_are_near() {
        let digest = Digest::of(b"grep");
        let commands = BTreeMap::from([("grep".to_owned(), digest), ("sed".to_owned(), Digest::of(b"sed"))]);
        let image = Image { commands: Arc::new(commands), fetch: Arc::new(|_| Err("nowhere".into())) };
        for program in ["grep", "/bin/grep", "/usr/bin/grep"] {
            assert_eq!(image.command(program), Some(("grep", digest)), "{program}");
        }
        assert_eq!(image.command("./grep"), None);
        assert_eq!((image.nearest("gerp"), image.nearest("egrep")), (Some("grep"), Some("grep")));
        assert_eq!(image.nearest("docker"), None);
    }
}
