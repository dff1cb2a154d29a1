//! What commands may put into a run's git data, which is not theirs to name freely.

use std::sync::atomic::AtomicBool;

use skep_repo::{Blob, Git, NewCommit, Person, RepoError, Side, Terms, Watch, WorkTree};

use crate::scene::Scene;

/// Asks the git data of a work tree that has one file.
fn with_git(test: impl FnOnce(&Git<'_>)) {
    let scene = Scene::new();
    scene.write("file", "one\n");
    let tree = WorkTree::new(scene.at("data/git"), scene.source());
    let (terms, cancel) = (Terms::default(), AtomicBool::new(false));
    tree.begin(None, &terms, Watch { progress: &mut |_| {}, cancel: &cancel }).unwrap();
    test(&tree.git(&terms, &cancel).unwrap());
}

fn blob(path: &str, mode: u32) -> Blob {
    Blob { path: path.into(), mode, content: b"content".to_vec() }
}

#[test]
fn content_is_staged_at_paths_of_a_work_tree_only() {
    with_git(|git| {
        let before = git.entries(&Side::Staged).unwrap();
        for path in ["", "/x", "x/", "a//x", "../x", "a/../x", "./x", ".git/config", "a/.GIT/x", "git~1", "a\0b"] {
            let staged = git.stage_content(&[blob("fine", 0o100_644), blob(path, 0o100_644)]);
            assert!(matches!(staged, Err(RepoError::NotOfAWorkTree { .. })), "{path:?}: {staged:?}");
        }
        for mode in [0, 0o040_000, 0o160_000, 0o104_755] {
            assert!(matches!(git.stage_content(&[blob("x", mode)]), Err(RepoError::NotOfAWorkTree { .. })), "{mode:o}");
        }
        assert_eq!(git.entries(&Side::Staged).unwrap(), before);
        git.stage_content(&[blob("a/x", 0o100_755)]).unwrap();
        assert_eq!(git.content(&Side::Staged, b"a/x").unwrap(), b"content");
    });
}

#[test]
fn a_loose_commit_is_found_by_its_name_and_moves_nothing() {
    with_git(|git| {
        let person = Person { name: "A".into(), email: "a@example.com".into(), seconds: 1, offset: 0 };
        let new = NewCommit { message: "m\n".into(), author: person.clone(), committer: person, amend: false };
        let before = git.head().unwrap();
        let first = git.loose_commit(&new, &[]).unwrap();
        let second = git.loose_commit(&new, std::slice::from_ref(&first)).unwrap();
        assert_eq!(git.resolve(&format!("{second}^")).unwrap(), (first, "commit"));
        assert_eq!(git.head().unwrap(), before);
        assert!(git.loose_commit(&new, &["nothing".into()]).is_err());
    });
}

#[test]
fn the_newest_stash_is_the_first() {
    with_git(|git| {
        let person = Person { name: "A".into(), email: "a@example.com".into(), seconds: 1, offset: 0 };
        let commit = |message: &str| {
            let (author, committer) = (person.clone(), person.clone());
            git.loose_commit(&NewCommit { message: message.into(), author, committer, amend: false }, &[]).unwrap()
        };
        let (old, new) = (commit("old"), commit("new"));
        git.set_reference("refs/stash/1", Some(&old)).unwrap();
        git.set_reference("refs/stash/2", Some(&new)).unwrap();
        assert_eq!(git.resolve("stash").unwrap().0, new);
        assert_eq!(git.resolve("stash@{1}").unwrap().0, old);
        assert!(git.resolve("stash@{2}").is_err());
        assert!(git.set_reference("refs/stash", Some(&old)).is_err());
        assert!(git.set_reference("refs/notes/x", Some(&old)).is_err());
    });
}
