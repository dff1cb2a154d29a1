//! From the command line to an open host: configuration, then the store, then the engine over it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use skep_config::{ConfigError, HostConfig};
use skep_engine::{Catalog, Engine};
use skep_sandbox::Compiler;
use skep_state::{OnProgress, Store};

use crate::args::Globals;
use crate::exit::{Exit, problem};
use crate::output::note;
use crate::{paths, shipped};

/// The longest that a component may take to compile.
const COMPILE: Duration = Duration::from_secs(120);

/// What the command line and skep.toml say, before anything is opened.
pub(crate) struct Settings {
    pub(crate) data: PathBuf,
    pub(crate) config: HostConfig,
    /// What another process is told that wants the data folder, too.
    command: String,
    plugins: Vec<PathBuf>,
    environments: Vec<PathBuf>,
    images: Vec<PathBuf>,
}

impl Settings {
    pub(crate) fn read(globals: &Globals, command: String) -> Result<Self> {
        let data = paths::data_folder(globals.data.as_deref())?;
        if data.exists() && !data.is_dir() {
            return Err(problem(
                Exit::DataFolder,
                format!("{} is no folder, so it can't be the data folder; name one with --data", data.display()),
            ));
        }
        let file = data.join("skep.toml");
        let config = match skep_config::read(&file) {
            Ok(text) => HostConfig::parse(&file, &text)?,
            Err(ConfigError::Missing { .. }) => HostConfig::default(),
            Err(error) => return Err(error.into()),
        };
        let given = !globals.plugins.is_empty();
        let built_in = || paths::built_in_plugins().into_iter().collect();
        let mut plugins = if given { globals.plugins.clone() } else { built_in() };
        plugins.extend(config.plugins.iter().cloned());
        let environments = globals.environments.iter().chain(&config.environments).cloned().collect();
        let images = if globals.images.is_empty() {
            paths::built_in_images().into_iter().collect()
        } else {
            globals.images.clone()
        };
        Ok(Self { data, config, command, plugins, environments, images })
    }

    /// The plugins and environments that there are.
    pub(crate) fn catalog(&self) -> Result<Catalog> {
        if self.plugins.is_empty() {
            note(
                "note: there are no built-in plugins beside this program; `cargo xtask guests` builds them, --plugins names others",
            );
        }
        if let Some(folder) = self.plugins.iter().chain(&self.environments).find(|folder| !folder.is_dir()) {
            let text = "where plugins or environments should be; see --plugins, --environments and skep.toml";
            return Err(problem(Exit::Refused, format!("there is no folder {}, {text}", folder.display())));
        }
        let catalog = Catalog::read(&self.plugins, &self.environments)?;
        let catalog = catalog.with_shipped(shipped::environments()?).with_defaults(&self.config.defaults);
        Ok(catalog.with_images(self.images.clone()))
    }

    fn store_config(&self) -> skep_state::Config {
        let mut config = skep_state::Config::new(&self.data);
        config.command.clone_from(&self.command);
        config.on_progress =
            OnProgress::call(|progress| note(&format!("rebuilding the state: {} events", progress.events)));
        config
    }

    /// The store in the data folder, which is made when it is not there.
    pub(crate) fn open(&self) -> Result<Arc<Store>> {
        let (store, report) = Store::open(self.store_config())?;
        if !report.is_quiet() {
            note(report.to_string().trim_end());
        }
        Ok(Arc::new(store))
    }

    /// The store in a data folder that has to be there already.
    pub(crate) fn open_existing(&self) -> Result<Arc<Store>> {
        if !self.data.is_dir() {
            let text = format!(
                "there is no data folder at {}; `skep run start` makes one, --data names another",
                self.data.display()
            );
            return Err(problem(Exit::NotFound, text));
        }
        self.open()
    }

    /// The store with its state made anew.
    pub(crate) fn rebuild(&self) -> Result<(Store, skep_state::OpenReport)> {
        Ok(Store::rebuild(self.store_config())?)
    }

    /// Fills an empty data folder from an export.
    pub(crate) fn import(&self, from: impl std::io::BufRead) -> Result<skep_state::Totals> {
        let (_store, totals) = Store::import(self.store_config(), from)?;
        Ok(totals)
    }

    /// An engine over the store. Nothing runs before it is started.
    pub(crate) fn engine(&self, store: &Arc<Store>) -> Result<Arc<Engine>> {
        let catalog = Arc::new(self.catalog()?);
        Ok(Arc::new(Engine::new(&self.data, Arc::clone(store), catalog, self.engine_config()?)?))
    }

    fn engine_config(&self) -> Result<skep_engine::Config> {
        let HostConfig { maxima, tool_maxima, concurrency, queue, disk, .. } = self.config.clone();
        let mut config =
            skep_engine::Config { maxima, tool_maxima, concurrency, queue, ..skep_engine::Config::default() };
        config.min_free_bytes = disk.min_free_bytes;
        config.snapshot_bytes = disk.snapshot_bytes;
        config.repo = self.repo_terms();
        config.sandbox = self.sandbox_config()?;
        Ok(config)
    }

    /// What repositories of workspaces may take.
    pub(crate) fn repo_terms(&self) -> skep_repo::Terms {
        let repos = &self.config.repos;
        skep_repo::Terms {
            bytes: repos.max_bytes,
            files: repos.max_files,
            wall: Duration::from_millis(repos.max_wall_ms),
            allow_private: repos.allow_private,
            mirrors: Some(self.data.join("mirrors")),
            ..skep_repo::Terms::default()
        }
    }

    /// How the sandbox is made: components are compiled by this program in a process of its own.
    pub(crate) fn sandbox_config(&self) -> Result<skep_sandbox::Config> {
        let program = std::env::current_exe().context("this program can't find itself")?;
        let compiler = Compiler::Worker { program, arguments: vec!["compile-worker".to_owned()], timeout: COMPILE };
        Ok(skep_sandbox::Config { maxima: self.config.maxima, compiler, ..skep_sandbox::Config::default() })
    }
}
