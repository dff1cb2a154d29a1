//! `ref`: a branch, a tag or a commit instead of the source's HEAD.

use skep_model::{RepoSource, RepoSpec};
use skep_repo::{Prepared, RepoError};

use crate::scene::Scene;
use crate::server::{Server, backend};

/// What a tip is at.
fn tip(prepared: &Prepared) -> (Option<&str>, Option<&str>) {
    (prepared.repos[0].commit.as_deref(), prepared.repos[0].branch.as_deref())
}

fn at(source: RepoSource, reference: &str) -> RepoSpec {
    RepoSpec { reference: Some(reference.to_owned()), ..source.into() }
}

fn url(server: &Server) -> RepoSource {
    RepoSource::Url(server.url("source"))
}

/// Four commits: `main` is at the last, `old` and the tags at the first, `hidden` was a branch once.
struct Commits {
    first: String,
    second: String,
    hidden: String,
    main: String,
}

fn commits(scene: &Scene) -> Commits {
    scene.write("file", "first");
    let first = scene.committed();
    for arguments in [
        &["branch", "topic/old"][..],
        &["tag", "light"],
        &["tag", "--annotate", "v1.0", "--message", "first"],
        &["tag", "--annotate", "v1.0-again", "--message", "a tag of a tag", "v1.0"],
        &["update-ref", "refs/pull/1/head", "HEAD"],
        &["tag", "main"],
    ] {
        scene.git(arguments);
    }
    scene.write("file", "second");
    let second = scene.commit();
    scene.git(["checkout", "--quiet", "--detach"]);
    scene.write("file", "hidden");
    let hidden = scene.commit();
    scene.git(["checkout", "--quiet", "main"]);
    scene.write("file", "main");
    let main = scene.commit();
    Commits { first, second, hidden, main }
}

#[test]
fn branches_tags_and_whole_names_are_what_they_are_at() {
    let scene = Scene::new();
    let commits = commits(&scene);
    let server = Server::git(&scene.at(""));
    for source in [url(&server), scene.file_url()] {
        for (name, commit, branch, content) in [
            ("main", &commits.main, Some("main"), "main"),
            ("refs/heads/main", &commits.main, Some("main"), "main"),
            ("refs/tags/main", &commits.first, None, "first"),
            ("topic/old", &commits.first, Some("topic/old"), "first"),
            ("light", &commits.first, None, "first"),
            ("v1.0", &commits.first, None, "first"),
            ("v1.0-again", &commits.first, None, "first"),
            ("refs/pull/1/head", &commits.first, None, "first"),
            (&commits.main, &commits.main, None, "main"),
            (&commits.first, &commits.first, None, "first"),
        ] {
            let prepared = scene.again(&at(source.clone(), name)).unwrap().0;
            assert_eq!(tip(&prepared), (Some(commit.as_str()), branch), "{name} of {source:?}");
            assert_eq!(scene.read("file"), content, "{name} of {source:?}");
        }
    }
}

#[test]
fn what_the_mirror_has_is_not_fetched_again_and_a_commit_is_not_even_asked_for() {
    let scene = Scene::new();
    let commits = commits(&scene);
    let server = Server::git(&scene.at(""));
    let requests = || server.seen.lock().unwrap().len();
    assert_eq!(scene.again(&at(url(&server), "v1.0")).unwrap().1, 5, "two tags, a commit, a tree, a file");
    for (reference, expected) in [("light", 1), ("topic/old", 1), (&commits.first, 0)] {
        let before = requests();
        assert_eq!(scene.again(&at(url(&server), reference)).unwrap().1, 0, "{reference}");
        assert_eq!(requests(), before + expected, "{reference}");
    }
    assert_eq!(scene.again(&at(url(&server), "main")).unwrap().1, 3);
    // A branch may give way to others below its name.
    scene.git(["branch", "--delete", "--force", "topic/old"]);
    scene.git(["branch", "topic", "HEAD"]);
    assert_eq!(scene.again(&at(url(&server), "topic")).unwrap().1, 0);
    scene.write("file", "new");
    scene.commit();
    scene.git(["branch", "--force", "topic", "HEAD"]);
    assert_eq!(scene.again(&at(url(&server), "topic")).unwrap().1, 3);
}

