//! Repositories that were made to break out or to break the host.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use skep_model::RepoSource;
use skep_repo::{RepoError, Terms, remove};

use crate::scene::Scene;

/// A source whose every way to run a program would leave a file.
fn booby_trapped(scene: &Scene) -> std::path::PathBuf {
    let canary = scene.at("canary");
    let script = scene.at("trap.sh");
    fs::write(&script, format!("#!/bin/sh\ntouch {}\ncat\n", canary.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    scene.write("file.txt", "one\r\n");
    scene.write(".gitattributes", "* filter=trap text eol=crlf diff=trap merge=trap ident\n");
    scene.committed();
    let hooks = scene.source().join(".git/hooks");
    fs::create_dir_all(&hooks).unwrap();
    for hook in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "pre-auto-gc",
        "fsmonitor-watchman",
        "post-merge",
    ] {
        fs::copy(&script, hooks.join(hook)).unwrap();
    }
    let script = script.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "diff.trap.command",
        "diff.trap.textconv",
        "merge.trap.driver",
        "core.sshCommand",
        "core.editor",
        "core.pager",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "core.gitProxy",
        "core.askPass",
    ] {
        scene.git(["config", key, script]);
    }
    scene.git(["config", "filter.trap.required", "true"]);
    let _ = fs::remove_file(&canary);
    canary
}

#[test]
fn nothing_of_a_source_is_run_and_its_bytes_are_not_filtered() {
    let scene = Scene::new();
    let canary = booby_trapped(&scene);
    fs::write(scene.source().join("file.txt"), "two\n").unwrap();
    for (source, expected) in [(scene.path_source(), "two\n"), (scene.file_url(), "one\n")] {
        scene.prepare_with(&[source], &Terms::default()).unwrap();
        assert!(!canary.exists(), "a program of the repository was run");
        // What is stored is what comes: the attribute would have made it "\r\n" again.
        assert_eq!(scene.read("file.txt"), expected);
        remove(&scene.workspace()).unwrap();
    }
    // Git itself fails at what the trap answers; what counts is that it ran into it.
    drop(Command::new("git").current_dir(scene.source()).arg("status").output().unwrap());
    assert!(canary.exists(), "the traps are no traps: git itself did not run into them");
}

#[test]
fn a_configuration_that_points_elsewhere_is_not_obeyed() {
    let scene = Scene::new();
    scene.write("file", "inside");
    scene.committed();
    fs::create_dir(scene.at("elsewhere")).unwrap();
    fs::write(scene.at("elsewhere/secret"), "outside").unwrap();
    scene.git(["config", "core.worktree", scene.at("elsewhere").to_str().unwrap()]);
    let repo = scene.prepare().unwrap().repos.remove(0);
    assert_eq!((scene.names(), repo.dirty), (vec!["file".to_owned()], false));
}

#[test]
fn rules_that_are_links_or_pipes_count_for_nothing() {
    let scene = Scene::new();
    fs::write(scene.at("rules"), "*\n").unwrap();
    scene.write("file", "x");
    scene.committed();
    std::os::unix::fs::symlink(scene.at("rules"), scene.source().join(".gitignore")).unwrap();
    scene.write("sub/file", "x");
    let pipe = scene.source().join("sub/.gitignore");
    rustix::fs::mknodat(rustix::fs::CWD, pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o644), 0)
        .unwrap();
    scene.prepare().unwrap();
    assert_eq!(scene.names(), [".gitignore", "file", "sub/", "sub/file"]);
}

