//! Behaviours of `environment.toml`.

use std::path::Path;

use skep_config::{ConfigError, Environment, RepoNeed};
use skep_model::{Access, LimitKind};

fn parse(text: &str) -> Result<Environment, ConfigError> {
    Environment::parse(Path::new("environment.toml"), text)
}

fn problems(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(environment) => panic!("accepted: {environment:?}"),
    }
}

#[test]
fn an_empty_environment_grants_nothing() {
    let empty = parse("name = 'empty'").unwrap();
    assert_eq!(empty, Environment { name: "empty".to_owned(), ..Environment::default() });
    assert!(!empty.grants("files", "read"));
    assert_eq!(empty.access(Access::Write), Access::None);
    assert_eq!(empty.repo, RepoNeed::None);
    assert!(empty.limits.0.is_empty() && empty.tool_limits.0.is_empty() && empty.agent.is_none());
}

#[test]
fn patterns_grant_one_tool_or_all_of_one_plugin() {
    let environment = parse("name = 'e'\ntools = ['files.read', 'git.*']\nworkspace = 'read'").unwrap();
    assert!(environment.grants("files", "read") && environment.grants("git", "log"));
    assert!(!environment.grants("files", "write") && !environment.grants("gitea", "log"));
    assert_eq!((environment.access(Access::Write), environment.access(Access::None)), (Access::Read, Access::None));
    assert_eq!(environment.tools[1].to_string(), "git.*");
}

#[test]
fn patterns_that_would_grant_more_than_they_name_are_refused() {
    for pattern in ["*", "*.read", "files", "files.", ".read", "files.re*", "files.read.all", "Files.read", ""] {
        assert!(problems(&format!("name = 'e'\ntools = [{pattern:?}]")).contains("is no tool: write"), "{pattern}");
    }
    assert_eq!(problems("name = 'e'\ntools = ['a.*', 'a.*']"), "environment.toml:2: `tools[1]`: stands here twice");
}

#[test]
fn limits_of_runs_and_of_tool_calls_are_apart() {
    let environment = parse("name='e'\n[limits]\nwall_ms='30min'\n[tool_limits]\nmemory_bytes=1048576").unwrap();
    assert_eq!(environment.limits.0, [(LimitKind::WallMs, 1_800_000)]);
    assert_eq!(environment.tool_limits.0, [(LimitKind::MemoryBytes, 1 << 20)]);
    assert_eq!(
        problems("name='e'\n[limits]\nstack_bytes='1m'"),
        "environment.toml:3: `limits.stack_bytes`: is fixed by the engine at 524288; leave it out"
    );
}

#[test]
fn a_repository_that_nobody_may_read_is_refused() {
    assert_eq!(
        problems("name = 'e'\nrepo = 'required'"),
        "environment.toml:2: `repo`: a repository that no tool may read is of no use: set `workspace` to \"read\" or \"write\""
    );
}

#[test]
fn what_is_not_served_yet_is_refused_and_never_ignored() {
    let message = problems("name = 'e'\nimage = 'unix'\nstartup = []\nworkspase = 'read'");
    assert_eq!(
        message,
        "environment.toml:2: `image`: is not served by this host yet; leave it out\n\
         environment.toml:3: `startup`: is not served by this host yet; leave it out\n\
         environment.toml:4: unknown key `workspase`; did you mean `workspace`?"
    );
}

#[test]
fn the_environments_that_ship_are_valid_and_named_after_their_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments");
    let about = skep_config::read(&folder.join("README.md")).unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let file = entry.path().join("environment.toml");
        let environment = Environment::parse(&file, &skep_config::read(&file).unwrap()).unwrap();
        assert_eq!(entry.file_name().to_str(), Some(environment.name.as_str()));
        assert!(!environment.description.is_empty() && about.contains(&format!("`{}`", environment.name)));
        names.push(environment.name);
    }
    names.sort();
    assert!(["minimal", "repo", "repo-readonly"].iter().all(|name| names.iter().any(|is| is == name)), "{names:?}");
}
