//! Work trees with every kind of index and repository that git makes. What comes and what counts as changed is compared
//! with what git itself says.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use skep_model::RepoSource;
use skep_repo::{Checkout, Progress, RepoError, Terms, remove};

use crate::scene::{Scene, git};

/// A work tree with something of everything, at its only commit.
fn work_tree(init: &[&str]) -> Scene {
    let scene = Scene::new();
    scene.write(".gitignore", "*.log\n/out/\n");
    for name in ["a", "src/main.rs", "src/deep/er/x", "docs/one", "docs/two", "run.sh"] {
        scene.write(name, name);
    }
    scene.write("out/kept", "tracked though ignored");
    symlink("a", scene.source().join("link")).unwrap();
    fs::set_permissions(scene.source().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    scene.git([&["init", "--quiet", "--initial-branch", "main"], init].concat());
    scene.git(["add", "--force", "out/kept"]);
    scene.commit();
    scene.write("out/big", "ignored");
    scene.write("x.log", "ignored");
    scene
}

/// Brings the tree, and says whether it is as git says; git is asked later because it changes the index when asked.
fn brought(scene: &Scene, what: &str) -> Checkout {
    let repo = scene.prepare().unwrap_or_else(|error| panic!("{what}: {error}")).repos.remove(0);
    let mut names: Vec<_> = scene.names().into_iter().filter(|name| !name.ends_with('/')).collect();
    names.sort_unstable();
    let listed = scene.git(["-c", "core.quotePath=false", "ls-files", "--cached", "--others", "--exclude-standard"]);
    let there = |name: &&str| scene.source().join(name).symlink_metadata().is_ok_and(|there| !there.is_dir());
    let mut expected: Vec<_> = listed.lines().filter(there).collect();
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(names, expected, "{what}");
    if repo.unknown.is_none() {
        let status = scene.git(["status", "--porcelain"]);
        assert_eq!(repo.dirty, !status.is_empty(), "{what}: git says {status:?}");
    }
    remove(&scene.workspace()).unwrap();
    repo
}

/// Every way in which a tree can differ from its commit, or only seem to.
fn change_in_every_way(scene: &Scene, kind: &str) {
    let git = |line: &str| drop(scene.git(line.split(' ')));
    let steps: [(&str, &dyn Fn()); 15] = [
        ("nothing", &|| ()),
        ("changed to the same size", &|| scene.write("a", "b")),
        ("written again", &|| scene.write("docs/one", "docs/one")),
        ("staged", &|| {
            scene.write("src/deep/er/x", "other");
            git("add src");
        }),
        ("staged and changed back", &|| {
            scene.write("a", "other");
            git("add a");
            scene.write("a", "a");
        }),
        ("deleted", &|| fs::remove_file(scene.source().join("docs/two")).unwrap()),
        ("deleted and staged", &|| git("rm --quiet docs/two")),
        ("no more tracked", &|| git("rm --quiet --cached docs/two")),
        ("moved", &|| git("mv docs/one docs/aaa")),
        ("new and staged", &|| {
            scene.write("b/c", "new");
            git("add b");
        }),
        ("new and only announced", &|| {
            scene.write("b", "new");
            git("add --intent-to-add b");
        }),
        ("not executable any more", &|| {
            fs::set_permissions(scene.source().join("run.sh"), fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("a link to elsewhere", &|| {
            fs::remove_file(scene.source().join("link")).unwrap();
            symlink("b", scene.source().join("link")).unwrap();
        }),
        ("changed where git must not look", &|| {
            git("update-index --assume-unchanged a");
            git("update-index --skip-worktree docs/one");
            scene.write("a", "changed");
            scene.write("docs/one", "changed");
        }),
        ("deleted where git must not look", &|| {
            git("update-index --assume-unchanged a");
            git("update-index --skip-worktree docs/one");
            fs::remove_file(scene.source().join("a")).unwrap();
            fs::remove_file(scene.source().join("docs/one")).unwrap();
        }),
    ];
    for (step, change) in steps {
        change();
        brought(scene, &format!("{kind}: {step}"));
        git("reset --quiet --hard");
        git("update-index --no-assume-unchanged a");
        git("update-index --no-skip-worktree docs/one");
        git("reset --quiet --hard");
        git("clean --quiet -d --force");
        assert!(!brought(scene, &format!("{kind}: after {step}")).dirty);
    }
}

#[test]
fn whatever_kind_of_index_git_keeps_the_files_and_the_changes_are_those_that_git_says() {
    for kind in [
        "update-index --index-version 2",
        "update-index --index-version 4",
        "update-index --force-untracked-cache",
        "config index.skipHash true",
        "config core.fileMode false",
        "config core.checkStat minimal",
        "config extensions.worktreeConfig true",
    ] {
        let scene = work_tree(&[]);
        scene.git(kind.split(' '));
        change_in_every_way(&scene, kind);
    }
}

#[test]
fn an_index_that_is_split_over_two_files_is_put_together() {
    let scene = work_tree(&[]);
    scene.git(["config", "splitIndex.maxPercentChange", "100"]);
    scene.git(["config", "core.splitIndex", "true"]);
    scene.git(["update-index", "--split-index"]);
    change_in_every_way(&scene, "split");
    for file in 0..300 {
        scene.write(&format!("many/{file}"), "x");
    }
    scene.commit();
    scene.git(["update-index", "--no-split-index"]);
    scene.git(["update-index", "--split-index"]);
    scene.git(["rm", "--quiet", "-r", "docs", "many/1", "many/299"]);
    for file in 100..250 {
        scene.write(&format!("many/{file}"), "y");
    }
    scene.git(["add", "many"]);
    assert!(brought(&scene, "many deleted and replaced").dirty);
    scene.commit();
    assert!(!brought(&scene, "many deleted and replaced").dirty);
    let halves = fs::read_dir(scene.source().join(".git")).unwrap().map(|entry| entry.unwrap().file_name());
    let shared = halves.filter(|name| name.to_str().unwrap().starts_with("sharedindex.")).count();
    assert!(shared > 0, "git did not split the index");
    for entry in fs::read_dir(scene.source().join(".git")).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.to_str().unwrap().contains("sharedindex.") {
            fs::remove_file(entry).unwrap();
        }
    }
    let message = scene.prepare().unwrap_err().to_string();
    assert!(message.contains("the other half of its index, sharedindex."), "{message}");
}

#[test]
fn a_sparse_checkout_is_clean_and_what_is_there_all_the_same_counts() {
    for arguments in [&["--cone", "--sparse-index"][..], &["--cone", "--no-sparse-index"], &["--no-cone"]] {
        let scene = work_tree(&[]);
        scene.write("docs/.gitignore", "*.tmp\n");
        scene.commit();
        scene.git([&["sparse-checkout", "set"], arguments, &["src"]].concat());
        assert!(!scene.source().join("docs").exists());
        let index = fs::read(scene.source().join(".git/index")).unwrap();
        assert_eq!(index.windows(4).any(|name| name == b"sdir"), arguments.contains(&"--sparse-index"));
        let what = format!("{arguments:?}");
        let repo = brought(&scene, &what);
        assert!(!repo.dirty && repo.unknown.is_none(), "{repo:?}");
        scene.write("src/main.rs", "changed");
        assert!(brought(&scene, &what).dirty);
        scene.git(["reset", "--quiet", "--hard"]);
        scene.write("src/new", "new");
        assert!(brought(&scene, &what).dirty);
        scene.git(["clean", "--quiet", "--force"]);
        for (name, content, dirty) in [
            ("docs/x.tmp", "ignored by what is not there", false),
            ("docs/one", "docs/one", false),
            ("docs/two", "there, and changed", true),
        ] {
            scene.write(name, content);
            assert_eq!(brought(&scene, &format!("{what}: {name}")).dirty, dirty);
        }
    }
}

#[test]
fn the_rules_of_a_gitignore_that_is_not_checked_out_hold_all_the_same() {
    let scene = work_tree(&[]);
    scene.git(["sparse-checkout", "set", "--no-cone", "src"]);
    assert!(!scene.source().join(".gitignore").exists());
    scene.write("x.log", "ignored");
    brought(&scene, "sparse");
    let rules = scene.git(["rev-parse", "HEAD:.gitignore"]);
    fs::remove_file(scene.source().join(".git/objects").join(&rules[..2]).join(&rules[2..])).unwrap();
    let message = scene.prepare().unwrap_err().to_string();
    assert!(
        message.contains("\".gitignore\" is not checked out, and what is in it can't be read: object not found"),
        "{message}"
    );
}

#[test]
fn a_partial_clone_is_a_work_tree_like_any_other() {
    let origin = work_tree(&[]);
    origin.git(["config", "uploadpack.allowFilter", "true"]);
    for filter in ["blob:none", "tree:0"] {
        let scene = Scene::new();
        fs::remove_dir(scene.source()).unwrap();
        let url = format!("file://{}", origin.source().display());
        let commit = origin.git(["rev-parse", "HEAD"]);
        git(&scene.at(""), ["clone", "--quiet", &format!("--filter={filter}"), &url, "source"]);
        scene.git(["config", "extensions.partialClone", "origin"]);
        let repo = brought(&scene, filter);
        assert_eq!((repo.commit, repo.dirty, repo.unknown), (Some(commit), false, None));
    }
}

#[test]
fn a_repository_that_libgit2_does_not_know_gives_its_files_and_says_what_is_not_known() {
    for (init, reason) in [
        (&["--object-format=sha256"][..], "unknown object format 'sha256'"),
        (&["--ref-format=reftable"], "unsupported extension name extensions.refstorage"),
    ] {
        let scene = work_tree(init);
        let repo = brought(&scene, reason);
        assert_eq!((&repo.commit, repo.unknown.as_deref(), repo.dirty), (&None, Some(reason), false));
        let line =
            format!(" at an unknown commit, 9 files, 82 bytes, git's data not read in full: {}", reason.escape_debug());
        assert!(repo.to_string().ends_with(&line), "{repo}");
        scene.write("a", "b");
        assert!(brought(&scene, reason).dirty);
    }
}

#[test]
fn objects_that_are_missing_keep_nobody_from_the_files() {
    let scene = work_tree(&[]);
    let tree = scene.git(["rev-parse", "HEAD^{tree}"]);
    fs::remove_file(scene.source().join(".git/objects").join(&tree[..2]).join(&tree[2..])).unwrap();
    let repo = scene.prepare().unwrap().repos.remove(0);
    assert!(repo.unknown.as_deref().is_some_and(|reason| reason.contains("object not found")), "{repo:?}");
    assert!(repo.commit.is_some() && repo.files == 9);
}

#[test]
fn a_merge_that_is_not_finished_is_a_change() {
    let scene = work_tree(&[]);
    scene.git(["checkout", "--quiet", "-b", "side"]);
    scene.write("a", "one");
    scene.commit();
    scene.git(["checkout", "--quiet", "main"]);
    scene.write("a", "two");
    scene.commit();
    scene.git(["-c", "merge.conflictStyle=merge", "merge", "--quiet", "--strategy-option=ours", "side"]);
    scene.git(["reset", "--quiet", "--hard", "HEAD~"]);
    let tree = scene.git(["rev-parse", "HEAD"]);
    scene.git(["read-tree", "-m", "side~", &tree, "side"]);
    assert!(scene.git(["ls-files", "--unmerged"]).contains("\ta"));
    assert!(brought(&scene, "unmerged").dirty);
}

#[test]
fn an_index_that_can_not_be_used_says_what_is_not_known_and_what_to_do() {
    let scene = work_tree(&[]);
    let refusal = |bytes: &[u8]| {
        fs::write(scene.source().join(".git/index"), bytes).unwrap();
        let error = scene.prepare().unwrap_err();
        assert!(matches!(error, RepoError::WorkTree { .. }), "{error}");
        error.to_string()
    };
    let none = [0; 20];
    let unknown = [b"DIRC\0\0\0\x02\0\0\0\0abcd\0\0\0\0", &none[..]].concat();
    assert_eq!(
        refusal(&unknown),
        format!(
            "git's data of the work tree {:?} can't be read: its index has the extension abcd, which isn't known; let git \
             repair it, name its file:// URL to have its last commit, or a copy of the folder without its .git to have all its files",
            scene.source()
        )
    );
    assert!(refusal(&[b"DIRC\0\0\0\x05\0\0\0\0", &none[..]].concat()).contains("version 5, and 2 to 4 are known"));
    assert!(refusal(&[b"DIRC\0\0\0\x02\xff\xff\xff\xff", &none[..]].concat()).contains("its index is broken"));
    assert!(
        refusal(&[b"DIRC\0\0\0\x02\0\0\0\0", &[1; 20][..]].concat()).contains("the checksum of its index is wrong")
    );
    assert!(refusal(b"").contains("its index is too short"));
}

#[test]
fn an_index_with_any_bit_wrong_breaks_nothing() {
    for kind in ["update-index --index-version 2", "update-index --index-version 4", "update-index --split-index"] {
        let scene = Scene::new();
        for name in ["a", "b", "c/d"] {
            scene.write(name, name);
        }
        scene.committed();
        scene.git(["config", "splitIndex.maxPercentChange", "100"]);
        scene.git(kind.split(' '));
        scene.write("a", "other");
        scene.git(["add", "a"]);
        scene.git(["rm", "--quiet", "b"]);
        let path = scene.source().join(".git/index");
        let whole = fs::read(&path).unwrap();
        // Without a checksum, which would keep everything else from being looked at.
        let (body, none) = (&whole[..whole.len() - 20], &[0; 20][..]);
        for at in 0..body.len() {
            let flipped = [&body[..at], &[body[at] ^ 0x81], &body[at + 1..], none].concat();
            for broken in [flipped, [&body[..at], none].concat()] {
                fs::write(&path, broken).unwrap();
                match scene.prepare() {
                    Ok(_) => remove(&scene.workspace()).unwrap(),
                    Err(error) => assert!(matches!(error, RepoError::WorkTree { .. }), "{kind} {at}: {error}"),
                }
            }
        }
    }
}

#[test]
fn a_dot_git_that_leads_nowhere_or_is_no_git_data_is_not_taken_for_a_folder_without_rules() {
    let scene = Scene::new();
    scene.write(".gitignore", "secret\n");
    scene.write("secret", "x");
    scene.write(".git", "gitdir: ../gone/.git/worktrees/source\n");
    let message = scene.prepare().unwrap_err().to_string();
    assert!(message.contains("there is no HEAD in ") && message.contains("/gone/.git/"), "{message}");
    scene.write(".git", "no pointer");
    assert!(scene.prepare().unwrap_err().to_string().contains("its .git is a file without a path"));
    let scene = work_tree(&[]);
    fs::remove_file(scene.source().join(".git/HEAD")).unwrap();
    let message = scene.prepare().unwrap_err().to_string();
    assert!(message.contains("there is no HEAD in "), "{message}");
}

#[test]
fn git_data_that_is_a_pipe_is_refused_and_not_waited_for() {
    for name in ["HEAD", "config", "index"] {
        let scene = work_tree(&[]);
        let path = scene.source().join(".git").join(name);
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o644),
            0,
        )
        .unwrap();
        let message = scene.prepare().unwrap_err().to_string();
        assert!(message.contains("no file"), "{message}");
    }
}

#[test]
fn a_submodule_is_a_work_tree_of_its_own() {
    let scene = work_tree(&[]);
    git(&scene.at(""), ["clone", "--quiet", "source", "library"]);
    scene.git(["submodule", "--quiet", "add", "../library", "vendor/library"]);
    scene.commit();
    let library = scene.source().join("vendor/library");
    assert!(library.join(".git").is_file());
    fs::write(library.join("x.log"), "ignored").unwrap();
    let source = RepoSource::Path(library.to_str().unwrap().to_owned());
    let repo = scene.prepare_with(&[source], &Terms::default()).unwrap().repos.remove(0);
    assert_eq!((repo.branch.as_deref(), repo.dirty, repo.files), (Some("main"), false, 9));
    assert!(!scene.workspace().join("x.log").exists());
}

#[test]
fn looking_for_changes_ends_when_the_caller_cancels() {
    let scene = work_tree(&[]);
    let cancel = AtomicBool::new(false);
    let mut written = 0;
    let mut progress = |progress| match progress {
        Progress::Began { .. } => cancel.store(true, Ordering::Relaxed),
        Progress::Written { files, .. } => written = files,
        Progress::Received { .. } => {}
    };
    let cancelled = scene.watched(&[scene.path_source().into()], &Terms::default(), &mut progress, &cancel);
    assert!(matches!(cancelled, Err(RepoError::Cancelled)), "{cancelled:?}");
    assert_eq!(written, 0);
}

#[test]
fn a_file_too_large_to_be_compared_in_time_ends_with_the_time() {
    let scene = work_tree(&[]);
    fs::File::create(scene.source().join("huge")).unwrap().set_len(1 << 40).unwrap();
    // Git has not looked at it yet, so its content has to be.
    let entry = format!("100644,{},huge", scene.git(["rev-parse", "HEAD:a"]));
    scene.git(["update-index", "--add", "--cacheinfo", &entry]);
    let terms = Terms { wall: Duration::from_secs(1), ..Terms::default() };
    let late = scene.prepare_with(&[scene.path_source()], &terms).unwrap_err();
    assert!(matches!(late, RepoError::TimedOut { .. }), "{late}");
}
