//! MCP servers of an environment: `[mcp.NAME]`, and the `mcpServers` of a JSON file as other programs have it.
//! Source of the latter's form: <https://modelcontextprotocol.io/docs/develop/connect-local-servers>.

use std::collections::BTreeMap;
use std::path::Path;

use skep_model::is_public;
use skep_toml::{Document, Section, one_of};
use url::{Host, Url};

use crate::{ConfigError, name, secrets, template, variables};

/// A server that offers tools, prompts and resources in the Model Context Protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServer {
    /// A letter, then up to 63 letters, digits, hyphens and underscores.
    pub name: String,
    /// How it is spoken to.
    pub transport: McpTransport,
    /// Its tools that may be called; empty for all of them.
    pub allow: Vec<String>,
    /// Its tools that may not, whatever `allow` says. Either may end in `*`.
    pub deny: Vec<String>,
    /// Whether a run ends when the server can't be had; it goes on without it otherwise.
    pub strict: bool,
}

/// How an MCP server is spoken to. Values may have `{{NAME}}` in them, which stands for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpTransport {
    /// Over HTTP.
    Http {
        /// Where it is.
        url: String,
        /// Sent with each request; names in lower case.
        headers: BTreeMap<String, String>,
    },
    /// Over the standard input and output of a program, which needs the operator's permission: it is outside of any sandbox.
    Stdio {
        /// The program.
        command: String,
        /// What it is given.
        args: Vec<String>,
        /// Its variables.
        env: BTreeMap<String, String>,
    },
}

/// The most servers of one environment.
const SERVERS: usize = 64;
/// The most arguments of one program.
const ARGUMENTS: usize = 256;
/// Headers that are credentials, whoever sends them.
const CREDENTIALS: &[&str] = &["authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"];

/// The kind of a server, as some programs write it beside what says it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Stdio,
}

const KINDS: &[(&str, Kind)] =
    &[("stdio", Kind::Stdio), ("http", Kind::Http), ("streamable-http", Kind::Http), ("sse", Kind::Http)];

/// All `[mcp.NAME]`.
pub(crate) fn servers(root: &mut Section<'_>) -> Vec<McpServer> {
    root.section("mcp").map(|section| named(section, server)).unwrap_or_default()
}

/// The servers of a JSON file.
pub(crate) fn file(file: &Path, text: &str) -> Result<Vec<McpServer>, ConfigError> {
    Document::parse_json(file, text, |root| match root.section("mcpServers") {
        Some(servers) => named(servers, server_of_others),
        None => {
            root.problem("has no `mcpServers`".to_owned());
            Vec::new()
        }
    })
}

fn named(mut section: Section<'_>, read: impl Fn(&str, &mut Section<'_>) -> Option<McpServer>) -> Vec<McpServer> {
    let mut servers: Vec<McpServer> = Vec::new();
    for (name, value) in section.pairs() {
        if let Err(message) = server_name(name) {
            value.problem(&message);
        }
        let server = value.section().and_then(|mut section| read(name, &mut section));
        if let Some(other) = servers.iter().find(|other| other.name.eq_ignore_ascii_case(name)) {
            value.problem(&format!("differs from {:?} in upper and lower case only", other.name));
        }
        servers.extend(server);
    }
    if servers.len() > SERVERS {
        section.problem(format!("there are at most {SERVERS} servers"));
    }
    servers
}

fn server_name(text: &str) -> Result<(), String> {
    let rule = "a letter, then up to 63 letters, digits, underscores and hyphens";
    name::secret(text).map(drop).map_err(|_| format!("{text:?} is no server's name: write {rule}"))
}

fn server(name: &str, section: &mut Section<'_>) -> Option<McpServer> {
    let private = section.take("private").and_then(|value| value.flag()).unwrap_or_default();
    let transport = transport(section, private);
    let (allow, deny) = section.section("tools").map(tools).unwrap_or_default();
    let strict = section.take("strict").and_then(|value| value.flag()).unwrap_or_default();
    Some(McpServer { name: name.to_owned(), transport: transport?, allow, deny, strict })
}

/// One that is switched off is none.
fn server_of_others(name: &str, section: &mut Section<'_>) -> Option<McpServer> {
    let kind = section.get("type", one_of(KINDS));
    let disabled = section.take("disabled").and_then(|value| value.flag()).unwrap_or_default();
    let transport = transport(section, false)?;
    let is = match transport {
        McpTransport::Http { .. } => Kind::Http,
        McpTransport::Stdio { .. } => Kind::Stdio,
    };
    if kind.is_some_and(|kind| kind != is) {
        section.refuse(&["type"], "is another than what the server has: a `url`, or a `command`");
    }
    let server = McpServer { name: name.to_owned(), transport, allow: Vec::new(), deny: Vec::new(), strict: false };
    (!disabled).then_some(server)
}

fn transport(section: &mut Section<'_>, private: bool) -> Option<McpTransport> {
    let (url, command) = (section.take("url"), section.take("command"));
    match (url, command) {
        (Some(url), None) => {
            section.never(&["args", "env"], "is of a server with a `command`, and this one has a `url`");
            let headers = section.section("headers").map(headers).unwrap_or_default();
            Some(McpTransport::Http { url: url.text(|text| self::url(text, private))?, headers })
        }
        (None, Some(command)) => {
            section.never(&["headers"], "are of a server with a `url`, and this one has a `command`");
            let env = variables::of(section, "env", template::line);
            let args = arguments(section);
            Some(McpTransport::Stdio { command: command.text(program)?, args, env })
        }
        (one, _) => {
            section.problem(match one {
                Some(_) => "a server has a `url` or a `command`, and not both".to_owned(),
                None => "a server has a `url` or a `command`: write one".to_owned(),
            });
            section.never(&["headers", "args", "env"], "is of no use without a `url` or a `command`");
            None
        }
    }
}

