//! `submodules`: the repositories in a repository, whose addresses are written by whoever wrote the commit.

use std::fs;

use skep_model::{RepoSource, RepoSpec};
use skep_repo::{RepoError, Terms};

use crate::hostile::tree;
use crate::scene::{Scene, git};
use crate::server::{Server, backend, response};

fn with(source: RepoSource) -> RepoSpec {
    RepoSpec { submodules: true, ..source.into() }
}

fn url(server: &Server, name: &str) -> RepoSource {
    RepoSource::Url(server.url(name))
}

/// A repository of this name beside the source, with one file that has the name in it.
fn repository(scene: &Scene, name: &str) {
    fs::create_dir(scene.at(name)).unwrap();
    git(&scene.at(name), ["init", "--quiet", "--initial-branch", "main"]);
    fs::write(scene.at(name).join("file"), name).unwrap();
    commit(scene, name);
}

fn commit(scene: &Scene, name: &str) -> String {
    git(&scene.at(name), ["add", "--no-all", "."]);
    git(&scene.at(name), ["commit", "--quiet", "--allow-empty", "--message", "a commit"]);
    git(&scene.at(name), ["rev-parse", "HEAD"])
}

/// Commits in `outer` that there is a submodule at `path`, at this commit, and what it says of all its submodules.
fn link(scene: &Scene, outer: &str, links: &[(&str, &str)], modules: &str) -> String {
    let folder = scene.at(outer);
    fs::write(folder.join(".gitmodules"), modules).unwrap();
    git(&folder, ["add", "--no-all", "."]);
    for (path, id) in links {
        git(&folder, ["update-index", "--add", "--cacheinfo", &format!("160000,{id},{path}")]);
    }
    git(&folder, ["commit", "--quiet", "--message", "submodules"]);
    git(&folder, ["rev-parse", "HEAD"])
}

fn module(path: &str, url: &str) -> String {
    format!("[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n")
}

/// `outer` with `lib/inner`, which has `innermost`.
fn nested() -> Scene {
    let scene = Scene::new();
    ["innermost", "inner", "outer"].iter().for_each(|name| repository(&scene, name));
    let innermost = git(&scene.at("innermost"), ["rev-parse", "HEAD"]);
    let inner = link(&scene, "inner", &[("innermost", &innermost)], &module("innermost", "../innermost"));
    link(&scene, "outer", &[("lib/inner", &inner)], &module("lib/inner", "../inner"));
    scene
}

const NESTED: [&str; 8] = [
    ".gitmodules",
    "file",
    "lib/",
    "lib/inner/",
    "lib/inner/.gitmodules",
    "lib/inner/file",
    "lib/inner/innermost/",
    "lib/inner/innermost/file",
];

#[test]
fn submodules_come_with_theirs_into_their_folders() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let (prepared, _) = scene.again(&with(url(&server, "outer"))).unwrap();
    assert_eq!(scene.names(), NESTED);
    assert_eq!(
        (scene.read("lib/inner/file"), scene.read("lib/inner/innermost/file")),
        ("inner".into(), "innermost".into())
    );
    let told: Vec<_> =
        prepared.repos.iter().map(|repo| (repo.folder.as_str(), repo.files, repo.commit.clone())).collect();
    let of = |name: &str| Some(git(&scene.at(name), ["rev-parse", "HEAD"]));
    let expected = [("", 2, of("outer")), ("lib/inner", 2, of("inner")), ("lib/inner/innermost", 1, of("innermost"))];
    assert_eq!(told, expected);
    assert!(prepared.repos.iter().all(|repo| repo.submodules.is_empty()));
    let requests = server.seen.lock().unwrap().len();
    scene.again(&with(url(&server, "outer"))).unwrap();
    assert_eq!(server.seen.lock().unwrap().len(), requests + 1, "the mirrors have all commits of the submodules");
}

#[test]
fn without_being_asked_for_they_stay_empty_and_without_mirrors_they_come_too() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let (prepared, _) = scene.again(&url(&server, "outer").into()).unwrap();
    assert_eq!(scene.names(), NESTED[..4]);
    assert_eq!(prepared.repos[0].submodules, ["lib/inner"]);
    skep_repo::remove(&scene.workspace()).unwrap();
    scene.prepare_repos(&[with(url(&server, "outer"))], &Terms { mirrors: None, ..scene.kept() }).unwrap();
    assert_eq!(scene.names(), NESTED);
}

