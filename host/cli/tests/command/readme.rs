//! What the README says of the command is what the command says of itself.

use crate::skep::{Home, repository};

#[test]
fn the_readme_has_every_exit_code_with_its_meaning() {
    let help = Home::new().skep(&["--help"]).out;
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let (_, codes) = help.split_once("Exit codes\n").unwrap();
    assert!(codes.lines().count() > 10);
    for line in codes.lines().filter(|line| !line.is_empty()) {
        let (code, meaning) = line.trim().split_once("  ").unwrap();
        assert!(
            readme.contains(&format!("| {code} | {meaning} |")),
            "the README's table of exit codes lacks {code} {meaning:?}"
        );
    }
}

/// The README's examples in one language.
fn examples(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let blocks = readme.split("\n```").filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_readmes_rust_is_that_of_the_sdk_where_it_is_compiled() {
    let sdk = std::fs::read_to_string(repository().join("guest-sdk/README.md")).unwrap();
    let examples = examples("rust");
    assert_eq!(examples.len(), 2);
    for example in examples {
        assert!(sdk.contains(&example), "guest-sdk/README.md has other words than\n{example}");
    }
}

#[test]
fn the_readmes_files_are_files_that_skep_reads() {
    let home = Home::new();
    let mut seen = Vec::new();
    for (number, example) in examples("toml").iter().enumerate() {
        let name = example.lines().next().unwrap().trim_start_matches("# ").to_owned();
        match name.as_str() {
            "skep.toml" => drop(
                home.file("data/skep.toml", example.replace("plugins = [", "# ").replace("environments = [", "# ")),
            ),
            "environment.toml" => drop(home.file("environments/x/environment.toml", example)),
            "image.toml" => {
                home.file(&format!("p{number}/{name}"), example);
                home.skep(&["image", "verify", home.path(&format!("p{number}")).to_str().unwrap()])
                    .refused(6, &[".wasm", "build it"]);
            }
            // Without a component, that is all that can be wrong with it.
            _ => home
                .skep(&["plugin", "check", &home.file(&format!("p{number}/{name}"), example)])
                .refused(6, &[".wasm", "build it"]),
        }
        seen.push(name);
    }
    seen.sort();
    assert_eq!(seen, ["environment.toml", "image.toml", "plugin.toml", "plugin.toml", "skep.toml"]);
    let shown = home.skep(&["--environments", home.path("environments").to_str().unwrap(), "env", "show", "words"]);
    assert_eq!(shown.code, 0, "{shown:?}");
}

#[test]
fn every_command_teaches_itself() {
    let home = Home::new();
    for command in [
        "",
        "run",
        "run start",
        "run resume",
        "run send",
        "run logs",
        "run list",
        "run replay",
        "run artifacts",
        "plugin check",
        "env show",
        "image",
        "image build",
        "image push",
        "image pull",
        "image inspect",
        "image verify",
        "store",
        "doctor",
    ] {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let said = home.skep(&words);
        assert_eq!(said.code, 0, "{command}: {said:?}");
        assert!(said.out.lines().all(|line| !line.contains("compile-worker")), "{command}");
    }
    assert!(home.skep(&["run", "start", "--help"]).out.contains("Examples\n"));
}
