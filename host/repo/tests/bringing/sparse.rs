//! `sparse`: a part of a commit.

use skep_model::{RepoSource, RepoSpec};
use skep_repo::{RepoError, Terms};

use crate::scene::Scene;
use crate::server::Server;

fn only(source: RepoSource, paths: &[&str]) -> RepoSpec {
    RepoSpec { sparse: paths.iter().map(|path| (*path).to_owned()).collect(), ..source.into() }
}

fn scene() -> Scene {
    let scene = Scene::new();
    for path in ["README", "a/b/one", "a/b/c/two", "a/bc", "a/three", "docs/four", "große Dateien/fünf", "z/six"] {
        scene.write(path, "12345");
    }
    std::os::unix::fs::symlink("a/b", scene.source().join("link")).unwrap();
    scene.committed();
    scene
}

#[test]
fn what_is_at_or_below_the_paths_is_written_with_the_folders_that_lead_there() {
    let scene = scene();
    let server = Server::git(&scene.at(""));
    for source in [scene.file_url(), RepoSource::Url(server.url("source"))] {
        let (prepared, _) = scene.again(&only(source, &["a/b", "docs/", "README", "große Dateien/fünf"])).unwrap();
        let expected = [
            "README",
            "a/",
            "a/b/",
            "a/b/c/",
            "a/b/c/two",
            "a/b/one",
            "docs/",
            "docs/four",
            "große Dateien/",
            "große Dateien/fünf",
        ];
        assert_eq!(scene.names(), expected);
        let repo = &prepared.repos[0];
        assert_eq!((repo.files, repo.bytes, repo.dirty), (5, 25, false));
        assert_eq!(repo.sparse, ["a/b", "docs/", "README", "große Dateien/fünf"]);
        assert!(repo.to_string().ends_with(", 5 files, 25 bytes, of 4 paths only"), "{repo}");
    }
}

#[test]
fn only_what_is_written_counts() {
    let scene = scene();
    let terms = Terms { files: 5, bytes: 10, ..Terms::default() };
    scene.prepare_repos(&[only(scene.file_url(), &["a/b"])], &terms).unwrap();
    let scene = self::scene();
    let refused = scene.prepare_repos(&[only(scene.file_url(), &["a/b", "z"])], &terms).unwrap_err();
    assert!(matches!(refused, RepoError::TooMuch { .. }), "{refused}");
}

#[test]
fn a_path_that_leads_to_nothing_is_named() {
    let scene = scene();
    for path in [
        "nowhere",
        "a/B",
        "README/below",
        "link/one",
        "",
        "/",
        "/a",
        "a//b",
        ".",
        "..",
        "./a",
        "a/..",
        "a/../docs",
        "../source/a",
        "*",
        "-x",
        ":(glob)a",
        "a\0b",
        ".git",
        ".git/config",
    ] {
        let refused = scene.again(&only(scene.file_url(), &["docs", path])).unwrap_err();
        let RepoError::NotInCommit { path: named, .. } = &refused else { panic!("{path:?}: {refused}") };
        assert_eq!(named, path);
    }
}

#[test]
fn a_link_is_a_link_and_nothing_below_it_is_meant() {
    let scene = scene();
    scene.again(&only(scene.file_url(), &["link"])).unwrap();
    assert_eq!(scene.names(), ["link"]);
    assert!(scene.workspace().join("link").is_symlink());
}
