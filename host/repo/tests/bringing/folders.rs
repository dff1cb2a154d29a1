//! Folders that git doesn't know.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, mkdirat, mknodat, openat};
use skep_model::{Depth, RepoSource, RepoSpec};
use skep_repo::{Durability, Progress, RepoError, Terms, remove};

use crate::scene::{Scene, portrait};

fn path(path: &Path) -> RepoSource {
    RepoSource::Path(path.to_str().unwrap().to_owned())
}

#[test]
fn a_folder_is_copied_as_it_is_and_not_touched() {
    let scene = Scene::new();
    scene.write("src/main.rs", "fn main() {}");
    scene.write("run.sh", "#!/bin/sh");
    scene.write("empty", "");
    fs::set_permissions(scene.source().join("run.sh"), fs::Permissions::from_mode(0o4755)).unwrap();
    fs::create_dir(scene.source().join("no files")).unwrap();
    fs::hard_link(scene.source().join("run.sh"), scene.source().join("same.sh")).unwrap();
    let before = portrait(&scene.source());
    let prepared = scene.prepare().unwrap();
    assert_eq!(scene.names(), ["empty", "no files/", "run.sh", "same.sh", "src/", "src/main.rs"]);
    assert_eq!(scene.read("src/main.rs"), "fn main() {}");
    let mode = |name: &str| scene.workspace().join(name).metadata().unwrap().mode() & 0o7777;
    assert_eq!((mode("run.sh"), mode("empty")), (0o755, 0o644));
    let [repo] = &prepared.repos[..] else { panic!("{prepared:?}") };
    assert_eq!((repo.files, repo.bytes, repo.special, repo.dirty), (4, 30, 0, false));
    assert_eq!((&repo.commit, &repo.branch, repo.folder.as_str()), (&None, &None, ""));
    let line = format!("/: {} without a commit, 4 files, 30 bytes", scene.source().display());
    assert_eq!(repo.to_string(), line);
    for name in ["run.sh", "same.sh"] {
        assert_eq!(scene.workspace().join(name).metadata().unwrap().nlink(), 1);
        fs::write(scene.workspace().join(name), "changed in the workspace").unwrap();
    }
    assert_eq!(portrait(&scene.source()), before);
}

#[test]
fn a_copy_has_the_times_of_its_file_and_is_another_file() {
    let scene = Scene::new();
    scene.write("old", "x");
    scene.write("ancient", "x");
    let time = |seconds| std::time::UNIX_EPOCH + Duration::new(seconds, 123_456_789);
    for (name, seconds) in [("old", 1_000_000_000), ("ancient", 0)] {
        File::options().write(true).open(scene.source().join(name)).unwrap().set_modified(time(seconds)).unwrap();
    }
    scene.prepare().unwrap();
    for (name, seconds) in [("old", 1_000_000_000), ("ancient", 0)] {
        let (theirs, ours) =
            (scene.source().join(name).metadata().unwrap(), scene.workspace().join(name).metadata().unwrap());
        assert_eq!(ours.modified().unwrap(), time(seconds));
        assert_ne!((theirs.dev(), theirs.ino()), (ours.dev(), ours.ino()));
    }
}

#[test]
fn names_that_differ_in_the_size_of_letters_only_stay_apart_and_look_alikes_of_git_stay_out() {
    let scene = Scene::new();
    for name in ["readme", "README", "Src/a", "src/a", ".gitignore", ".github/x"] {
        scene.write(name, name);
    }
    for name in [".GIT/config", ".git /config", ".git./config", "git~1/config", "deep/.g\u{200c}it/config"] {
        scene.write(name, "[core]");
    }
    scene.prepare().unwrap();
    let names = [".github/", ".github/x", ".gitignore", "README", "Src/", "Src/a", "deep/", "readme", "src/", "src/a"];
    assert_eq!(scene.names(), names);
    assert_eq!((scene.read("Src/a"), scene.read("src/a")), ("Src/a".to_owned(), "src/a".to_owned()));
}