#[test]
fn a_commit_that_is_no_tip_is_asked_for_by_its_id_where_the_server_gives_it() {
    let scene = Scene::new();
    let commits = commits(&scene);
    let server = Server::git(&scene.at(""));
    for id in [&commits.second, &commits.hidden] {
        let refused = scene.again(&at(url(&server), id)).unwrap_err();
        assert!(matches!(refused, RepoError::CommitRefused { .. }), "{refused}");
        let message = refused.to_string();
        assert!(message.ends_with("(it serves whole branches only); name a branch or tag that holds it"), "{message}");
    }
    scene.git(["config", "uploadpack.allowReachableSHA1InWant", "true"]);
    let (prepared, objects) = scene.again(&at(url(&server), &commits.second)).unwrap();
    assert_eq!((tip(&prepared), objects), ((Some(commits.second.as_str()), None), 3));
    assert_eq!(scene.read("file"), "second");
    for id in [&commits.hidden, &"1".repeat(40)] {
        let refused = scene.again(&at(url(&server), id)).unwrap_err();
        assert!(matches!(refused, RepoError::CommitRefused { .. }), "{refused}");
        assert!(refused.to_string().contains("not our ref"), "{refused}");
    }
    scene.git(["config", "uploadpack.allowAnySHA1InWant", "true"]);
    scene.again(&at(url(&server), &commits.hidden)).unwrap();
    assert_eq!(scene.read("file"), "hidden");
}

#[test]
fn a_name_that_nobody_has_is_told_with_those_that_are_near() {
    let scene = Scene::new();
    commits(&scene);
    let server = Server::git(&scene.at(""));
    for source in [url(&server), scene.file_url()] {
        let refused = scene.again(&at(source.clone(), "topic/odl")).unwrap_err().to_string();
        let expected = r#"has no branch, tag or commit "topic/odl"; it has ["topic/old", "#;
        assert!(refused.contains(expected), "{refused}");
    }
    let nobody = scene.again(&at(scene.file_url(), &"1".repeat(40))).unwrap_err().to_string();
    assert!(nobody.ends_with(&format!("has no branch, tag or commit \"{}\"", "1".repeat(40))), "{nobody}");
}

#[test]
fn names_that_are_options_patterns_or_paths_lead_nowhere() {
    let scene = Scene::new();
    commits(&scene);
    std::fs::write(scene.at("secret"), "1".repeat(40)).unwrap();
    let server = Server::git(&scene.at(""));
    for source in [url(&server), scene.file_url()] {
        for name in [
            "",
            "-x",
            "--upload-pack=touch x",
            "..",
            "../../../secret",
            "refs/../../../secret",
            "refs/heads/../../HEAD",
            "main:refs/heads/x",
            "+main",
            "*",
            "refs/heads/*",
            "v1.0^{}",
            "main~1",
            "HEAD",
            "@",
            "main@{1}",
            "a\nb",
            "a\0b",
            "main.lock",
        ] {
            let refused = scene.again(&at(source.clone(), name)).unwrap_err();
            assert!(matches!(refused, RepoError::UnknownReference { .. }), "{name:?}: {refused}");
            assert!(!refused.to_string().contains('\n'), "{refused}");
        }
    }
}

#[test]
fn a_tag_of_what_is_no_commit_is_an_error() {
    let scene = Scene::new();
    commits(&scene);
    scene.git(["tag", "tree", "HEAD^{tree}"]);
    scene.git(["tag", "blob", "HEAD:file"]);
    let server = Server::git(&scene.at(""));
    for source in [url(&server), scene.file_url()] {
        for name in ["tree", "blob"] {
            let refused = scene.again(&at(source.clone(), name)).unwrap_err();
            assert!(matches!(refused, RepoError::Git { .. }), "{name}: {refused}");
        }
    }
}

#[test]
fn a_list_with_names_that_are_no_text_is_read_for_those_that_are() {
    let scene = Scene::new();
    let commits = commits(&scene);
    scene.git(["branch", "zz-ünï", "HEAD"]);
    scene.git(["branch", "zz-bad", "HEAD"]);
    let root = scene.at("");
    let server = Server::start(move |request| {
        let mut answer = backend(&root, request);
        let bad = answer.windows(6).position(|window| window == b"zz-bad");
        if let (Some(at), "GET") = (bad, request.method.as_str()) {
            answer[at + 3] = 0xff;
        }
        Some(answer)
    });
    let prepared = scene.again(&at(url(&server), "zz-ünï")).unwrap().0;
    assert_eq!(tip(&prepared), (Some(commits.main.as_str()), Some("zz-ünï")));
    let refused = scene.again(&at(url(&server), "zz-bad")).unwrap_err().to_string();
    assert!(refused.contains(r#"it has ["zz-?ad", "#), "{refused}");
}
