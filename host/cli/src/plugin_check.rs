//! `skep plugin check`: everything that can be found out about a plugin before it is used.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use skep_engine::{Catalog, Plugin};
use skep_sandbox::{Allocation, Sandbox, ToolDescription};

use crate::catalog_show::PluginItem;
use crate::exit::Exit;
use crate::host::Settings;
use crate::output::Output;
use crate::readable::harmless;

/// A plugin that is right, and what its component says of itself.
#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    plugin: PluginItem,
    described: Vec<Described>,
}

#[derive(Serialize)]
struct Described {
    name: String,
    description: String,
    parameters: serde_json::Value,
}

impl From<ToolDescription> for Described {
    fn from(tool: ToolDescription) -> Self {
        let ToolDescription { name, description, parameters } = tool;
        Self { name, description, parameters: serde_json::from_str(&parameters).unwrap_or_default() }
    }
}

pub(crate) async fn check(settings: &Settings, out: &Output, path: &Path) -> Result<Exit> {
    let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    let plugin = Plugin::read(folder)?;
    let config = skep_sandbox::Config { allocation: Allocation::OnDemand, ..settings.sandbox_config()? };
    let sandbox = Sandbox::new(config).map_err(skep_engine::Error::from)?;
    let described = Catalog::check(&plugin, &sandbox).await?.into_iter().map(Into::into).collect();
    told(out, &Checked { plugin: (&plugin).into(), described })?;
    Ok(Exit::Done)
}

fn told(out: &Output, checked: &Checked) -> std::io::Result<()> {
    if out.is_json() {
        return out.json(checked);
    }
    let PluginItem { name, version, provides, .. } = &checked.plugin;
    out.line(&format!("{}  {provides} {name} {version}", out.styled(out.palette.good, "ok")))?;
    checked.described.iter().try_for_each(|tool| {
        let first = tool.description.lines().next().unwrap_or_default();
        out.line(&format!("  {name}.{}  {}", tool.name, harmless(first)))
    })
}