/// Stores an object without git's own checks.
fn object(scene: &Scene, kind: &str, content: &[u8]) -> String {
    let mut git = Command::new("git")
        .current_dir(scene.source())
        .args(["hash-object", "-w", "--literally", "--stdin", "-t", kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    git.stdin.take().unwrap().write_all(content).unwrap();
    String::from_utf8(git.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

/// A tree of entries as git stores it: mode, name, 20 bytes.
pub(crate) fn tree(scene: &Scene, entries: &[(&str, &[u8], &str)]) -> String {
    let mut content = Vec::new();
    for (mode, name, id) in entries {
        content.extend_from_slice(mode.as_bytes());
        content.push(b' ');
        content.extend_from_slice(name);
        content.push(0);
        content.extend((0..20).map(|byte| u8::from_str_radix(&id[2 * byte..2 * byte + 2], 16).unwrap()));
    }
    object(scene, "tree", &content)
}

/// What becomes of a repository whose only commit has this tree.
fn checked_out(scene: &Scene, tree: &str, terms: &Terms) -> Result<(), RepoError> {
    let commit = scene.git(["commit-tree", tree, "-m", "hostile"]);
    fs::write(scene.source().join(".git/refs/heads/main"), format!("{commit}\n")).unwrap();
    scene.prepare_with(&[scene.file_url()], terms).map(|_| ())
}

#[test]
fn names_that_lead_out_or_into_git_are_refused() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    let blob = object(&scene, "blob", b"content");
    let inner = tree(&scene, &[("100644", b"config", &blob)]);
    let names: [&[u8]; 13] = [
        b"..",
        b".",
        b".git",
        b".GIT",
        b"a/b",
        b"../../escaped",
        b"/escaped",
        b".git/config",
        b".git ",
        b"git~1",
        b".git::$INDEX_ALLOCATION",
        b".git\\config",
        ".g\u{200c}it".as_bytes(),
    ];
    for name in names {
        for (mode, id) in [("100644", &blob), ("40000", &inner), ("120000", &blob)] {
            let refused = checked_out(&scene, &tree(&scene, &[(mode, name, id)]), &Terms::default()).unwrap_err();
            let expected = matches!(refused, RepoError::HostileName { .. } | RepoError::Git { .. });
            assert!(expected, "{}: {refused}", String::from_utf8_lossy(name));
        }
    }
    assert!(!scene.at("data/escaped").exists() && !scene.at("escaped").exists());
}

#[test]
fn a_backslash_in_a_name_is_a_letter_like_any_other() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    let blob = object(&scene, "blob", b"content");
    let names: [&[u8]; 3] = [b"..\\up", b"C:\\Windows", b"dev-disk-by\\x2dlabel"];
    let entries: Vec<_> = names.iter().map(|name| ("100644", *name, blob.as_str())).collect();
    checked_out(&scene, &tree(&scene, &entries), &Terms::default()).unwrap();
    assert_eq!(scene.names(), ["..\\up", "C:\\Windows", "dev-disk-by\\x2dlabel"]);
}

#[test]
fn a_link_and_a_folder_of_the_same_name_do_not_lead_out() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    fs::create_dir(scene.at("outside")).unwrap();
    let link = object(&scene, "blob", scene.at("outside").to_str().unwrap().as_bytes());
    let content = object(&scene, "blob", b"content");
    let folder = tree(&scene, &[("100644", b"escaped", &content)]);
    for entries in [
        [("120000", &b"a"[..], link.as_str()), ("40000", b"a", &folder)],
        [("40000", b"a", &folder), ("120000", b"a", &link)],
    ] {
        let refused = checked_out(&scene, &tree(&scene, &entries), &Terms::default()).unwrap_err();
        assert!(matches!(refused, RepoError::HostileName { .. } | RepoError::Git { .. }), "{refused}");
    }
    assert!(!scene.at("outside/escaped").exists());
}

#[test]
fn a_small_repository_that_unfolds_without_end_meets_the_limits() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    let blob = object(&scene, "blob", &vec![b'x'; 1 << 20]);
    let mut level = tree(&scene, &[("100644", b"f", &blob)]);
    for _ in 0..10 {
        let names: Vec<_> = (b'0'..=b'9').map(|name| [name]).collect();
        let entries: Vec<_> = names.iter().map(|name| ("40000", &name[..], level.as_str())).collect();
        level = tree(&scene, &entries);
    }
    let few_files = Terms { files: 1_000, ..Terms::default() };
    assert!(matches!(
        checked_out(&scene, &level, &few_files),
        Err(RepoError::TooMuch { what: "files", limit: 1_000, .. })
    ));
    let few_bytes = Terms { bytes: 3 << 20, ..Terms::default() };
    assert!(matches!(checked_out(&scene, &level, &few_bytes), Err(RepoError::TooMuch { what: "bytes", .. })));
    let shallow = Terms { depth: 4, ..Terms::default() };
    assert!(matches!(
        checked_out(&scene, &level, &shallow),
        Err(RepoError::TooMuch { what: "folders below each other", .. })
    ));
}

#[test]
fn a_missing_object_is_git_saying_so() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    let missing = "1".repeat(40);
    let refused = checked_out(&scene, &tree(&scene, &[("100644", b"f", &missing)]), &Terms::default()).unwrap_err();
    assert!(matches!(refused, RepoError::Git { .. }), "{refused}");
}

#[test]
fn git_data_below_the_top_never_comes_along() {
    let scene = Scene::new();
    scene.write("nested/.git/config", "[core]\n\tfsmonitor = touch /tmp/x\n");
    scene.write("nested/.GIT/hooks/post-checkout", "x");
    scene.write("nested/file", "x");
    scene.write("worktree/.git", "gitdir: /somewhere");
    scene.prepare().unwrap();
    assert_eq!(scene.names(), ["nested/", "nested/file", "worktree/"]);
    remove(&scene.workspace()).unwrap();
    scene.git(["init", "--quiet"]);
    let source = RepoSource::Path(scene.source().to_str().unwrap().to_owned());
    scene.prepare_with(&[source], &Terms::default()).unwrap();
    assert!(scene.names().iter().all(|name| !name.to_lowercase().contains(".git/")), "{:?}", scene.names());
}
