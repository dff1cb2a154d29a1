//! Git data of servers is kept, and only what is new is fetched.

use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use skep_model::RepoSource;
use skep_repo::{Prepared, RepoError, remove, shrink_mirrors};

use crate::scene::Scene;
use crate::server::Server;

/// A scene with thirty files in a repository, and a server of it.
fn served() -> (Scene, Server) {
    let scene = Scene::new();
    for number in 0..30 {
        scene.write(&format!("src/file-{number}"), &format!("this is file {number}"));
    }
    scene.committed();
    let server = Server::git(&scene.at(""));
    (scene, server)
}

/// Prepares a new workspace from the server; returns how many objects came over the wire, too.
fn again(scene: &Scene, server: &Server) -> Result<(Prepared, u64), RepoError> {
    scene.again(&RepoSource::Url(server.url("source/.git")).into())
}

#[test]
fn the_second_preparation_fetches_what_is_new_and_the_third_nothing() {
    let (scene, server) = served();
    assert_eq!(again(&scene, &server).unwrap().1, 33, "one commit, two trees, thirty files");
    scene.write("src/file-7", "changed");
    let commit = scene.commit();
    let (prepared, objects) = again(&scene, &server).unwrap();
    assert_eq!((prepared.repos[0].commit.as_deref(), objects), (Some(commit.as_str()), 4));
    assert_eq!((scene.read("src/file-7"), scene.names().len()), ("changed".to_owned(), 31));
    let requests = server.seen.lock().unwrap().len();
    assert_eq!(again(&scene, &server).unwrap().1, 0);
    assert_eq!(server.seen.lock().unwrap().len(), requests + 1, "the list of branches is all that was asked for");
}

#[test]
fn history_that_was_rewritten_is_fetched_as_it_is_now() {
    let (scene, server) = served();
    again(&scene, &server).unwrap();
    scene.write("src/file-0", "another past");
    scene.git(["commit", "--quiet", "--all", "--amend", "--message", "rewritten"]);
    again(&scene, &server).unwrap();
    assert_eq!(scene.read("src/file-0"), "another past");
}

#[test]
fn a_mirror_that_is_damaged_is_made_anew() {
    let (scene, server) = served();
    again(&scene, &server).unwrap();
    let mirror = std::fs::read_dir(scene.at("mirrors")).unwrap().next().unwrap().unwrap().path().join("git");
    for pack in std::fs::read_dir(mirror.join("objects/pack")).unwrap() {
        let path = pack.unwrap().path();
        let half = path.metadata().unwrap().len() / 2;
        let mut permissions = path.metadata().unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
        std::fs::set_permissions(&path, permissions).unwrap();
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(half).unwrap();
    }
    assert_eq!(again(&scene, &server).unwrap().1, 33);
    assert_eq!(scene.read("src/file-3"), "this is file 3");
    std::fs::remove_file(mirror.join("HEAD")).unwrap();
    assert_eq!(again(&scene, &server).unwrap().1, 33);
}

#[test]
fn preparations_at_once_share_one_mirror_and_each_is_whole() {
    let (scene, server) = served();
    let url = server.url("source/.git");
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (scene, url) = (&scene, &url);
            scope.spawn(move || {
                let dest = scene.at(format!("data/workspace-{number}"));
                let (cancel, terms) = (AtomicBool::new(false), scene.kept());
                let watch = skep_repo::Watch { progress: &mut |_| {}, cancel: &cancel };
                let prepared =
                    skep_repo::prepare(&dest, &[RepoSource::Url(url.clone()).into()], &terms, watch).unwrap();
                assert_eq!(prepared.repos[0].files, 30);
            });
        }
    });
    assert_eq!(std::fs::read_dir(scene.at("mirrors")).unwrap().count(), 1);
}

#[test]
fn mirrors_that_were_not_used_lately_give_way() {
    let (scene, server) = served();
    again(&scene, &server).unwrap();
    let first = std::fs::read_dir(scene.at("mirrors")).unwrap().next().unwrap().unwrap().path();
    let source = RepoSource::Url(server.url("source/.git/"));
    let other = RepoSource::Url(server.url("source"));
    for source in [source, other] {
        remove(&scene.workspace()).unwrap();
        scene.prepare_with(&[source], &scene.kept()).unwrap();
    }
    let count = || std::fs::read_dir(scene.at("mirrors")).unwrap().count();
    assert_eq!(count(), 2, "a slash at the end makes no other repository");
    shrink_mirrors(&scene.at("mirrors"), 1 << 30, &HashSet::new()).unwrap();
    assert_eq!(count(), 2);
    shrink_mirrors(&scene.at("mirrors"), bytes(&scene.at("mirrors")) - 1, &HashSet::new()).unwrap();
    assert!(count() == 1 && !first.exists());
    let last = std::fs::read_dir(scene.at("mirrors")).unwrap().next().unwrap().unwrap().path();
    shrink_mirrors(&scene.at("mirrors"), 0, &HashSet::from([last.join("git/objects")])).unwrap();
    assert_eq!(count(), 1, "whoever works with its objects still needs them");
    shrink_mirrors(&scene.at("mirrors"), 0, &HashSet::new()).unwrap();
    assert_eq!(count(), 0);
    assert_eq!(again(&scene, &server).unwrap().1, 33);
}

fn bytes(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { bytes(&path) } else { path.metadata().unwrap().len() }).sum()
}
