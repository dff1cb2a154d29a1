//! Behaviours of `plugin.toml`.

use std::path::Path;

use skep_config::{Capabilities, ConfigError, PluginManifest, Provides};
use skep_model::{Access, EgressRule, Idempotency, LimitKind, Scheme};

const FILES: &str = r#"
name = "files"
version = "0.1.0"
provides = "tool"
component = "build/files.wasm"
description = "Files of the workspace"

[capabilities]
workspace = "write"
secrets = ["TOKEN"]

[capabilities.limits]
memory_bytes = "64m"
calls = 1_000

[[capabilities.egress]]
host = "*.example.com"
methods = ["GET", "POST"]
paths = ["/v1/**", "/search"]

[[tools]]
name = "read"
idempotency = "read-only"

[[tools]]
name = "append"
"#;

fn parse(text: &str) -> Result<PluginManifest, ConfigError> {
    PluginManifest::parse(Path::new("plugin.toml"), text)
}

fn problems(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(manifest) => panic!("accepted: {manifest:?}"),
    }
}

#[track_caller]
fn refused(from: &str, to: &str, expected: &str) {
    assert!(FILES.contains(from), "{from} is not in the example");
    assert_eq!(problems(&FILES.replacen(from, to, 1)), expected);
}

#[test]
fn a_whole_manifest_is_read_into_meaning() {
    let manifest = parse(FILES).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.version.to_string().as_str()), ("files", "0.1.0"));
    assert_eq!((manifest.provides, manifest.component.as_str()), (Provides::Tool, "build/files.wasm"));
    let asked = &manifest.capabilities;
    assert_eq!((asked.workspace, asked.secrets.as_slice()), (Access::Write, ["TOKEN".to_owned()].as_slice()));
    assert_eq!(asked.limits.0, [(LimitKind::MemoryBytes, 64 << 20), (LimitKind::Calls, 1000)]);
    let rule = EgressRule {
        scheme: Scheme::Https,
        port: None,
        private: false,
        host: "*.example.com".to_owned(),
        methods: vec!["GET".to_owned(), "POST".to_owned()],
        paths: vec!["/v1/**".to_owned(), "/search".to_owned()],
    };
    assert_eq!(asked.egress, [rule]);
    let tools: Vec<_> = manifest.tools.iter().map(|tool| (tool.name.as_str(), tool.idempotency)).collect();
    assert_eq!(tools, [("read", Idempotency::ReadOnly), ("append", Idempotency::NonIdempotent)]);
}

#[test]
fn a_manifest_without_capabilities_asks_for_nothing() {
    let text = "name='a'\nversion='1.0.0'\nprovides='agent'\ncomponent='a.wasm'\ndescription=''";
    let manifest = parse(text).unwrap();
    assert_eq!((manifest.provides, manifest.capabilities), (Provides::Agent, Capabilities::default()));
    assert_eq!(Capabilities::default().workspace, Access::None);
}

#[test]
fn all_problems_are_reported_together_with_their_lines() {
    let text = "nam = 'x'\nversion = 'one'\nprovides = 'tool'\ncomponent = 'x.wasm'\n\n[[tools]]\nname = 'run'\nidempotensy = 'idempotent'\n[[tools]]\nname = 'run'\n";
    assert_eq!(
        problems(text),
        "plugin.toml:1: missing key `name`\n\
         plugin.toml:1: missing key `description`\n\
         plugin.toml:1: unknown key `nam`; did you mean `name`?\n\
         plugin.toml:2: `version`: \"one\" is no version such as \"1.4.0\": unexpected character 'o' while parsing major version number\n\
         plugin.toml:8: unknown key `idempotensy` in `tools[0]`; did you mean `idempotency`?\n\
         plugin.toml:9: a tool named \"run\" stands above already"
    );
}

#[test]
fn broken_toml_is_reported_with_its_line() {
    let message = problems("name = 'a'\nversion = = 1\n");
    assert!(message.lines().any(|line| line.starts_with("plugin.toml:2: ")), "{message}");
    let twice = problems(&FILES.replacen("name = \"files\"", "name = \"files\"\nname = \"again\"", 1));
    assert_eq!(twice, "plugin.toml:3: duplicate key");
}

