//! What there is to run, and what it may do: agents, environments, plugins.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use skep_config::{Environment, Layer, PluginManifest, Provides};
use skep_engine::{Catalog, Plugin};
use skep_model::{Access, LimitKind, Limits, Overrides, RepoSpec, StartupCommand};

use crate::exit::Exit;
use crate::host::Settings;
use crate::listing::{Column, Listing};
use crate::output::Output;

/// A plugin, an agent being one of them.
#[derive(Serialize)]
pub(crate) struct PluginItem {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) provides: &'static str,
    description: String,
    workspace: Access,
    tools: Vec<String>,
    path: String,
}

impl From<&Plugin> for PluginItem {
    fn from(plugin: &Plugin) -> Self {
        let PluginManifest { name, version, provides, description, capabilities, tools, .. } = &plugin.manifest;
        Self {
            name: name.clone(),
            version: version.to_string(),
            provides: match provides {
                Provides::Agent => "agent",
                Provides::Tool => "tool",
            },
            description: description.clone(),
            workspace: capabilities.workspace,
            tools: tools.iter().map(|tool| format!("{name}.{}", tool.name)).collect(),
            path: plugin.folder.display().to_string(),
        }
    }
}

/// `skep agent list`.
pub(crate) fn agents(settings: &Settings, out: &Output) -> Result<Exit> {
    let catalog = settings.catalog()?;
    let agents = catalog.plugins().filter(|plugin| plugin.manifest.provides == Provides::Agent);
    let items: Vec<PluginItem> = agents.map(Into::into).collect();
    let columns: &[Column<PluginItem>] = &[
        ("AGENT", |item| item.name.clone()),
        ("VERSION", |item| item.version.clone()),
        ("DESCRIPTION", |item| item.description.clone()),
    ];
    Listing { key: "agents", items: &items, columns, page_info: None }.print(out)?;
    Ok(Exit::Done)
}

/// `skep plugin list`.
pub(crate) fn plugins(settings: &Settings, out: &Output) -> Result<Exit> {
    let catalog = settings.catalog()?;
    let items: Vec<PluginItem> = catalog.plugins().map(Into::into).collect();
    let columns: &[Column<PluginItem>] = &[
        ("PLUGIN", |item| item.name.clone()),
        ("VERSION", |item| item.version.clone()),
        ("PROVIDES", |item| item.provides.to_owned()),
        ("TOOLS", |item| item.tools.len().to_string()),
        ("DESCRIPTION", |item| item.description.clone()),
        ("PATH", |item| item.path.clone()),
    ];
    Listing { key: "plugins", items: &items, columns, page_info: None }.print(out)?;
    Ok(Exit::Done)
}

/// What an environment grants, with the tools that its patterns mean here.
#[derive(Serialize)]
struct EnvironmentItem {
    name: String,
    description: String,
    agent: Option<String>,
    workspace: Access,
    repo: &'static str,
    repos: Vec<RepoSpec>,
    tools: Vec<String>,
    image: Vec<String>,
    startup: Vec<StartupCommand>,
    env: BTreeMap<String, String>,
    limits: Vec<String>,
    tool_limits: Vec<String>,
    /// What it has of the keys that this version does nothing with.
    not_in_force: BTreeMap<&'static str, Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<Resolved>,
}

/// Every key, and every limit of a run and of a tool call, with the layer that decides it.
#[derive(Serialize)]
struct Resolved {
    keys: Vec<ResolvedKey>,
    run: Vec<ResolvedLimit>,
    tool_call: Vec<ResolvedLimit>,
}

#[derive(Serialize)]
struct ResolvedKey {
    key: &'static str,
    /// One for each entry of a list or a table.
    values: Vec<String>,
    /// What holds when nobody says anything.
    default: &'static str,
    /// `default`, `host` or `environment`: the highest that says anything.
    from: &'static str,
    /// How a run says otherwise, if it can.
    by_run: Option<&'static str>,
    in_force: bool,
}

impl From<skep_config::Resolved> for ResolvedKey {
    fn from(skep_config::Resolved { key, values, from, in_force }: skep_config::Resolved) -> Self {
        Self { key: key.name, values, default: key.default, from: from.word(), by_run: key.by_run, in_force }
    }
}

impl ResolvedKey {
    /// One line for people: the value, where it comes from, and who may say otherwise.
    fn line(&self) -> String {
        let value = if self.values.is_empty() { self.default.to_owned() } else { self.values.join(", ") };
        let by_run = self.by_run.map(|by_run| format!("; a run may say {by_run}")).unwrap_or_default();
        format!("{} = {value}, from {}{by_run}{}", self.key, self.from, if self.in_force { "" } else { NOT_IN_FORCE })
    }
}

/// The mark of what is read and does nothing.
const NOT_IN_FORCE: &str = " [not in force in this version]";

#[derive(Serialize)]
struct ResolvedLimit {
    limit: &'static str,
    value: u64,
    unit: &'static str,
    /// `default`, `environment`, or `host` where skep.toml has a default of its own or a maximum below the default.
    from: &'static str,
    /// What a run may ask for at most.
    maximum: u64,
}

