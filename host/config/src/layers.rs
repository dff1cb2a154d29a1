//! The layers of an environment: what a host has by default, what its operator sets for all environments, what the
//! environment says, and what a run may say instead.

use std::collections::BTreeMap;

use skep_model::{Depth, EgressRule, RepoSource, RepoSpec, Scheme};

use crate::{Defaults, Environment, McpServer, McpTransport, SecretPlace};

/// Where a value comes from; a later one counts for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Nobody said anything.
    Default,
    /// `[defaults]` of skep.toml.
    Host,
    /// The environment's file.
    Environment,
}

impl Layer {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Host => "host",
            Self::Environment => "environment",
        }
    }
}

/// Which layer each value that anybody gave comes from: by key, and for tables of limits and variables by `limits.wall_ms` too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(BTreeMap<String, Layer>);

impl Origins {
    /// Where the value of this key comes from.
    pub fn of(&self, key: &str) -> Layer {
        self.0.get(key).copied().unwrap_or(Layer::Default)
    }

    pub(crate) fn note(&mut self, key: impl Into<String>, layer: Layer) {
        self.0.insert(key.into(), layer);
    }
}

/// A key of `environment.toml`.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What holds when nobody says anything.
    pub default: &'static str,
    /// How a run says otherwise, if it can.
    pub by_run: Option<&'static str>,
    values: fn(&Environment) -> Vec<String>,
}

/// The keys that are read, checked and shown, and that this version of the host does nothing with.
///
/// They are accepted all the same, because leaving one undone takes something away and never gives anything: without an egress
/// rule every request is refused, without a secret no placeholder is replaced, without a model or an MCP server the calls are
/// answered `not-available`. A directory that is absent is no such folder to every tool, which then fails; it is no empty one
/// that could be taken for the truth, and all that a run can reach instead is its own workspace. Rules, skills and prompts are
/// advice to a model, and there is none; no limit ever rests on them. A failed workspace that is not kept is gone, as it would
/// be by default. What would be dangerous to leave undone is refused instead: [`skep_model::RepoSpec`] says of a repository
/// what is wanted of it, and whoever can't do that brings nothing.
pub const NOT_IN_FORCE: &[&str] =
    &["egress", "secrets", "directories", "model", "mcp", "mcp_file", "rules", "skills", "prompts"];

const fn key(name: &'static str, default: &'static str, values: fn(&Environment) -> Vec<String>) -> Key {
    Key { name, default, by_run: None, values }
}

const fn by_run(by_run: &'static str, key: Key) -> Key {
    Key { by_run: Some(by_run), ..key }
}

/// Every key of `environment.toml`, in the order of its documentation.
pub const KEYS: &[Key] = &[
    key("name", "must be there", |it| vec![it.name.clone()]),
    key("description", "none", |it| text(&it.description)),
    by_run("--agent", key("agent", "the run names one", |it| it.agent.iter().cloned().collect())),
    key("tools", "none", |it| it.tools.iter().map(ToString::to_string).collect()),
    key("workspace", "none", |it| vec![it.workspace.name().to_owned()]),
    by_run("--repo, after those of the environment", key("repo", "none", |it| vec![it.repo.name().to_owned()])),
    key("repos", "none", |it| it.repos.iter().map(repo).collect()),
    key("image", "none, and so no shell", |it| it.image.iter().map(ToString::to_string).collect()),
    key("startup", "none", |it| it.startup.iter().map(|startup| startup.command.clone()).collect()),
    key("env", "none", |it| pairs(&it.variables)),
    by_run("--limit", key("limits", "the host's", |it| it.limits.pairs())),
    key("tool_limits", "the host's", |it| it.tool_limits.pairs()),
    key("clock", "repeatable", |it| vec![it.clock.name().to_owned()]),
    key("random", "repeatable", |it| vec![it.random.name().to_owned()]),
    key("egress", "none: every request is refused", |it| it.egress.iter().map(rule).collect()),
    key("secrets", "none", |it| it.secrets.iter().map(secret).collect()),
    key("directories", "none", |it| {
        it.directories.iter().map(|one| format!("{} at {} ({})", one.path, one.at, one.access.name())).collect()
    }),
    key("model", "none", |it| it.model.clone()),
    key("mcp", "none", |it| it.mcp.iter().map(server).collect()),
    key("mcp_file", "none", |it| it.mcp_file.iter().map(|file| file.display().to_string()).collect()),
    key("rules", "none", |it| it.rules.iter().map(|rule| said(rule.file.as_deref(), &rule.text)).collect()),
    key("skills", "none", |it| it.skills.iter().map(|skill| skill.folder.display().to_string()).collect()),
    key("prompts", "none", |it| {
        it.prompts.iter().map(|(name, prompt)| format!("{name}({})", prompt.arguments.join(", "))).collect()
    }),
    key("retention", "failed_workspace = 0 ms, archive = false", |it| {
        let kept = Some(it.failed_workspace_ms).filter(|ms| *ms > 0).map(|ms| format!("failed_workspace = {ms} ms"));
        kept.into_iter().chain(it.archive_workspace.then(|| "archive = true".to_owned())).collect()
    }),
];

