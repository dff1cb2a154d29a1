//! Behaviours of `environment.toml`.

use std::path::Path;

use skep_config::{ConfigError, Environment, ImageName, RepoNeed};
use skep_model::{Access, LimitKind, StartupCommand};

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
    let origins = empty.origins.clone();
    assert_eq!(empty, Environment { name: "empty".to_owned(), origins, ..Environment::default() });
    assert!(
        empty.egress.is_empty() && empty.secrets.is_empty() && empty.directories.is_empty() && empty.mcp.is_empty()
    );
    assert!(empty.not_in_force().is_empty());
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
fn a_key_that_is_unknown_is_never_ignored() {
    assert_eq!(
        problems("name = 'e'\nsecret = 'x'\nmodels = 'x'\nworkspase = 'read'"),
        "environment.toml:2: unknown key `secret`; did you mean `secrets`?\n\
         environment.toml:3: unknown key `models`; did you mean `model`?\n\
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

#[test]
fn images_startup_commands_and_variables_are_read_in_order() {
    let text = "name = 'e'\nworkspace = 'write'\nimage = ['unix', './extra', 'registry.example.com/tools:1.0']\n\
                [env]\nLANG = 'C.UTF-8'\n\
                [[startup]]\ncommand = 'make'\n\
                [[startup]]\ncommand = 'make check'\ntimeout = '30s'\ncontinue_on_failure = true";
    let environment = Environment::parse(Path::new("/etc/e/environment.toml"), text).unwrap();
    let reference = |text: &str| ImageName::Reference(text.to_owned());
    let folder = ImageName::Folder("/etc/e/./extra".into());
    assert_eq!(environment.image, [reference("unix"), folder, reference("registry.example.com/tools:1.0")]);
    assert_eq!(environment.variables.get("LANG").map(String::as_str), Some("C.UTF-8"));
    let startup = |at: usize| {
        let StartupCommand { command, timeout_ms, continue_on_failure } = &environment.startup[at];
        (command.as_str(), *timeout_ms, *continue_on_failure)
    };
    assert_eq!((startup(0), startup(1)), (("make", 600_000, false), ("make check", 30_000, true)));
    assert_eq!(parse("name = 'e'\nworkspace = 'read'\nimage = 'unix'").unwrap().image, [reference("unix")]);
}

#[test]
fn what_a_shell_could_not_use_is_refused() {
    let message = problems(
        "name = 'e'\nworkspace = 'read'\nimage = 'no image'\n[env]\n1X = 'a'\n[[startup]]\ncommand = ' '\ntimeuot = 3",
    );
    assert_eq!(
        message,
        "environment.toml:3: `image`: \"no image\" is no image: write a name such as \"unix\", a reference such as \
         \"registry.example.com/image:1.0\", or a folder that begins with ./\n\
         environment.toml:5: `env.1X`: is no variable's name: write letters, digits and underscores, and no digit first\n\
         environment.toml:6: `startup`: there is nothing to execute: name an `image`, such as \"unix\"\n\
         environment.toml:6: `startup`: startup commands make the workspace ready: set `workspace` to \"write\"\n\
         environment.toml:7: `startup[0].command`: \" \" is no command\n\
         environment.toml:8: unknown key `timeuot` in `startup[0]`; did you mean `timeout`?"
    );
    assert!(problems("name = 'e'\nimage = 'unix'").contains("commands work in the workspace"));
}
