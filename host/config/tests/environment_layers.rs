//! Behaviours of layers: what a host has by default, what skep.toml sets for all environments, what one says itself.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::path::Path;

use skep_config::{Environment, HostConfig, KEYS, Layer, NOT_IN_FORCE};
use skep_model::LimitKind;

fn layered(host: &str, environment: &str) -> Environment {
    let host = HostConfig::parse(Path::new("skep.toml"), host).unwrap();
    let text = format!("name = 'e'\nworkspace = 'write'\n{environment}");
    Environment::parse(Path::new("environment.toml"), &text).unwrap().over(&host.defaults)
}

fn of(environment: &Environment, key: &str) -> (Vec<String>, Layer) {
    let resolved = environment.resolved();
    let found = resolved.iter().find(|resolved| resolved.key.name == key).unwrap();
    (found.values.clone(), found.from)
}

const HOST: &str = "[defaults]\nagent = 'audit'\nmodel = ['a', 'b']\nenv = { LANG = 'C', TZ = 'UTC' }\n\
                    limits = { wall_ms = '30min', calls = 7 }\ntool_limits = { cpu_ms = '1s' }";

#[test]
fn what_an_environment_does_not_say_is_the_hosts() {
    let environment = layered(HOST, "");
    assert_eq!(of(&environment, "agent"), (vec!["audit".to_owned()], Layer::Host));
    assert_eq!(of(&environment, "model"), (vec!["a".to_owned(), "b".to_owned()], Layer::Host));
    assert_eq!(of(&environment, "env").1, Layer::Host);
    assert_eq!(environment.limits.0, [(LimitKind::WallMs, 1_800_000), (LimitKind::Calls, 7)]);
    assert_eq!(environment.tool_limits.0, [(LimitKind::CpuMs, 1_000)]);
    assert_eq!(of(&environment, "workspace"), (vec!["write".to_owned()], Layer::Environment));
    assert_eq!(of(&environment, "tools"), (vec![], Layer::Default));
    assert_eq!(environment.not_in_force(), ["model"]);
}

#[test]
fn what_it_says_counts_for_more_key_by_key() {
    let environment = layered(HOST, "agent = 'own'\nmodel = 'c'\nenv = { TZ = 'CET' }\nlimits = { calls = 9 }");
    assert_eq!(of(&environment, "agent"), (vec!["own".to_owned()], Layer::Environment));
    assert_eq!(environment.model, ["c"]);
    assert_eq!(of(&environment, "env"), (vec!["LANG=C".to_owned(), "TZ=CET".to_owned()], Layer::Environment));
    assert_eq!(environment.limits.0, [(LimitKind::Calls, 9), (LimitKind::WallMs, 1_800_000)]);
    let origin = |key: &str| environment.origins.of(key);
    assert_eq!((origin("env.LANG"), origin("env.TZ")), (Layer::Host, Layer::Environment));
    assert_eq!((origin("limits.wall_ms"), origin("limits.calls")), (Layer::Host, Layer::Environment));
    assert_eq!(origin("limits.cpu_ms"), Layer::Default);
}

#[test]
fn a_host_sets_no_grant_and_no_limit_that_it_forbids() {
    let wrong = HostConfig::parse(
        Path::new("skep.toml"),
        "[defaults]\ntools = ['files.*']\negress = []\nlimits = { calls = 11 }\n[maxima]\ncalls = 10",
    );
    let message = wrong.unwrap_err().to_string();
    let lines: Vec<_> = message.lines().collect();
    assert!(lines[0].starts_with("skep.toml:2: unknown key `tools` in `defaults`"), "{message}");
    assert!(lines[1].starts_with("skep.toml:3: unknown key `egress` in `defaults`"), "{message}");
    assert!(lines[2].starts_with("skep.toml:4: `defaults.limits`: limit out of range: calls = 11"), "{message}");
}

const WHOLE: &str = "description = 'All of it'\nagent = 'a'\ntools = ['files.*']\nrepo = 'optional'\nimage = 'unix'\nmodel = 'm'\n\
                     mcp_file = 'mcp.json'\nskills = ['skills/a']\nenv = { A = 'b' }\nlimits = { calls = 1 }\ntool_limits = { calls = 1 }\n\
                     retention = { failed_workspace = '1min' }\nclock = 'machine'\nrandom = 'machine'\n[[repos]]\nurl = 'https://a.example/b'\nref = 'main'\ndepth = 'full'\n\
                     [[startup]]\ncommand = 'make'\n[[egress]]\nhost = 'api.example'\n[[secrets]]\nname = 'T'\nhost = 'api.example'\n\
                     query = 'k'\n[[directories]]\npath = '/srv'\nat = '/data'\n[mcp.a]\nurl = 'https://a.example'\n[[rules]]\ntext = 'r'\n\
                     [prompts.p]\ntext = 'p {{a}}'";

#[test]
fn every_key_is_shown_with_its_layer_and_whether_it_is_in_force() {
    let environment = layered("", WHOLE);
    for resolved in environment.resolved() {
        assert_eq!(resolved.from, Layer::Environment, "{}", resolved.key.name);
        assert!(!resolved.values.is_empty(), "{}", resolved.key.name);
        assert_eq!(resolved.in_force, !NOT_IN_FORCE.contains(&resolved.key.name));
    }
    assert_eq!(environment.not_in_force(), NOT_IN_FORCE);
    assert_eq!(of(&environment, "repos").0, ["https://a.example/b at main full history"]);
    assert_eq!(of(&environment, "egress").0, ["GET HEAD https://api.example /**"]);
    assert_eq!(of(&environment, "secrets").0, ["T to api.example as query k"]);
    assert_eq!(of(&environment, "prompts").0, ["p(a)"]);
}

#[test]
fn the_documentation_has_every_key_and_says_which_are_not_in_force() {
    let about = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments/README.md");
    let about = skep_config::read(&about).unwrap();
    let documented: Vec<_> = about
        .lines()
        .skip_while(|line| !line.starts_with("| key |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| (line.split('`').nth(1).unwrap(), line.contains("not in force")))
        .collect();
    let keys: Vec<_> = KEYS.iter().map(|key| (key.name, NOT_IN_FORCE.contains(&key.name))).collect();
    assert_eq!(documented, keys);
}