fn url(text: &str, private: bool) -> Result<String, String> {
    let only = || format!("{text:?} is no URL of a server: write https://…");
    if text.len() > 4096 || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(only());
    }
    let url = Url::parse(text).map_err(|_| only())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "credentials don't belong into a URL; write a header with {{NAME}}, which stands for a secret".to_owned()
        );
    }
    if url.fragment().is_some() {
        return Err("leave out what follows #".to_owned());
    }
    let public = match url.host().ok_or_else(only)? {
        Host::Domain(name) => name != "localhost" && !name.ends_with(".localhost"),
        Host::Ipv4(address) => is_public(address.into()),
        Host::Ipv6(address) => is_public(address.into()),
    };
    match (url.scheme(), public) {
        ("https", true) => Ok(text.to_owned()),
        ("http" | "https", false) if private => Ok(text.to_owned()),
        ("http" | "https", false) => {
            Err(format!("{text:?} is no public address; write it as [mcp.NAME] with `private = true` if that is meant"))
        }
        ("http", true) => Err("http:// can be listened to and changed on the way: use https://".to_owned()),
        _ => Err(only()),
    }
}

fn headers(mut section: Section<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, value) in section.pairs() {
        let name = match secrets::header_name(name) {
            Ok(name) => name,
            Err(message) => {
                value.problem(&message);
                continue;
            }
        };
        let text = value.text(|text| header(&name, text));
        if headers.contains_key(&name) {
            value.problem("stands here twice");
        }
        headers.extend(text.map(|text| (name, text)));
    }
    headers
}

fn header(name: &str, text: &str) -> Result<String, String> {
    let line = template::line(text)?;
    if CREDENTIALS.contains(&name) && template::secrets(text)?.is_empty() {
        return Err("a credential doesn't belong into a file; write {{NAME}}, which stands for a secret".to_owned());
    }
    Ok(line)
}

fn program(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.len() > 4096 || text.contains(|c: char| c.is_control()) {
        return Err(format!("{text:?} is no program"));
    }
    Ok(text.to_owned())
}

fn arguments(section: &mut Section<'_>) -> Vec<String> {
    let values = section.take("args").map(|value| value.items()).unwrap_or_default();
    if let Some(value) = values.get(ARGUMENTS) {
        value.problem(&format!("there are at most {ARGUMENTS} arguments"));
    }
    values.iter().filter_map(|value| value.text(argument)).collect()
}

fn argument(text: &str) -> Result<String, String> {
    if text.len() > 4096 || text.contains('\0') {
        return Err("an argument has at most 4096 bytes and no NUL in it".to_owned());
    }
    // Any user of the machine can read what a program was given.
    if template::placeholders(text).any(|name| name::secret(name.trim()).is_ok()) {
        return Err(
            "a secret is no argument, which every program of the machine can read; write it into `env`".to_owned()
        );
    }
    Ok(text.to_owned())
}

fn tools(mut section: Section<'_>) -> (Vec<String>, Vec<String>) {
    let (allow, deny) = (section.list("allow", tool), section.list("deny", tool));
    if let Some(both) = allow.iter().find(|tool| deny.contains(tool)) {
        section.problem(format!("{both:?} is allowed and denied"));
    }
    (allow, deny)
}

/// A tool's name as MCP has it, or the beginning of names and an asterisk.
/// Source: <https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-names>.
fn tool(text: &str) -> Result<String, String> {
    let stem = text.strip_suffix('*').unwrap_or(text);
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    if stem.is_empty() || stem.len() > 128 || !stem.chars().all(fits) {
        return Err(format!("{text:?} is no tool: write its name, or the beginning of several and *"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// JSON that is nearly a file of servers, and some that is nearly JSON.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|flag| flag.to_string()),
            any::<f64>().prop_map(|number| format!("{number:e}")),
            any::<i64>().prop_map(|number| number.to_string()),
            "[ -~]{0,12}".prop_map(|text| format!("{text:?}")),
            "\\PC{0,8}",
        ];
        let key = prop_oneof![
            prop::sample::select(vec!["mcpServers", "url", "command", "args", "env", "headers", "type", "disabled"])
                .prop_map(str::to_owned),
            "[a-z\r\n]{0,3}",
        ];
        leaf.prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(",\r\n"))),
                prop::collection::vec((key.clone(), inner), 0..4).prop_map(|pairs| {
                    let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{key:?}:\n{value}")).collect();
                    format!("{{{}}}", pairs.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_file_is_read_or_refused(text in json()) {
            for text in [text.clone(), format!("{{\"mcpServers\":{text}}}")] {
                if let Err(ConfigError::Invalid(problems)) = file(Path::new("mcp.json"), &text) {
                    let lines = text.matches('\n').count() + 1;
                    prop_assert!(problems.list.iter().all(|problem| (1..=lines).contains(&problem.line)), "{problems}");
                }
            }
        }
    }
}