#[test]
fn a_tree_that_changes_while_it_is_copied_is_brought_as_it_was_found() {
    let scene = Scene::new();
    scene.write("stays", "always");
    for folder in 0..20 {
        scene.write(&format!("{folder}/file"), "x");
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut turn = 0_usize;
            while !stop.load(Ordering::Relaxed) {
                turn += 1;
                scene.write(&format!("{}/comes and goes", turn % 20), "x");
                scene.write(&format!("{}/file", turn % 20), &"grows and shrinks".repeat(turn % 100));
                fs::remove_file(scene.source().join(format!("{}/comes and goes", turn % 20))).unwrap();
            }
        });
        for _ in 0..50 {
            let prepared = scene.prepare().unwrap();
            assert!(prepared.repos[0].files >= 21);
            assert_eq!(scene.read("stays"), "always");
            remove(&scene.workspace()).unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn no_source_makes_an_empty_workspace_and_several_have_folders_of_their_own() {
    let scene = Scene::new();
    assert_eq!(scene.prepare_with(&[], &Terms::default()).unwrap().repos, []);
    assert_eq!(scene.names(), [""; 0]);
    remove(&scene.workspace()).unwrap();
    for name in ["a/web", "b/web"] {
        fs::create_dir_all(scene.at(name)).unwrap();
        fs::write(scene.at(name).join("file"), name).unwrap();
    }
    let prepared =
        scene.prepare_with(&[path(&scene.at("a/web")), path(&scene.at("b/web/"))], &Terms::default()).unwrap();
    assert_eq!(prepared.repos.iter().map(|repo| repo.folder.as_str()).collect::<Vec<_>>(), ["web", "web-2"]);
    assert_eq!((scene.read("web/file").as_str(), scene.read("web-2/file").as_str()), ("a/web", "b/web"));
}

#[test]
fn pipes_sockets_and_devices_are_left_out_and_counted() {
    let scene = Scene::new();
    scene.write("file", "x");
    mknodat(CWD, scene.source().join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    let _socket = UnixListener::bind(scene.source().join("socket")).unwrap();
    let prepared = scene.prepare().unwrap();
    assert_eq!((scene.names(), prepared.repos[0].special), (vec!["file".to_owned()], 2));
    assert!(prepared.repos[0].to_string().ends_with("1 files, 1 bytes, 2 special files left out"));
}

#[test]
fn names_may_be_any_bytes() {
    let scene = Scene::new();
    let names: [&[u8]; 5] = [b"new\nline", b"\xff\xfe not utf-8", b" ", b"-rf", b"back\\slash\x1b[31m"];
    for name in names {
        fs::create_dir(scene.source().join(OsStr::from_bytes(name))).unwrap();
        fs::write(scene.source().join(OsStr::from_bytes(name)).join(OsStr::from_bytes(name)), name).unwrap();
    }
    assert_eq!(scene.prepare().unwrap().repos[0].files, 5);
    for name in names {
        let name = OsStr::from_bytes(name);
        assert_eq!(fs::read(scene.workspace().join(name).join(name)).unwrap(), name.as_bytes());
    }
}

/// Makes `depth` folders below each other with names of 200 bytes, and a file in the last.
fn deep(base: &Path, depth: usize) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut folder = openat(CWD, base, flags, Mode::empty()).unwrap();
    let name = "d".repeat(200);
    for _ in 0..depth {
        mkdirat(&folder, &name, Mode::from_raw_mode(0o755)).unwrap();
        folder = openat(&folder, &name, flags, Mode::empty()).unwrap();
    }
    let bottom = openat(&folder, "bottom", OFlags::CREATE | OFlags::WRONLY, Mode::from_raw_mode(0o644)).unwrap();
    File::from(bottom).write_all(b"deep").unwrap();
}

#[test]
fn folders_deeper_than_any_path_are_copied_and_removed() {
    let scene = Scene::new();
    deep(&scene.source(), 300);
    let prepared = scene.prepare().unwrap();
    assert_eq!((prepared.repos[0].files, prepared.repos[0].bytes), (1, 4));
    remove(&scene.workspace()).unwrap();
    remove(&scene.source()).unwrap();
    assert!(!scene.workspace().exists() && !scene.source().exists());
}

#[test]
fn links_stay_links_and_are_never_followed() {
    let scene = Scene::new();
    fs::write(scene.at("secret"), "outside").unwrap();
    scene.write("inside", "x");
    symlink("inside", scene.source().join("good")).unwrap();
    symlink("loop", scene.source().join("loop")).unwrap();
    symlink("..", scene.source().join("up")).unwrap();
    symlink(scene.at("secret"), scene.source().join("out")).unwrap();
    scene.prepare().unwrap();
    assert_eq!(scene.names(), ["good", "inside", "loop", "out", "up"]);
    for name in ["good", "loop", "up", "out"] {
        let link = |base: &Path| fs::read_link(base.join(name)).unwrap();
        assert_eq!(link(&scene.workspace()), link(&scene.source()));
    }
}

#[test]
fn a_folder_that_becomes_a_link_while_it_is_copied_leads_nowhere() {
    let scene = Scene::new();
    fs::create_dir(scene.at("outside")).unwrap();
    fs::write(scene.at("outside/file"), "outside").unwrap();
    for folder in 0..20 {
        scene.write(&format!("{folder}/file"), "inside");
    }
    let stop = AtomicBool::new(false);
    let (victim, aside) = (scene.source().join("7"), scene.at("aside"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::rename(&victim, &aside).unwrap();
                symlink(scene.at("outside"), &victim).unwrap();
                fs::remove_file(&victim).unwrap();
                fs::rename(&aside, &victim).unwrap();
            }
        });
        for _ in 0..100 {
            match scene.prepare() {
                Ok(_) => {
                    let copied = fs::read_to_string(scene.workspace().join("7/file")).unwrap_or_default();
                    let is_link = scene.workspace().join("7").is_symlink();
                    assert!(is_link || copied != "outside", "a link was followed");
                    remove(&scene.workspace()).unwrap();
                }
                Err(RepoError::Changed { .. } | RepoError::Unreadable { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_file_of_holes_takes_no_more_than_its_data() {
    let scene = Scene::new();
    let mut file = File::create(scene.source().join("sparse")).unwrap();
    file.set_len(20 << 30).unwrap();
    for at in [0, 5 << 30, (20 << 30) - 4] {
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(b"data").unwrap();
    }
    drop(file);
    let prepared = scene.prepare().unwrap();
    assert!(prepared.repos[0].bytes < 1 << 20, "{prepared:?}");
    let copy = scene.workspace().join("sparse").metadata().unwrap();
    assert_eq!(copy.len(), 20 << 30);
    assert!(copy.blocks() * 512 < 1 << 20);
    let mut file = File::open(scene.workspace().join("sparse")).unwrap();
    for at in [0, 5 << 30, (20 << 30) - 4] {
        let mut data = [0; 4];
        file.seek(SeekFrom::Start(at)).unwrap();
        std::io::Read::read_exact(&mut file, &mut data).unwrap();
        assert_eq!(&data, b"data");
    }
}

#[test]
fn what_exceeds_the_terms_is_refused_with_the_limit_and_the_place() {
    let scene = Scene::new();
    scene.write("a/b/c/file", "0123456789");
    let refusal = |terms: Terms| scene.prepare_with(&[scene.path_source()], &terms).unwrap_err().to_string();
    assert_eq!(
        refusal(Terms { bytes: 9, ..Terms::default() }),
        "the repositories exceed the limit of 9 bytes (at \"a/b/c/file\"); raise it, or have less in the repository"
    );
    assert!(refusal(Terms { files: 3, ..Terms::default() }).contains("3 files (at \"a/b/c/file\")"));
    assert!(refusal(Terms { depth: 2, ..Terms::default() }).contains("2 folders below each other (at \"a/b/c/file\")"));
    assert!(refusal(Terms { wall: Duration::ZERO, ..Terms::default() }).contains("not ready after 0ns"));
    scene.prepare_with(&[scene.path_source()], &Terms { bytes: 10, files: 4, depth: 3, ..Terms::default() }).unwrap();
}

#[test]
fn cancelling_ends_it_in_the_middle() {
    let scene = Scene::new();
    for file in 0..500 {
        scene.write(&format!("{file}/file"), "x");
    }
    let cancel = AtomicBool::new(false);
    let mut stop = |progress| {
        if matches!(progress, Progress::Written { .. }) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let cancelled = scene.watched(&[scene.path_source().into()], &Terms::default(), &mut stop, &cancel);
    assert!(matches!(cancelled, Err(RepoError::Cancelled)), "{cancelled:?}");
}

#[test]
fn sources_that_are_no_folder_have_each_their_own_message() {
    let scene = Scene::new();
    let refusal = |source: &Path| scene.prepare_with(&[path(source)], &Terms::default()).unwrap_err();
    assert!(matches!(refusal(&scene.at("nowhere")), RepoError::NotFound { .. }));
    assert!(matches!(refusal(Path::new("source")), RepoError::Relative { .. }));
    assert!(matches!(refusal(&scene.source()), RepoError::Empty { .. }));
    fs::write(scene.at("file"), "x").unwrap();
    assert!(matches!(refusal(&scene.at("file")), RepoError::NotAFolder { .. }));
    symlink("a folder of its own", scene.source().join("link")).unwrap();
    assert!(scene.prepare().is_ok(), "a link is something");
    let again = skep_repo::prepare(
        &scene.workspace(),
        &[],
        &Terms::default(),
        skep_repo::Watch { progress: &mut |_| {}, cancel: &AtomicBool::new(false) },
    );
    assert!(matches!(again, Err(RepoError::Exists { .. })));
}

#[test]
fn an_unreadable_file_is_named() {
    let scene = Scene::new();
    scene.write("good", "x");
    scene.write("closed", "x");
    fs::set_permissions(scene.source().join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything; for anybody else this is an error.
    match (File::open(scene.source().join("closed")), scene.prepare()) {
        (Ok(_), prepared) => assert_eq!(prepared.unwrap().repos[0].files, 2),
        (Err(_), prepared) => {
            let message = prepared.unwrap_err().to_string();
            assert!(message.contains("/closed\" can't be read: ") && message.contains("make it readable"), "{message}");
        }
    }
}

#[test]
fn a_repository_that_contains_the_workspaces_is_refused() {
    let scene = Scene::new();
    scene.write("source", "x");
    let whole = scene.prepare_with(&[path(&scene.at(""))], &Terms::default()).unwrap_err();
    assert!(matches!(whole, RepoError::ContainsWorkspace { .. }), "{whole}");
}

#[test]
fn what_an_interrupted_preparation_left_is_removed() {
    let scene = Scene::new();
    scene.write("file", "x");
    fs::create_dir_all(scene.at("data/workspace.partial/tree/old")).unwrap();
    scene.prepare().unwrap();
    assert_eq!(scene.names(), ["file"]);
}

#[test]
fn a_workspace_that_has_to_survive_the_machine_is_the_same() {
    let scene = Scene::new();
    scene.write("a/file", "x");
    let terms = Terms { durability: Durability::Machine, ..Terms::default() };
    scene.prepare_with(&[scene.path_source()], &terms).unwrap();
    assert_eq!(scene.names(), ["a/", "a/file"]);
}

#[test]
fn a_repository_is_brought_into_the_folder_that_it_names_and_what_is_not_served_is_refused() {
    let scene = Scene::new();
    scene.write("a", "1");
    let named = RepoSpec { directory: Some("lib/x".to_owned()), ..scene.path_source().into() };
    let prepared = scene.prepare_repos(std::slice::from_ref(&named), &Terms::default()).unwrap();
    assert_eq!(prepared.repos[0].folder, "lib/x");
    assert_eq!(scene.names(), ["lib/", "lib/x/", "lib/x/a"]);

    let plain = RepoSpec::from(scene.path_source());
    for (key, asked) in [
        ("ref", RepoSpec { reference: Some("main".to_owned()), ..plain.clone() }),
        ("depth", RepoSpec { depth: Depth::Full, ..plain.clone() }),
        ("sparse", RepoSpec { sparse: vec!["a".to_owned()], ..plain.clone() }),
        ("submodules", RepoSpec { submodules: true, ..plain.clone() }),
    ] {
        let refused = Scene::new().prepare_repos(&[asked], &Terms::default()).unwrap_err();
        let because = "a folder is copied as it is; name its file:// URL to have a commit of it";
        let message = format!("`{key}` of the repository {} is not served: {because}", scene.source().display());
        assert_eq!(refused.to_string(), message);
    }
    let secret = RepoSpec { credential: Some("TOKEN".to_owned()), ..scene.file_url().into() };
    let refused = Scene::new().prepare_repos(&[secret], &Terms::default()).unwrap_err().to_string();
    assert!(
        refused.ends_with("credentials come with secrets, which this host doesn't serve yet; leave it out"),
        "{refused}"
    );
}