#[test]
fn only_those_of_the_part_that_is_wanted_come() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let sparse = |path: &str| RepoSpec { sparse: vec![path.to_owned()], ..with(url(&server, "outer")) };
    scene.again(&sparse("file")).unwrap();
    assert_eq!(scene.names(), ["file"]);
    scene.again(&sparse("lib/inner")).unwrap();
    assert_eq!(scene.names(), NESTED[2..]);
    let below = scene.again(&sparse("lib/inner/file")).unwrap_err();
    assert!(matches!(below, RepoError::NotInCommit { .. }), "{below}");
}

#[test]
fn a_commit_that_is_not_given_by_its_id_is_looked_for_in_the_history() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    fs::write(scene.at("inner/file"), "newer").unwrap();
    commit(&scene, "inner");
    scene.again(&with(url(&server, "outer"))).unwrap();
    assert_eq!(scene.read("lib/inner/file"), "inner");
    git(&scene.at("inner"), ["checkout", "--quiet", "--orphan", "another"]);
    commit(&scene, "inner");
    git(&scene.at("inner"), ["branch", "--delete", "--force", "main"]);
    scene.again(&with(url(&server, "outer"))).unwrap();
    fs::remove_dir_all(scene.at("mirrors")).unwrap();
    let gone = scene.again(&with(url(&server, "outer"))).unwrap_err();
    assert!(matches!(gone, RepoError::CommitRefused { .. }), "{gone}");
}

#[test]
fn those_that_come_from_nowhere_stay_empty_and_are_named() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let id = git(&scene.at("inner"), ["rev-parse", "HEAD"]);
    let modules = [
        module("lib/inner", "../inner"),
        module("LIB/other", "https://a.example/x"),
        module("file", "https://a.example/x"),
        module("../up", "https://a.example/x"),
        module("lib", "https://a.example/x"),
        module(".git/hooks", "https://a.example/x"),
        "[submodule \"off\"]\npath = off\nurl = ../inner\nupdate = none\n".to_owned(),
    ];
    link(&scene, "outer", &[("lib/other", &id), ("off", &id)], &modules.concat());
    let (prepared, _) = scene.again(&with(url(&server, "outer"))).unwrap();
    assert_eq!(prepared.repos[0].submodules, ["off", "lib/other"]);
    assert_eq!(scene.read("file"), "outer");
    assert!(!scene.at("data/up").exists());
}

#[test]
fn a_repository_and_an_earlier_one_of_itself_are_no_endless_loop() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let mut modules = module("self", "../outer") + &module("lib/inner", "../inner");
    for level in 0..7 {
        let before = git(&scene.at("outer"), ["rev-parse", "HEAD"]);
        modules += &format!("# {level}\n");
        link(&scene, "outer", &[("self", &before)], &modules);
    }
    git(&scene.at("outer"), ["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let deep = scene.again(&with(url(&server, "outer"))).unwrap_err();
    let expected = "at most 8 are brought that are in each other";
    assert!(matches!(&deep, RepoError::Submodule { reason, .. } if reason == expected), "{deep}");
    let at = RepoSpec { reference: Some("HEAD~1".to_owned()), ..with(url(&server, "outer")) };
    let id = git(&scene.at("outer"), ["rev-parse", at.reference.as_deref().unwrap()]);
    scene.again(&RepoSpec { reference: Some(id), ..at }).unwrap();
    assert_eq!(scene.read("self/self/self/self/self/self/lib/inner/innermost/file"), "innermost");
}

#[test]
fn more_than_can_be_meant_are_refused() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let id = git(&scene.at("innermost"), ["rev-parse", "HEAD"]);
    let paths: Vec<String> = (0..64).map(|number| format!("m/{number}")).collect();
    let links: Vec<_> = paths.iter().map(|path| (path.as_str(), id.as_str())).collect();
    let modules: String = paths.iter().map(|path| module(path, "../innermost")).collect();
    repository(&scene, "wide");
    link(&scene, "wide", &links, &modules);
    let files = |repos: &[skep_repo::Checkout]| repos.iter().map(|repo| repo.files).sum::<u64>();
    assert_eq!(files(&scene.again(&with(url(&server, "wide"))).unwrap().0.repos), 66);
    link(&scene, "wide", &[("one-more", &id)], &(modules + &module("one-more", "../innermost")));
    let wide = scene.again(&with(url(&server, "wide"))).unwrap_err();
    assert!(wide.to_string().ends_with("at most 64 of a repository are brought"), "{wide}");
}