/// Host defaults, then the environment, never above the operator's maxima. `from` says who wished for a limit.
fn resolve(
    defaults: Limits,
    wishes: &Overrides,
    maxima: &Limits,
    from: impl Fn(&LimitKind) -> Layer,
) -> Result<Vec<ResolvedLimit>> {
    let limits = defaults.with(wishes, maxima)?.at_most(maxima);
    let resolved = |kind: &LimitKind| {
        let (value, default) = (limits.get(*kind), defaults.get(*kind));
        let from = match from(kind) {
            Layer::Default if value < default => Layer::Host,
            layer => layer,
        };
        ResolvedLimit { limit: kind.key(), value, unit: kind.unit(), from: from.word(), maximum: maxima.get(*kind) }
    };
    Ok(LimitKind::ALL.iter().map(resolved).collect())
}

impl EnvironmentItem {
    fn new(environment: &Environment, catalog: &Catalog) -> Self {
        let granted = |plugin: &PluginManifest| {
            let tools = plugin.tools.iter().filter(|tool| environment.grants(&plugin.name, &tool.name));
            tools.map(|tool| format!("{}.{}", plugin.name, tool.name)).collect::<Vec<_>>()
        };
        let shell =
            (!environment.image.is_empty() && environment.grants("shell", "run")).then(|| "shell.run".to_owned());
        Self {
            name: environment.name.clone(),
            description: environment.description.clone(),
            agent: environment.agent.clone(),
            workspace: environment.workspace,
            repo: environment.repo.name(),
            repos: environment.repos.clone(),
            tools: catalog.plugins().flat_map(|plugin| granted(&plugin.manifest)).chain(shell).collect(),
            image: environment.image.iter().map(ToString::to_string).collect(),
            startup: environment.startup.clone(),
            env: environment.variables.clone(),
            limits: environment.limits.pairs(),
            tool_limits: environment.tool_limits.pairs(),
            not_in_force: not_in_force(environment),
            resolved: None,
        }
    }
}

fn not_in_force(environment: &Environment) -> BTreeMap<&'static str, Vec<String>> {
    let named = environment.not_in_force();
    let resolved = environment.resolved().into_iter().filter(|resolved| named.contains(&resolved.key.name));
    resolved.map(|resolved| (resolved.key.name, resolved.values)).collect()
}

/// `skep env list`.
pub(crate) fn environments(settings: &Settings, out: &Output) -> Result<Exit> {
    let catalog = settings.catalog()?;
    let items: Vec<_> = catalog.environments().map(|environment| EnvironmentItem::new(environment, &catalog)).collect();
    let columns: &[Column<EnvironmentItem>] = &[
        ("ENVIRONMENT", |item| item.name.clone()),
        ("AGENT", |item| item.agent.clone().unwrap_or_default()),
        ("WORKSPACE", |item| item.workspace.name().to_owned()),
        ("REPO", |item| item.repo.to_owned()),
        ("TOOLS", |item| item.tools.len().to_string()),
        ("DESCRIPTION", |item| item.description.clone()),
    ];
    Listing { key: "environments", items: &items, columns, page_info: None }.print(out)?;
    Ok(Exit::Done)
}

/// `skep env show`.
pub(crate) fn environment(settings: &Settings, out: &Output, name: &str, resolved: bool) -> Result<Exit> {
    let catalog = settings.catalog()?;
    let environment = catalog.environment(name)?;
    let mut item = EnvironmentItem::new(environment, &catalog);
    if resolved {
        let (run, tool) = (&settings.config.maxima, &settings.config.tool_maxima);
        let from =
            |table: &'static str| move |kind: &LimitKind| environment.origins.of(&format!("{table}.{}", kind.key()));
        item.resolved = Some(Resolved {
            keys: environment.resolved().into_iter().map(Into::into).collect(),
            run: resolve(Limits::RUN, &environment.limits, run, from("limits"))?,
            tool_call: resolve(Limits::TOOL, &environment.tool_limits, tool, from("tool_limits"))?,
        });
    }
    if out.is_json() {
        out.json(&item)?;
        return Ok(Exit::Done);
    }
    let repos = environment.resolved().into_iter().filter(|resolved| resolved.key.name == "repos");
    let repos: Vec<String> = repos.flat_map(|resolved| resolved.values).collect();
    let none = |list: &[String], word: &str| if list.is_empty() { word.to_owned() } else { list.join(" ") };
    let facts = [
        ("environment", item.name),
        ("description", item.description),
        ("agent", item.agent.unwrap_or_else(|| "the run names one".to_owned())),
        ("repository", item.repo.to_owned()),
        ("repositories", repos.join("\n")),
        ("workspace", item.workspace.name().to_owned()),
        ("tools", none(&item.tools, "none")),
        ("image", none(&item.image, "none, and so no shell")),
        ("startup", item.startup.iter().map(|startup| startup.command.as_str()).collect::<Vec<_>>().join("\n")),
        ("env", item.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")),
        ("run limits", none(&item.limits, "the defaults")),
        ("tool limits", none(&item.tool_limits, "the defaults")),
    ];
    out.facts(&facts)?;
    for (key, values) in &item.not_in_force {
        out.facts(&[(key, format!("{}{NOT_IN_FORCE}", values.join("\n")))])?;
    }
    let Some(Resolved { keys, run, tool_call }) = &item.resolved else { return Ok(Exit::Done) };
    for key in keys {
        out.facts(&[("key", key.line())])?;
    }
    for (of, limits) in [("run limit", run), ("tool limit", tool_call)] {
        for ResolvedLimit { limit, value, unit, from, maximum } in limits {
            out.facts(&[(of, format!("{limit} = {value} {unit}, from {from}; at most {maximum}"))])?;
        }
    }
    Ok(Exit::Done)
}
