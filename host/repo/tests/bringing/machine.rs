//! A machine and a user whose git would run programs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use skep_model::RepoSource;
use skep_repo::{RepoError, Terms, remove};

use crate::scene::Scene;
use crate::server::{Server, backend, response};

const URL: &str = "SKEP_TEST_TRAPPED_URL";

/// A home folder in which everything that git could be told to run leaves a file.
fn trapped_home(scene: &Scene) {
    let script = scene.at("trap.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch {}\nexit 1\n", scene.at("canary").display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let (script, home) = (script.to_str().unwrap(), scene.at("home"));
    for folder in ["home/hooks", "home/template/hooks"] {
        fs::create_dir_all(scene.at(folder)).unwrap();
        for hook in ["post-checkout", "reference-transaction", "post-index-change"] {
            fs::copy(script, scene.at(folder).join(hook)).unwrap();
        }
    }
    let included = format!(
        "[core]\n\tfsmonitor = {script}\n\tsshCommand = {script}\n\taskPass = {script}\n\tgitProxy = {script}\n\
         [credential]\n\thelper = {script}\n[filter \"trap\"]\n\tsmudge = {script}\n\tclean = {script}\n\tprocess = {script}\n"
    );
    fs::write(home.join("included"), included).unwrap();
    let config = format!(
        "[include]\n\tpath = {0}/included\n[core]\n\thooksPath = {0}/hooks\n[init]\n\ttemplateDir = {0}/template\n",
        home.display()
    );
    fs::write(home.join(".gitconfig"), config).unwrap();
}

fn trapped(command: &mut Command, home: &Path) -> std::process::Output {
    command
        .env("HOME", home)
        .env("GIT_ASKPASS", home.with_file_name("trap.sh"))
        .env("GIT_TEMPLATE_DIR", home.join("template"));
    command.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null()).output().unwrap()
}

/// Runs itself again as a process of that user.
#[test]
fn nothing_that_a_user_or_a_server_names_is_run_for_a_repository_of_a_server() {
    let scene = Scene::new();
    if let Ok(url) = std::env::var(URL) {
        let terms = Terms { allow_private: true, ..Terms::default() };
        let fetch = |path: &str| scene.prepare_with(&[RepoSource::Url(format!("{url}/{path}"))], &terms);
        fetch("source").unwrap();
        assert_eq!(scene.read("file"), "as it is stored");
        remove(&scene.workspace()).unwrap();
        assert!(matches!(fetch("closed"), Err(RepoError::NeedsCredentials { .. })));
        return;
    }
    trapped_home(&scene);
    scene.write("file", "as it is stored");
    scene.write(".gitattributes", "* filter=trap\n");
    scene.committed();
    let root = scene.at("");
    let server = Server::start(move |request| {
        Some(match request.target.starts_with("/closed") {
            true => response("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", ""),
            false => backend(&root, request),
        })
    });
    let (home, canary) = (scene.at("home"), scene.at("canary"));
    let mut again = Command::new(std::env::current_exe().unwrap());
    let name = "machine::nothing_that_a_user_or_a_server_names_is_run_for_a_repository_of_a_server";
    let again = trapped(again.args(["--exact", name]).env(URL, format!("http://{}", server.address)), &home);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
    assert!(!canary.exists(), "something was run");
    for path in ["source", "closed"] {
        let url = server.url(path);
        trapped(
            Command::new("git").current_dir(scene.at("")).args(["clone", "--quiet", &url, &format!("{path}-clone")]),
            &home,
        );
        assert!(canary.exists(), "the traps are no traps: git itself did not run into them with {path}");
        fs::remove_file(&canary).unwrap();
    }
}
