//! What a run is pinned to: components by their content, kept as blobs, so that a run goes on and replays with exactly the
//! code that it was accepted with, whatever becomes of the plugins' files.
//!
//! A plugin is read once per host: a changed file counts from the host's next start on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use skep_config::{Environment, PluginManifest, Provides, ToolDeclaration};
use skep_model::{Access, AgentPin, Digest, Grants, Idempotency, ImagePin, Limits, ToolPin};
use skep_sandbox::Sandbox;
use skep_state::Store;

use crate::Error;
use crate::catalog::{Catalog, Plugin};
use crate::images::Images;
use crate::shell;

/// Makes pins, and remembers those of agents by plugin and those of grants by environment.
pub(crate) struct Pins {
    catalog: Arc<Catalog>,
    store: Arc<Store>,
    sandbox: Arc<Sandbox>,
    images: Images,
    /// The most that a tool call may be given.
    maxima: Limits,
    agents: Mutex<BTreeMap<String, AgentPin>>,
    grants: Mutex<BTreeMap<String, Grants>>,
}

impl Pins {
    pub(crate) fn new(
        catalog: Arc<Catalog>,
        store: Arc<Store>,
        sandbox: Arc<Sandbox>,
        images: Images,
        maxima: Limits,
    ) -> Self {
        Self { catalog, store, sandbox, images, maxima, agents: Mutex::default(), grants: Mutex::default() }
    }

