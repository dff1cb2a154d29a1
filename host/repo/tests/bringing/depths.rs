//! `depth`: how much history is there for a run to look at.

use std::fs;
use std::num::NonZeroU32;

use skep_model::{Depth, RepoSource, RepoSpec};
use skep_repo::Prepared;

use crate::scene::{Scene, git};
use crate::server::Server;

/// A repository with so many commits, each of which changes the one file, and a server of it.
fn served(commits: u32) -> (Scene, Server) {
    let scene = Scene::new();
    scene.write("file", "0");
    scene.committed();
    add(&scene, 1..commits);
    let server = Server::git(&scene.at(""));
    (scene, server)
}

fn add(scene: &Scene, numbers: std::ops::Range<u32>) {
    for number in numbers {
        scene.write("file", &number.to_string());
        scene.commit();
    }
}

fn few(commits: u32) -> Depth {
    Depth::Commits(NonZeroU32::new(commits).unwrap())
}

fn with(server: &Server, depth: Depth) -> RepoSpec {
    RepoSpec { depth, ..RepoSource::Url(server.url("source")).into() }
}

/// How many commits git finds in the history that was kept, and that it finds nothing missing there.
fn history(prepared: &Prepared) -> usize {
    let objects = prepared.repos[0].objects.as_ref().unwrap();
    let (mirror, commit) = (objects.parent().unwrap(), prepared.repos[0].commit.as_deref().unwrap());
    git(mirror, ["-c", "safe.directory=*", "fsck", "--strict", "--connectivity-only"]);
    git(mirror, ["-c", "safe.directory=*", "rev-list", "--objects", commit]);
    git(mirror, ["-c", "safe.directory=*", "rev-list", commit]).lines().count()
}

/// How many commits there are after a preparation, and how many objects came for it.
fn brought(scene: &Scene, server: &Server, depth: Depth) -> (usize, u64) {
    let (prepared, objects) = scene.again(&with(server, depth)).unwrap();
    (history(&prepared), objects)
}

#[test]
fn so_many_commits_come_or_all() {
    for (depth, expected) in [(Depth::default(), 1), (few(3), 3), (few(10), 10), (few(u32::MAX), 10), (Depth::Full, 10)]
    {
        let (scene, server) = served(10);
        let (commits, objects) = brought(&scene, &server, depth);
        assert_eq!((commits, objects), (expected, 3 * expected as u64), "{depth:?}");
        assert_eq!(scene.read("file"), "9");
    }
}

#[test]
fn a_history_is_deepened_and_what_is_there_is_not_fetched_again() {
    let (scene, server) = served(60);
    assert_eq!(brought(&scene, &server, Depth::default()), (1, 3));
    assert_eq!(brought(&scene, &server, few(5)), (5, 12));
    assert_eq!(brought(&scene, &server, few(4)), (5, 0));
    assert_eq!(brought(&scene, &server, few(50)), (50, 45 * 3));
    assert_eq!(brought(&scene, &server, Depth::Full), (60, 30));
    let requests = server.seen.lock().unwrap().len();
    assert_eq!(brought(&scene, &server, Depth::Full), (60, 0));
    assert_eq!(brought(&scene, &server, Depth::default()), (60, 0));
    assert_eq!(server.seen.lock().unwrap().len(), requests + 2, "only the list was asked for");
}

#[test]
fn a_whole_history_stays_whole_and_only_what_is_new_comes() {
    let (scene, server) = served(60);
    assert_eq!(brought(&scene, &server, Depth::Full), (60, 180));
    add(&scene, 60..63);
    assert_eq!(brought(&scene, &server, Depth::default()), (63, 9));
    assert_eq!(brought(&scene, &server, Depth::Full), (63, 0));
}

#[test]
fn a_history_that_is_cut_off_grows_with_what_is_new() {
    let (scene, server) = served(60);
    assert_eq!(brought(&scene, &server, few(50)), (50, 150));
    add(&scene, 60..70);
    assert_eq!(brought(&scene, &server, few(50)), (50, 30));
    add(&scene, 70..71);
    let (commits, objects) = brought(&scene, &server, Depth::default());
    assert_eq!((commits, objects), (1, 3));
    let (commits, objects) = brought(&scene, &server, few(50));
    assert!(commits >= 50 && objects <= 3 * 50, "{commits} {objects}");
    assert_eq!(brought(&scene, &server, Depth::Full).0, 71);
}

