//! What a run is pinned to: components by their content, kept as blobs, so that a run goes on and replays with exactly the
//! code that it was accepted with, whatever becomes of the plugins' files.
//!
//! A plugin is read once per host: a changed file counts from the host's next start on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use skep_config::{Environment, Provides};
use skep_model::{AgentPin, Digest, Grants, Limits, ToolPin};
use skep_sandbox::Sandbox;
use skep_state::Store;

use crate::Error;
use crate::catalog::{Catalog, Plugin};

/// Makes pins, and remembers those of agents by plugin and those of grants by environment.
pub(crate) struct Pins {
    catalog: Arc<Catalog>,
    store: Arc<Store>,
    sandbox: Arc<Sandbox>,
    /// The most that a tool call may be given.
    maxima: Limits,
    agents: Mutex<BTreeMap<String, AgentPin>>,
    grants: Mutex<BTreeMap<String, Grants>>,
}

impl Pins {
    pub(crate) fn new(catalog: Arc<Catalog>, store: Arc<Store>, sandbox: Arc<Sandbox>, maxima: Limits) -> Self {
        Self { catalog, store, sandbox, maxima, agents: Mutex::default(), grants: Mutex::default() }
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
    pub(crate) async fn grants(&self, environment: &Environment) -> Result<Grants, Error> {
        let known = self.grants.lock().unwrap_or_else(PoisonError::into_inner).get(&environment.name).cloned();
        if let Some(grants) = known.filter(|grants| grants.tools.iter().all(|tool| self.is_kept(tool.component))) {
            return Ok(grants);
        }
        let mut tools = Vec::new();
        for plugin in self.catalog.plugins().filter(|plugin| plugin.manifest.provides == Provides::Tool) {
            tools.extend(self.tools(plugin, environment).await?);
        }
        tools.sort_by(|one, other| one.name.cmp(&other.name));
        let grants = Grants { tools };
        let mut known = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(environment.name.clone(), grants.clone());
        Ok(grants)
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
        let limits = Limits::TOOL
            .with(&environment.tool_limits, &self.maxima)?
            .with(&manifest.capabilities.limits, &self.maxima)?
            .at_most(&self.maxima);
        let pin = |tool: &skep_config::ToolDeclaration| {
            let about = plugin.about(&described, &tool.name)?;
            Ok(ToolPin {
                name: format!("{}.{}", manifest.name, tool.name),
                description: about.description.clone(),
                parameters: about.parameters.clone(),
                idempotency: tool.idempotency,
                component,
                workspace: environment.access(manifest.capabilities.workspace),
                limits,
            })
        };
        granted().map(pin).collect()
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

fn pin_agent(plugin: &Plugin, store: &Store, sandbox: &Sandbox) -> Result<AgentPin, Error> {
    let wasm = plugin.component()?;
    let component = Digest::of(&wasm);
    sandbox.agent(component, &wasm).map_err(|error| plugin.refused(&error))?;
    store.blobs().put(&wasm).map_err(skep_state::Error::from)?;
    Ok(AgentPin { name: plugin.manifest.name.clone(), version: plugin.manifest.version.to_string(), component })
}
