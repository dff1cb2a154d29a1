//! Git repositories of this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use skep_model::RepoSource;
use skep_repo::{RepoError, Terms, remove};

use crate::scene::{Scene, git, portrait};

#[test]
fn a_work_tree_comes_without_what_git_ignores_and_without_git() {
    let scene = Scene::new();
    scene.write(".gitignore", "target/\n*.log\n!keep.log\n/only-here\r\n");
    scene.write("sub/.gitignore", "!inner.log\n*.tmp\n# a comment\n");
    scene.write("forced/.gitignore", "*\n");
    for name in ["src/lib.rs", "a.log", "keep.log", "only-here", "sub/only-here", "sub/inner.log", "sub/x.tmp", "x.tmp"]
    {
        scene.write(name, name);
    }
    for name in ["target/debug/big", "forced/in/tracked", "forced/in/not"] {
        scene.write(name, name);
    }
    scene.git(["init", "--quiet", "--initial-branch", "main"]);
    scene.git(["add", "--force", "forced/in/tracked"]);
    let commit = scene.commit();
    fs::write(scene.source().join(".git/info/exclude"), "private\n").unwrap();
    scene.write("private/notes", "new");
    scene.write("untracked", "new");
    let listed = scene.git(["ls-files", "--cached", "--others", "--exclude-standard"]);
    let prepared = scene.prepare().unwrap();
    let files: Vec<_> = scene.names().into_iter().filter(|name| !name.ends_with('/')).collect();
    let mut expected: Vec<_> = listed.lines().collect();
    expected.sort_unstable();
    assert_eq!(files, expected);
    assert!(!files.iter().any(|name| name.starts_with("target") || name == "forced/in/not"), "{files:?}");
    assert!(!scene.workspace().join("private").exists());
    assert_eq!(prepared.repos[0].commit.as_deref(), Some(commit.as_str()));
    assert_eq!((prepared.repos[0].branch.as_deref(), prepared.repos[0].dirty), (Some("main"), true));
}

#[test]
fn the_users_tree_and_its_git_data_are_not_touched() {
    let scene = Scene::new();
    scene.write("a/file", "one");
    scene.committed();
    scene.write("a/file", "two");
    scene.write("new", "three");
    scene.git(["add", "new"]);
    // An index older than its files is one that git would refresh.
    scene.write("a/file", "one");
    let before = portrait(&scene.source());
    for source in [scene.path_source(), scene.file_url()] {
        scene.prepare_with(&[source], &Terms::default()).unwrap();
        fs::write(scene.workspace().join("a/file"), "changed in the workspace").unwrap();
        remove(&scene.workspace()).unwrap();
    }
    assert_eq!(portrait(&scene.source()), before);
}

#[test]
fn a_tree_is_dirty_when_it_differs_from_its_commit_in_any_way() {
    let scene = Scene::new();
    scene.write("file", "one");
    scene.committed();
    let dirty = || {
        let dirty = scene.prepare().unwrap().repos[0].dirty;
        remove(&scene.workspace()).unwrap();
        dirty
    };
    assert!(!dirty());
    scene.write("file", "two");
    assert!(dirty(), "changed");
    scene.git(["add", "file"]);
    assert!(dirty(), "staged");
    scene.git(["reset", "--quiet", "--hard"]);
    assert!(!dirty());
    scene.write("other", "x");
    assert!(dirty(), "not tracked");
    fs::remove_file(scene.source().join("file")).unwrap();
    scene.git(["add", "other"]);
    assert!(dirty(), "deleted");
}

#[test]
fn head_may_be_on_a_branch_on_a_commit_or_on_nothing_yet() {
    let scene = Scene::new();
    scene.write("file", "one");
    scene.git(["init", "--quiet", "--initial-branch", "feature/x"]);
    let unborn = scene.prepare().unwrap().repos.remove(0);
    assert_eq!((unborn.commit, unborn.branch.as_deref(), unborn.dirty), (None, Some("feature/x"), true));
    remove(&scene.workspace()).unwrap();
    let commit = scene.commit();
    let on_branch = scene.prepare().unwrap().repos.remove(0);
    let line = format!("/: {} at {commit} (feature/x), 1 files, 3 bytes", scene.source().display());
    assert_eq!(on_branch.to_string(), line);
    remove(&scene.workspace()).unwrap();
    scene.git(["checkout", "--quiet", "--detach"]);
    let detached = scene.prepare().unwrap().repos.remove(0);
    assert_eq!((detached.commit, detached.branch), (Some(commit), None));
}