    /// The agent's pin; its component compiles and is a durable blob.
    pub(crate) async fn agent(&self, name: &str) -> Result<AgentPin, Error> {
        let known = self.agents.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(pin) = known.filter(|pin| self.is_kept(pin.component)) {
            return Ok(pin);
        }
        let plugin = self.catalog.agent(name)?.clone();
        let (store, sandbox) = (Arc::clone(&self.store), Arc::clone(&self.sandbox));
        let pin = tokio::task::spawn_blocking(move || pin_agent(&plugin, &store, &sandbox)).await??;
        self.agents.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), pin.clone());
        Ok(pin)
    }

    /// What an environment grants: every tool whose name matches, with the lesser of what its manifest asks for and the
    /// environment allows.
    ///
    /// # Errors
    /// A limit of the environment's is more than the operator allows, or a plugin can't be used.
    pub(crate) async fn grants(&self, environment: &Environment) -> Result<Grants, Error> {
        let known = self.grants.lock().unwrap_or_else(PoisonError::into_inner).get(&environment.name).cloned();
        if let Some(grants) = known.filter(|grants| self.are_kept(grants)) {
            return Ok(grants);
        }
        let idle = environment.not_in_force();
        if !idle.is_empty() {
            let (name, keys) = (&environment.name, idle.join(", "));
            tracing::warn!(environment = name, keys, "not in force in this version: nothing is granted by these keys");
        }
        // Said of the environment itself, whichever tools it grants.
        self.allowed(environment)?;
        let mut tools = Vec::new();
        for plugin in self.catalog.plugins().filter(|plugin| plugin.manifest.provides == Provides::Tool) {
            tools.extend(self.tools(plugin, environment).await?);
        }
        let image = self.image(environment).await?;
        if let Some(image) = image.as_ref().filter(|_| shell::is_granted(environment)) {
            tools.push(shell::pin(image, environment.workspace));
        }
        tools.sort_by(|one, other| one.name.cmp(&other.name));
        let grants = Grants { tools, image, clock: environment.clock, random: environment.random };
        let mut known = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(environment.name.clone(), grants.clone());
        Ok(grants)
    }

    async fn image(&self, environment: &Environment) -> Result<Option<ImagePin>, Error> {
        if environment.image.is_empty() {
            return Ok(None);
        }
        let limits = self.allowed(environment)?.at_most(&self.maxima);
        let (images, names) = (self.images.clone(), environment.image.clone());
        tokio::task::spawn_blocking(move || images.pin(&names, limits)).await?.map(Some)
    }

    fn are_kept(&self, grants: &Grants) -> bool {
        let plugins = grants.tools.iter().filter(|tool| tool.name != shell::NAME);
        plugins.map(|tool| tool.component).all(|component| self.is_kept(component))
    }

    fn is_kept(&self, component: Digest) -> bool {
        self.store.blobs().exists(&component).unwrap_or(false)
    }

    /// The pins of one plugin's tools in an environment; none when it grants none of them.
    async fn tools(&self, plugin: &Plugin, environment: &Environment) -> Result<Vec<ToolPin>, Error> {
        let manifest = &plugin.manifest;
        let granted = || manifest.tools.iter().filter(|tool| environment.grants(&manifest.name, &tool.name));
        if granted().next().is_none() {
            return Ok(Vec::new());
        }
        let (component, tool) = self.keep_tool(plugin).await?;
        let described = self.sandbox.describe(&tool).await.map_err(|error| plugin.refused(&error))?;
        let limits = self.limits(manifest, environment)?;
        let pin = |tool: &ToolDeclaration| {
            let about = plugin.about(&described, &tool.name)?;
            Ok(ToolPin {
                name: format!("{}.{}", manifest.name, tool.name),
                description: about.description.clone(),
                parameters: about.parameters.clone(),
                idempotency: tool.idempotency,
                component,
                workspace: environment.access(access(manifest, tool)),
                limits,
            })
        };
        granted().map(pin).collect()
    }

    /// What the manifest asks for in place of the defaults, and never more than the environment or the operator allows. What
    /// a manifest asks for beyond that is no reason to refuse the environment: asking grants nothing.
    fn limits(&self, manifest: &PluginManifest, environment: &Environment) -> Result<Limits, Error> {
        let mut asked = self.allowed(environment)?;
        for (kind, value) in &manifest.capabilities.limits.0 {
            asked.set(*kind, *value);
        }
        Ok(asked.within(&environment.tool_limits).at_most(&self.maxima))
    }

    /// The limits of a tool call in an environment where the tool's manifest asks for none.
    pub(crate) fn allowed(&self, environment: &Environment) -> Result<Limits, Error> {
        let wrong = |source| Error::Environment { name: environment.name.clone(), source };
        Limits::TOOL.with(&environment.tool_limits, &self.maxima).map_err(wrong)
    }

    async fn keep_tool(&self, plugin: &Plugin) -> Result<(Digest, skep_sandbox::Tool), Error> {
        let (plugin, store, sandbox) = (plugin.clone(), Arc::clone(&self.store), Arc::clone(&self.sandbox));
        let kept = tokio::task::spawn_blocking(move || {
            let wasm = plugin.component()?;
            let component = Digest::of(&wasm);
            let tool = sandbox.tool(component, &wasm).map_err(|error| plugin.refused(&error))?;
            store.blobs().put(&wasm).map_err(skep_state::Error::from)?;
            Ok((component, tool))
        });
        kept.await?
    }
}

/// What a tool may do with the workspace by its manifest. One that is declared to change nothing is held to it, because it is
/// called again after a crash.
fn access(manifest: &PluginManifest, tool: &ToolDeclaration) -> Access {
    match tool.idempotency {
        Idempotency::ReadOnly => manifest.capabilities.workspace.min(Access::Read),
        Idempotency::Idempotent | Idempotency::NonIdempotent => manifest.capabilities.workspace,
    }
}

fn pin_agent(plugin: &Plugin, store: &Store, sandbox: &Sandbox) -> Result<AgentPin, Error> {
    let wasm = plugin.component()?;
    let component = Digest::of(&wasm);
    sandbox.agent(component, &wasm).map_err(|error| plugin.refused(&error))?;
    store.blobs().put(&wasm).map_err(skep_state::Error::from)?;
    Ok(AgentPin { name: plugin.manifest.name.clone(), version: plugin.manifest.version.to_string(), component })
}