#[test]
fn the_limits_are_those_of_all_together() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let prepare = |terms| scene.prepare_repos(&[with(url(&server, "outer"))], &terms);
    let files = prepare(Terms { files: 7, ..scene.kept() }).unwrap_err();
    assert!(matches!(files, RepoError::TooMuch { what: "files", .. }), "{files}");
    let largest = |name: &str| {
        let noise: String =
            (0..6_000_u64).map(|number| format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
        fs::write(scene.at(name).join("noise"), noise + name).unwrap();
        commit(&scene, name)
    };
    let ids = ["innermost", "inner"].map(largest);
    repository(&scene, "two");
    let modules = module("one", "../innermost") + &module("two", "../inner");
    link(&scene, "two", &[("one", &ids[0]), ("two", &ids[1])], &modules);
    let one = RepoSpec { sparse: vec!["one".to_owned()], ..with(url(&server, "two")) };
    let terms = Terms { bytes: 120_000, ..scene.kept() };
    scene.prepare_repos(&[one], &terms).unwrap();
    skep_repo::remove(&scene.workspace()).unwrap();
    let bytes = scene.prepare_repos(&[with(url(&server, "two"))], &terms).unwrap_err();
    assert!(matches!(bytes, RepoError::TooMuch { what: "bytes", .. }), "{bytes}");
}

/// What comes of a repository with a submodule at `sub` that says that it is at `to`.
fn leading(scene: &Scene, source: RepoSource, to: &str, terms: &Terms) -> RepoError {
    let id = git(&scene.at("inner"), ["rev-parse", "HEAD"]);
    link(scene, "outer", &[("sub", &id)], &(module("sub", to) + &module("lib/inner", "../inner")));
    scene.prepare_repos(&[RepoSpec { sparse: vec!["sub".to_owned()], ..with(source) }], terms).unwrap_err()
}

#[test]
fn no_server_and_no_repository_leads_to_this_machine() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let secret = format!("file://{}", scene.at("inner").display());
    for source in [url(&server, "outer"), RepoSource::Url(format!("file://{}", scene.at("outer").display()))] {
        for to in ["file:///etc", &secret, scene.at("inner").to_str().unwrap(), "../../../../etc", "--upload-pack=id"] {
            let refused = leading(&scene, source.clone(), to, &scene.kept());
            assert!(matches!(refused, RepoError::Submodule { .. }), "{to}: {refused}");
        }
    }
    let of_this_machine = RepoSource::Url(format!("file://{}", scene.at("outer").display()));
    let refused = leading(&scene, of_this_machine, "../inner", &scene.kept());
    assert!(refused.to_string().contains("another folder of this machine"), "{refused}");
}

#[test]
fn addresses_that_are_not_public_are_refused_as_for_any_url() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let of_this_machine = RepoSource::Url(format!("file://{}", scene.at("outer").display()));
    let plain = leading(&scene, of_this_machine.clone(), &server.url("inner"), &Terms::default());
    assert!(matches!(plain, RepoError::Submodule { .. }), "{plain}");
    for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "2130706433"] {
        let to = format!("https://{host}:{}/inner", server.address.port());
        let refused = leading(&scene, of_this_machine.clone(), &to, &Terms::default());
        assert!(matches!(refused, RepoError::AddressRefused { .. }), "{host}: {refused}");
    }
    assert_eq!(server.seen.lock().unwrap().len(), 0);
}

#[test]
fn a_repository_of_this_machine_has_them_where_they_are_checked_out_in_it() {
    let scene = nested();
    git(&scene.at(""), ["clone", "--quiet", "--recurse-submodules", "outer", "clone"]);
    let clone = with(RepoSource::Url(format!("file://{}", scene.at("clone").display())));
    fs::write(scene.at("clone/lib/inner/file"), "changed and not committed").unwrap();
    scene.again(&clone).unwrap();
    assert_eq!(scene.names(), NESTED);
    assert_eq!(scene.read("lib/inner/file"), "inner");
    // A link to where else the commit is, and what only looks like git data, are no way to it.
    let inner = scene.at("clone/lib/inner");
    fs::rename(&inner, scene.at("moved")).unwrap();
    std::os::unix::fs::symlink(scene.at("inner"), &inner).unwrap();
    assert!(matches!(scene.again(&clone), Err(RepoError::Submodule { .. })));
    fs::remove_file(&inner).unwrap();
    git(&scene.at(""), ["clone", "--quiet", "--bare", "inner", inner.to_str().unwrap()]);
    assert!(matches!(scene.again(&clone), Err(RepoError::Submodule { .. })));
}