#[test]
fn a_history_that_was_rewritten_is_as_it_is_now_at_every_depth() {
    for depth in [Depth::default(), few(5), few(30), few(45), Depth::Full] {
        let (scene, server) = served(40);
        brought(&scene, &server, depth);
        scene.git(["reset", "--quiet", "--hard", "HEAD~20"]);
        add(&scene, 100..130);
        let (commits, objects) = brought(&scene, &server, depth);
        assert_eq!(scene.read("file"), "129");
        let least = match depth {
            Depth::Commits(commits) => commits.get().min(50) as usize,
            Depth::Full => 50,
        };
        assert!((least..=50).contains(&commits) && objects <= 90 + 15, "{depth:?}: {commits} {objects}");
        // Nothing in common with what was there, not even a root.
        scene.git(["checkout", "--quiet", "--orphan", "other"]);
        add(&scene, 200..203);
        assert_eq!(brought(&scene, &server, depth).0, least.min(3), "{depth:?}");
        assert_eq!(brought(&scene, &server, Depth::Full).0, 3, "{depth:?}");
    }
}

#[test]
fn what_is_common_is_found_below_many_commits_that_nobody_has_any_more() {
    for (depth, objects) in [(few(80), 15 + 20 * 3), (few(10), 15), (Depth::Full, 15)] {
        let (scene, server) = served(100);
        brought(&scene, &server, if depth == Depth::Full { depth } else { few(80) });
        scene.git(["reset", "--quiet", "--hard", "HEAD~70"]);
        add(&scene, 200..205);
        scene.git(["reflog", "expire", "--expire=now", "--all"]);
        scene.git(["gc", "--quiet", "--prune=now"]);
        let commits = if depth == few(10) { 10 } else { 35 };
        assert_eq!(brought(&scene, &server, depth), (commits, objects), "{depth:?}");
    }
}

#[test]
fn a_mirror_that_does_not_know_where_its_history_ends_is_made_anew() {
    let (scene, server) = served(10);
    assert_eq!(brought(&scene, &server, few(3)), (3, 9));
    let list =
        scene.again(&with(&server, few(3))).unwrap().0.repos.remove(0).objects.unwrap().with_file_name("shallow");
    for damage in [&b"what is no commit"[..], &[0xff; 41]] {
        fs::write(&list, damage).unwrap();
        assert_eq!(brought(&scene, &server, few(3)), (3, 9));
    }
    assert_eq!(brought(&scene, &server, Depth::default()), (3, 0));
    scene.git(["checkout", "--quiet", "--detach", "HEAD~2"]);
    fs::remove_file(&list).unwrap();
    assert_eq!(brought(&scene, &server, few(3)), (3, 9));
}

#[test]
fn merges_count_by_generation_and_branches_share_what_they_have_in_common() {
    let (scene, server) = served(30);
    for branch in ["one", "two"] {
        scene.git(["checkout", "--quiet", "-b", branch, "main"]);
        scene.write(branch, branch);
        scene.commit();
    }
    scene.git(["merge", "--quiet", "--no-edit", "one"]);
    assert_eq!(brought(&scene, &server, few(2)).0, 3);
    assert_eq!(brought(&scene, &server, few(3)).0, 4);
    let main = RepoSpec { reference: Some("main".to_owned()), ..with(&server, few(1)) };
    assert_eq!(scene.again(&main).unwrap().1, 0);
    let (prepared, objects) = scene.again(&RepoSpec { depth: few(25), ..main }).unwrap();
    assert_eq!((history(&prepared), objects), (25, 24 * 3));
}

#[test]
fn a_commit_by_its_id_comes_with_its_history() {
    let (scene, server) = served(30);
    scene.git(["config", "uploadpack.allowReachableSHA1InWant", "true"]);
    let id = scene.git(["rev-parse", "HEAD~10"]);
    let at = |depth| RepoSpec { reference: Some(id.clone()), ..with(&server, depth) };
    let (prepared, objects) = scene.again(&at(few(4))).unwrap();
    assert_eq!((history(&prepared), objects), (4, 12));
    let (prepared, objects) = scene.again(&at(Depth::Full)).unwrap();
    assert_eq!((history(&prepared), objects), (20, 48));
    let requests = server.seen.lock().unwrap().len();
    scene.again(&at(few(4))).unwrap();
    assert_eq!(server.seen.lock().unwrap().len(), requests);
}

#[test]
fn a_repository_of_this_machine_has_the_history_that_it_has() {
    let (scene, _) = served(3);
    for depth in [Depth::default(), few(2), Depth::Full] {
        let (prepared, _) = scene.again(&RepoSpec { depth, ..scene.file_url().into() }).unwrap();
        assert_eq!(prepared.repos[0].objects.as_deref(), Some(scene.source().join(".git/objects").as_path()));
    }
}