#[test]
fn impossible_values_say_what_would_do() {
    refused(
        "\"read-only\"",
        "\"readonly\"",
        "plugin.toml:23: `tools[0].idempotency`: \"readonly\" is no choice; did you mean `read-only`?",
    );
    refused(
        "\"write\"",
        "\"all\"",
        "plugin.toml:9: `capabilities.workspace`: \"all\" is no choice; there are `none`, `read`, `write`",
    );
    refused(
        "\"64m\"",
        "\"64x\"",
        "plugin.toml:13: `capabilities.limits.memory_bytes`: \"64x\" is no size: write a number of bytes, or \"64k\", \"64m\", \"2g\"",
    );
    refused(
        "1_000",
        "0",
        "plugin.toml:14: `capabilities.limits.calls`: 0 calls would permit nothing at all; the least is 1",
    );
    refused("1_000", "-1", "plugin.toml:14: `capabilities.limits.calls`: must be a whole number from 0 to 2^64 - 1");
    refused(
        "1_000",
        "1.5",
        "plugin.toml:14: `capabilities.limits.calls`: must be a whole number, or a string such as \"64m\", and is of type float",
    );
    refused("calls", "cals", "plugin.toml:14: unknown key `cals` in `capabilities.limits`; did you mean `calls`?");
    refused("\"files\"", "7", "plugin.toml:2: `name`: must be a string, and is of type integer");
    refused("[\"TOKEN\"]", "[\"TOKEN\", \"TOKEN\"]", "plugin.toml:10: `capabilities.secrets[1]`: stands here twice");
    refused(
        "\"files\"",
        "\"Files\"",
        "plugin.toml:2: `name`: \"Files\" is no name: write a lower-case letter, then up to 63 lower-case letters, digits and hyphens",
    );
}

#[test]
fn a_plugin_asks_for_no_private_address() {
    let private = FILES.replacen("host = \"*.example.com\"", "host = \"*.example.com\"\nprivate = true", 1);
    assert_eq!(
        problems(&private),
        "plugin.toml:18: `capabilities.egress[0].private`: only an environment can permit private addresses"
    );
    for address in ["1.1.1.1", "127.1", "0x7f.1", "::1"] {
        refused(
            "\"*.example.com\"",
            &format!("{address:?}"),
            &format!(
                "plugin.toml:17: `capabilities.egress[0].host`: {address:?} is an address; rules are about host names"
            ),
        );
    }
}

#[test]
fn a_component_can_not_be_outside_the_plugin() {
    for path in ["../x.wasm", "/x.wasm", "a/../../x.wasm", "./../x.wasm", "", "a\\\\..\\\\x.wasm"] {
        let message = problems(&FILES.replacen("build/files.wasm", path, 1));
        assert!(message.contains("must be a file beside this one"), "{path}: {message}");
    }
    assert!(problems(&FILES.replacen("build/files.wasm", "files.cwasm", 1)).contains("must end in .wasm"));
}

#[test]
fn an_egress_rule_can_only_mean_what_it_seems_to_mean() {
    for host in [
        "https://a.com",
        "a.com:443",
        "u@a.com",
        "a.com/x",
        "127.0.0.1",
        "*",
        "*.com",
        "a..b",
        "A.com",
        "*.*.com",
        "-a.com",
        "",
    ] {
        assert!(parse(&FILES.replacen("*.example.com", host, 1)).is_err(), "{host}");
    }
    for path in ["v1", "/v1?x", "/v1#x", "/../etc", "/a/**b", "/%2e%2e"] {
        assert!(parse(&FILES.replacen("/search", path, 1)).is_err(), "{path}");
    }
    refused(
        "\"POST\"",
        "\"post\"",
        "plugin.toml:18: `capabilities.egress[0].methods[1]`: \"post\" must be in upper case: \"POST\"",
    );
    assert!(parse(&FILES.replacen("\"POST\"", "\"CONNECT\"", 1)).is_err());
}

#[test]
fn an_agent_has_no_hands_and_no_tools() {
    let message = problems(&FILES.replacen("\"tool\"", "\"agent\"", 1));
    let brain = "a brain has no hands: an agent may not ask for workspace, egress or secrets";
    for key in ["capabilities.workspace", "capabilities.egress", "capabilities.secrets"] {
        assert!(message.contains(&format!("`{key}`: {brain}")), "{message}");
    }
    assert!(message.contains("`tools`: an agent has no tools of its own"), "{message}");
    assert_eq!(message.lines().count(), 4, "{message}");
}

#[test]
fn a_tool_plugin_lists_its_tools() {
    let text = FILES.split("[[tools]]").next().unwrap();
    assert_eq!(problems(text), "plugin.toml:1: a tool plugin lists its tools: add `[[tools]]` with a `name` for each");
}

#[test]
fn what_is_not_served_yet_is_said_to_be_so() {
    for kind in ["trigger", "integration"] {
        let message = problems(&FILES.replacen("\"tool\"", &format!("{kind:?}"), 1));
        assert_eq!(
            message,
            format!(
                "plugin.toml:4: `provides`: {kind:?} is not served by this host yet; it serves \"agent\" and \"tool\""
            )
        );
    }
}