#[test]
fn what_a_commit_says_of_its_submodules_has_to_be_a_small_text() {
    let scene = nested();
    let server = Server::git(&scene.at(""));
    let refused = |modules: &str| {
        link(&scene, "outer", &[], modules);
        let refused = scene.again(&with(url(&server, "outer"))).unwrap_err();
        assert!(matches!(refused, RepoError::Modules { .. }), "{refused}");
        refused.to_string()
    };
    assert!(refused("[submodule \"a\"]\n\tpath = \"x\n").ends_with("line 2 of .gitmodules"));
    assert!(refused(&"#".repeat((1 << 20) + 1)).ends_with(".gitmodules has more than 1048576 bytes"));
    fs::remove_file(scene.at("outer/.gitmodules")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", scene.at("outer/.gitmodules")).unwrap();
    commit(&scene, "outer");
    let link = scene.again(&with(url(&server, "outer"))).unwrap_err().to_string();
    assert!(link.ends_with(".gitmodules is no file"), "{link}");
}

#[test]
fn a_submodule_is_no_way_into_gits_folder_and_its_content_is_as_safe_as_any() {
    let scene = nested();
    fs::write(scene.at("innermost/.gitattributes"), "* filter=lfs text eol=crlf\n").unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    fs::write(scene.at("innermost/large"), pointer).unwrap();
    fs::create_dir_all(scene.at("innermost/hooks")).unwrap();
    let id = commit(&scene, "innermost");
    repository(&scene, "hostile");
    link(&scene, "hostile", &[("sub", &id)], &module("sub", "../innermost"));
    let server = Server::git(&scene.at(""));
    scene.again(&with(url(&server, "hostile"))).unwrap();
    assert_eq!(scene.read("sub/large"), pointer);
    scene.committed();
    for name in [".git", ".GIT", "git~1", ".git ", ".."] {
        let tree = tree(&scene, &[("160000", name.as_bytes(), &id)]);
        let commit = git(&scene.source(), ["commit-tree", &tree, "-m", "hostile"]);
        scene.git(["update-ref", "refs/heads/evil", &commit]);
        let evil = RepoSpec { reference: Some("evil".to_owned()), ..with(url(&server, "source")) };
        let refused = scene.again(&evil).unwrap_err();
        assert!(matches!(refused, RepoError::HostileName { .. } | RepoError::Git { .. }), "{name}: {refused}");
    }
}

#[test]
fn a_submodule_that_cannot_be_had_leaves_nothing() {
    let scene = nested();
    let root = scene.at("");
    let server = Server::start(move |request| {
        Some(match request.target.starts_with("/innermost") {
            true => response("401 Unauthorized", "", ""),
            false => backend(&root, request),
        })
    });
    let closed = scene.again(&with(url(&server, "outer"))).unwrap_err();
    assert!(matches!(closed, RepoError::NeedsCredentials { .. }), "{closed}");
}

#[test]
fn two_that_are_each_others_submodules_are_brought_at_once() {
    let scene = nested();
    git(&scene.at("outer"), ["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let outer = git(&scene.at("outer"), ["rev-parse", "HEAD"]);
    let inner = link(
        &scene,
        "inner",
        &[("back", &outer)],
        &(module("back", "../outer") + &module("innermost", "../innermost")),
    );
    link(&scene, "outer", &[("lib/inner", &inner)], &module("lib/inner", "../inner"));
    let server = Server::git(&scene.at(""));
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (scene, source) = (&scene, url(&server, ["outer", "inner"][number % 2]));
            scope.spawn(move || {
                let (cancel, terms) = (std::sync::atomic::AtomicBool::new(false), scene.kept());
                let watch = skep_repo::Watch { progress: &mut |_| {}, cancel: &cancel };
                let dest = scene.at(format!("data/workspace-{number}"));
                skep_repo::prepare(&dest, &[with(source)], &terms, watch).unwrap();
            });
        }
    });
}