/// The value of one key, and where it comes from.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// Which.
    pub key: &'static Key,
    /// One for each entry of a list or a table; none where there is nothing.
    pub values: Vec<String>,
    /// The highest layer that says anything.
    pub from: Layer,
    /// Whether the host does anything with it.
    pub in_force: bool,
}

impl Environment {
    /// The same with what the operator sets for all environments, where this one says nothing.
    pub fn over(mut self, defaults: &Defaults) -> Self {
        let Defaults { agent, model, variables, limits, tool_limits } = defaults;
        if self.agent.is_none() && agent.is_some() {
            self.agent.clone_from(agent);
            self.origins.note("agent", Layer::Host);
        }
        if self.model.is_empty() && !model.is_empty() {
            self.model.clone_from(model);
            self.origins.note("model", Layer::Host);
        }
        for (name, value) in variables {
            if !self.variables.contains_key(name) {
                self.variables.insert(name.clone(), value.clone());
                self.origins.inherit("env", name);
            }
        }
        for (key, own, of_host) in
            [("limits", &mut self.limits, limits), ("tool_limits", &mut self.tool_limits, tool_limits)]
        {
            for (kind, value) in &of_host.0 {
                if !own.0.iter().any(|(said, _)| said == kind) {
                    own.0.push((*kind, *value));
                    self.origins.inherit(key, kind.key());
                }
            }
        }
        self
    }

    /// The value of every key.
    pub fn resolved(&self) -> Vec<Resolved> {
        let resolved = |key: &'static Key| Resolved {
            key,
            values: (key.values)(self),
            from: self.origins.of(key.name),
            in_force: !NOT_IN_FORCE.contains(&key.name),
        };
        KEYS.iter().map(resolved).collect()
    }

    /// The keys that this environment has and the host does nothing with.
    pub fn not_in_force(&self) -> Vec<&'static str> {
        NOT_IN_FORCE.iter().copied().filter(|key| self.origins.of(key) != Layer::Default).collect()
    }
}

impl Origins {
    /// Notes one entry of a table that the host gives; the table itself is the environment's if it has any of it.
    fn inherit(&mut self, key: &str, entry: &str) {
        self.note(format!("{key}.{entry}"), Layer::Host);
        self.note(key, self.of(key).max(Layer::Host));
    }
}

fn text(text: &str) -> Vec<String> {
    if text.is_empty() { Vec::new() } else { vec![text.to_owned()] }
}

fn pairs(pairs: &BTreeMap<String, String>) -> Vec<String> {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn repo(repo: &RepoSpec) -> String {
    let RepoSpec { source, reference, depth, sparse, submodules, credential, directory } = repo;
    let (RepoSource::Path(location) | RepoSource::Url(location)) = source;
    let depth = match depth {
        _ if *depth == Depth::default() => None,
        Depth::Commits(commits) => Some(format!("depth {commits}")),
        Depth::Full => Some("full history".to_owned()),
    };
    let more = [
        reference.as_ref().map(|reference| format!("at {reference}")),
        depth,
        (!sparse.is_empty()).then(|| format!("only {}", sparse.join(", "))),
        submodules.then(|| "with submodules".to_owned()),
        credential.as_ref().map(|secret| format!("with the secret {secret}")),
        directory.as_ref().map(|directory| format!("in {directory}")),
    ];
    [Some(location.clone())].into_iter().chain(more).flatten().collect::<Vec<_>>().join(" ")
}

fn rule(rule: &EgressRule) -> String {
    let EgressRule { scheme, host, port, methods, paths, private } = rule;
    let scheme = match scheme {
        Scheme::Https => "https",
        Scheme::Http => "http",
    };
    let methods = if methods.is_empty() { "GET HEAD".to_owned() } else { methods.join(" ") };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let paths = if paths.is_empty() { "/**".to_owned() } else { paths.join(" ") };
    format!("{methods} {scheme}://{host}{port} {paths}{}", if *private { " (private)" } else { "" })
}

fn secret(binding: &crate::SecretBinding) -> String {
    let place = match &binding.place {
        SecretPlace::Header { name, template } => format!("header {name}: {template}"),
        SecretPlace::Query(parameter) => format!("query {parameter}"),
        SecretPlace::Basic(user) => format!("basic {user}"),
    };
    let paths = binding.paths.iter().map(|path| format!(" {path}")).collect::<String>();
    format!("{} to {}{paths} as {place}", binding.name, binding.host)
}

fn server(server: &McpServer) -> String {
    let way = match &server.transport {
        McpTransport::Http { url, .. } => url.clone(),
        McpTransport::Stdio { command, args, .. } => {
            [command].into_iter().chain(args).cloned().collect::<Vec<_>>().join(" ")
        }
    };
    format!("{}: {way}", server.name)
}

fn said(file: Option<&std::path::Path>, text: &str) -> String {
    file.map_or_else(|| text.lines().next().unwrap_or_default().to_owned(), |file| file.display().to_string())
}
