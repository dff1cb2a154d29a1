//! The plugins and environments that this host knows, and what a run of them is granted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skep_config::{Defaults, Environment, PluginManifest, Provides};
use skep_model::Digest;
use skep_sandbox::{Sandbox, ToolDescription};

use crate::Error;
use crate::shell;

/// A plugin as it lies on disk.
#[derive(Debug, Clone)]
pub struct Plugin {
    /// Its manifest.
    pub manifest: PluginManifest,
    /// Its folder.
    pub folder: PathBuf,
}

/// What was found in the folders that the host was given.
#[derive(Debug, Default)]
pub struct Catalog {
    plugins: BTreeMap<String, Plugin>,
    environments: BTreeMap<String, Environment>,
    images: Vec<PathBuf>,
}

impl Plugin {
    /// Reads `plugin.toml` in `folder`.
    ///
    /// # Errors
    /// There is none, or it is wrong.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let file = folder.join("plugin.toml");
        let manifest = PluginManifest::parse(&file, &skep_config::read(&file)?)?;
        Ok(Self { manifest, folder: folder.to_owned() })
    }

    /// The component's bytes.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn component(&self) -> Result<Vec<u8>, Error> {
        let path = self.folder.join(&self.manifest.component);
        std::fs::read(&path).map_err(|error| Error::Plugin {
            plugin: self.manifest.name.clone(),
            reason: format!(
                "{}: {error}; build it, or name the built file as `component` in plugin.toml",
                path.display()
            ),
        })
    }
}

impl Catalog {
    /// Everything in these folders: each holds a folder for each plugin or environment. A name that comes twice is an error.
    ///
    /// # Errors
    /// A folder that can't be read, or a file in it that is wrong.
    pub fn read(plugins: &[PathBuf], environments: &[PathBuf]) -> Result<Self, Error> {
        let mut catalog = Self::default();
        for folder in
            plugins.iter().map(|folder| subfolders(folder, "plugin.toml")).collect::<Result<Vec<_>, _>>()?.concat()
        {
            let plugin = Plugin::read(&folder)?;
            let name = plugin.manifest.name.clone();
            if name == shell::PLUGIN {
                let reason =
                    format!("is the host's own name for what executes commands; {} needs another", folder.display());
                return Err(Error::Plugin { plugin: name, reason });
            }
            if let Some(other) = catalog.plugins.insert(name.clone(), plugin) {
                let reason = format!("is in {} and in {}; remove one", other.folder.display(), folder.display());
                return Err(Error::Plugin { plugin: name, reason });
            }
        }
        for folder in environments
            .iter()
            .map(|folder| subfolders(folder, "environment.toml"))
            .collect::<Result<Vec<_>, _>>()?
            .concat()
        {
            let file = folder.join("environment.toml");
            let environment = Environment::read(&file)?;
            if let Some(other) = catalog.environments.insert(environment.name.clone(), environment) {
                return Err(Error::Invalid(format!(
                    "environment {} is defined twice, the second time in {}; remove one",
                    other.name,
                    folder.display()
                )));
            }
        }
        Ok(catalog)
    }

    /// The same with these environments too; one that a folder has under the same name takes its place.
    pub fn with_shipped(mut self, environments: impl IntoIterator<Item = Environment>) -> Self {
        for environment in environments {
            self.environments.entry(environment.name.clone()).or_insert(environment);
        }
        self
    }

    /// The same with what the operator sets for environments that say nothing of it.
    pub fn with_defaults(mut self, defaults: &Defaults) -> Self {
        let over = |(name, environment): (String, Environment)| (name, environment.over(defaults));
        self.environments = self.environments.into_iter().map(over).collect();
        self
    }

    /// The same with these folders, each of which holds a folder for each image.
    pub fn with_images(mut self, folders: Vec<PathBuf>) -> Self {
        self.images = folders;
        self
    }

    /// The folders of images.
    pub fn images(&self) -> &[PathBuf] {
        &self.images
    }

    /// The plugins, by name.
    pub fn plugins(&self) -> impl Iterator<Item = &Plugin> {
        self.plugins.values()
    }

    /// The environments, by name.
    pub fn environments(&self) -> impl Iterator<Item = &Environment> {
        self.environments.values()
    }

    /// The environment with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn environment(&self, name: &str) -> Result<&Environment, Error> {
        self.environments.get(name).ok_or_else(|| Error::UnknownEnvironment {
            name: name.to_owned(),
            known: self.environments.keys().cloned().collect(),
        })
    }

    /// The agent with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn agent(&self, name: &str) -> Result<&Plugin, Error> {
        let agents = || self.plugins.values().filter(|plugin| plugin.manifest.provides == Provides::Agent);
        agents().find(|plugin| plugin.manifest.name == name).ok_or_else(|| Error::UnknownAgent {
            name: name.to_owned(),
            known: agents().map(|plugin| plugin.manifest.name.clone()).collect(),
        })
    }

    /// Everything that can be checked of a plugin before it is used: its manifest was read, its component loads, and a tool
    /// plugin offers exactly the tools that its manifest lists.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub async fn check(plugin: &Plugin, sandbox: &Sandbox) -> Result<Vec<ToolDescription>, Error> {
        let wasm = plugin.component()?;
        let component = Digest::of(&wasm);
        match plugin.manifest.provides {
            Provides::Agent => {
                sandbox.agent(component, &wasm).map_err(|error| plugin.refused(&error))?;
                Ok(Vec::new())
            }
            Provides::Tool => {
                let tool = sandbox.tool(component, &wasm).map_err(|error| plugin.refused(&error))?;
                let described = sandbox.describe(&tool).await.map_err(|error| plugin.refused(&error))?;
                for tool in &plugin.manifest.tools {
                    plugin.about(&described, &tool.name)?;
                }
                for tool in &described {
                    if !plugin.manifest.tools.iter().any(|listed| listed.name == tool.name) {
                        let reason = format!(
                            "the component offers {:?}, which plugin.toml does not list; add a [[tools]] entry with its idempotency",
                            tool.name
                        );
                        return Err(Error::Plugin { plugin: plugin.manifest.name.clone(), reason });
                    }
                }
                Ok(described)
            }
        }
    }
}

impl Plugin {
    pub(crate) fn refused(&self, error: &skep_sandbox::Error) -> Error {
        Error::Plugin { plugin: self.manifest.name.clone(), reason: error.to_string() }
    }

    pub(crate) fn about<'a>(&self, described: &'a [ToolDescription], name: &str) -> Result<&'a ToolDescription, Error> {
        described.iter().find(|tool| tool.name == name).ok_or_else(|| Error::Plugin {
            plugin: self.manifest.name.clone(),
            reason: format!(
                "plugin.toml lists the tool {name:?}, which the component does not offer; it offers {}",
                described.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", ")
            ),
        })
    }
}

/// The folders below `folder` that hold `file`, in the order of their names; `folder` itself when it holds it.
fn subfolders(folder: &Path, file: &str) -> Result<Vec<PathBuf>, Error> {
    if folder.join(file).is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let unreadable = |error: std::io::Error| Error::Invalid(format!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.join(file).is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