#[test]
fn a_file_url_and_a_bare_repository_are_their_commit() {
    let scene = Scene::new();
    scene.write("src/run.sh", "one");
    fs::set_permissions(scene.source().join("src/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("src/run.sh", scene.source().join("link")).unwrap();
    let commit = scene.committed();
    git(&scene.at(""), ["clone", "--quiet", "--bare", "source", "bare.git"]);
    scene.write("src/run.sh", "not committed");
    scene.write("new", "not committed");
    let bare = RepoSource::Path(scene.at("bare.git").to_str().unwrap().to_owned());
    for source in [scene.file_url(), bare] {
        let repo = scene.prepare_with(&[source], &Terms::default()).unwrap().repos.remove(0);
        assert_eq!(scene.names(), ["link", "src/", "src/run.sh"]);
        assert_eq!(scene.read("src/run.sh"), "one");
        assert_eq!(fs::read_link(scene.workspace().join("link")).unwrap().to_str(), Some("src/run.sh"));
        assert_eq!(scene.workspace().join("src/run.sh").metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(
            (repo.commit.as_deref(), repo.branch.as_deref(), repo.dirty),
            (Some(commit.as_str()), Some("main"), false)
        );
        assert_eq!((repo.files, repo.bytes), (2, 13));
        remove(&scene.workspace()).unwrap();
    }
}

#[test]
fn repositories_without_a_commit_and_folders_without_a_repository_say_so() {
    let scene = Scene::new();
    let refusal = |source: RepoSource| scene.prepare_with(&[source], &Terms::default()).unwrap_err();
    assert!(refusal(scene.file_url()).to_string().contains("a folder without git data"));
    scene.git(["init", "--quiet"]);
    assert!(matches!(refusal(scene.file_url()), RepoError::Empty { .. }));
    assert!(matches!(refusal(scene.path_source()), RepoError::Empty { .. }));
    git(&scene.at(""), ["init", "--quiet", "--bare", "bare.git"]);
    let bare = RepoSource::Path(scene.at("bare.git").to_str().unwrap().to_owned());
    assert!(matches!(refusal(bare), RepoError::Empty { .. }));
    assert!(matches!(refusal(RepoSource::Url("file:///nowhere/at/all".to_owned())), RepoError::NotFound { .. }));
}

#[test]
fn submodules_are_empty_folders_and_named() {
    let scene = Scene::new();
    git(&scene.at(""), ["init", "--quiet", "library"]);
    fs::write(scene.at("library/file"), "x").unwrap();
    git(&scene.at("library"), ["add", "file"]);
    git(&scene.at("library"), ["commit", "--quiet", "--message", "x"]);
    scene.write("own", "x");
    scene.committed();
    scene.git(["submodule", "--quiet", "add", "../library", "vendor/library"]);
    scene.commit();
    for source in [scene.path_source(), scene.file_url()] {
        let prepared = scene.prepare_with(&[source], &Terms::default()).unwrap();
        assert_eq!(prepared.repos[0].submodules, ["vendor/library"]);
        assert_eq!(scene.names(), [".gitmodules", "own", "vendor/", "vendor/library/"]);
        assert!(prepared.repos[0].to_string().ends_with(", 1 submodules left empty"), "{}", prepared.repos[0]);
        remove(&scene.workspace()).unwrap();
    }
}

#[test]
fn a_linked_work_tree_is_a_work_tree() {
    let scene = Scene::new();
    scene.write("file", "one");
    let commit = scene.committed();
    scene.git(["worktree", "add", "--quiet", "-b", "side", "../linked"]);
    let linked = RepoSource::Path(scene.at("linked").to_str().unwrap().to_owned());
    let repo = scene.prepare_with(&[linked], &Terms::default()).unwrap().repos.remove(0);
    assert_eq!((repo.commit, repo.branch.as_deref(), repo.dirty), (Some(commit), Some("side"), false));
    assert_eq!(scene.names(), ["file"]);
}

#[test]
fn a_broken_repository_says_that_git_can_not_read_it() {
    let scene = Scene::new();
    scene.write("file", "one");
    scene.committed();
    fs::write(scene.source().join(".git/index"), "no index at all").unwrap();
    let broken = scene.prepare().unwrap_err();
    assert!(matches!(broken, RepoError::WorkTree { .. }), "{broken}");
    assert!(broken.to_string().contains("can't be read: its index is too short; let git repair it"), "{broken}");
}
