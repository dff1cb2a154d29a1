//! Repositories of a server.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use skep_model::RepoSource;
use skep_repo::{Prepared, Progress, RepoError, Terms};

use crate::scene::{Scene, git};
use crate::server::{Request, Server, response};

fn private() -> Terms {
    Terms { allow_private: true, wall: Duration::from_secs(60), ..Terms::default() }
}

fn fetch(scene: &Scene, url: String) -> Result<Prepared, RepoError> {
    scene.prepare_with(&[RepoSource::Url(url)], &private())
}

fn answers(status: &'static str, headers: &'static str, body: &'static str) -> Server {
    Server::start(move |_| Some(response(status, headers, body)))
}

#[test]
fn a_repository_is_fetched_without_its_history() {
    let scene = Scene::new();
    for commit in 0..30 {
        scene.write("src/main.rs", &format!("fn main() {{ {commit} }}"));
        if commit == 0 {
            scene.committed()
        } else {
            scene.commit()
        };
    }
    scene.git(["checkout", "--quiet", "-b", "trunk"]);
    scene.write("LICENSE", "yes");
    let commit = scene.commit();
    let server = Server::git(&scene.at(""));
    let mut objects = 0;
    let mut progress = |progress| {
        if let Progress::Received { of, .. } = progress {
            objects = of;
        }
    };
    let source = RepoSource::Url(server.url("source/.git"));
    let prepared = scene.watched(&[source], &private(), &mut progress, &AtomicBool::new(false)).unwrap();
    assert_eq!(scene.names(), ["LICENSE", "src/", "src/main.rs"]);
    assert_eq!(scene.read("src/main.rs"), "fn main() { 29 }");
    let repo = &prepared.repos[0];
    assert_eq!(
        (repo.commit.as_deref(), repo.branch.as_deref(), repo.dirty),
        (Some(commit.as_str()), Some("trunk"), false)
    );
    assert_eq!((repo.files, repo.bytes), (2, 19));
    assert_eq!(objects, 5, "one commit, two trees, two files");
}

#[test]
fn two_repositories_of_a_server_come_into_folders_of_their_own() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    git(&scene.at(""), ["clone", "--quiet", "--bare", "source", "bare.git"]);
    let server = Server::git(&scene.at(""));
    let sources = ["source", "bare.git/"].map(|path| RepoSource::Url(server.url(path)));
    scene.prepare_with(&sources, &private()).unwrap();
    assert_eq!(scene.names(), ["bare/", "bare/file", "source/", "source/file"]);
}

#[test]
fn a_redirection_on_the_same_server_is_followed_and_every_other_is_refused() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    let root = scene.at("");
    let behind = Server::git(&root);
    let moved = |location: String| {
        Server::start(move |_| Some(response("301 Moved", &format!("Location: {location}\r\n"), "")))
    };
    for location in [
        format!("{}/info/refs?service=git-upload-pack", behind.url("source")),
        "http://169.254.169.254/info/refs?service=git-upload-pack".to_owned(),
        "file:///etc/info/refs?service=git-upload-pack".to_owned(),
        String::new(),
    ] {
        let error = fetch(&scene, moved(location.clone()).url("old")).unwrap_err();
        assert!(matches!(error, RepoError::Redirected { .. } | RepoError::Unreachable { .. }), "{location}: {error}");
    }
    assert_eq!(behind.seen.lock().unwrap().len(), 0);

    let same = Server::start(move |request: &Request| match request.target.strip_prefix("/old/") {
        Some(rest) => Some(response("302 Found", &format!("Location: /source/{rest}\r\n"), "")),
        None => Some(crate::server::backend(&root, request)),
    });
    fetch(&scene, same.url("old")).unwrap();
    let list = "info/refs?service=git-upload-pack";
    let seen = same.seen.lock().unwrap();
    assert_eq!(seen[..2], [format!("GET /old/{list}"), format!("GET /source/{list}")]);
    assert!(seen[2..].iter().all(|request| request == "POST /source/git-upload-pack"), "{seen:?}");
}

#[test]
fn a_redirection_without_an_end_ends() {
    let scene = Scene::new();
    let server = Server::start(|request| Some(response("302 Found", &format!("Location: {}\r\n", request.target), "")));
    let error = fetch(&scene, server.url("a")).unwrap_err();
    assert!(error.to_string().ends_with("it redirects without an end"), "{error}");
}

#[test]
fn addresses_that_are_not_public_are_refused_before_anything_is_sent() {
    let scene = Scene::new();
    let server = answers("200 OK", "", "");
    let port = server.address.port();
    let refused = |url: String| scene.prepare_with(&[RepoSource::Url(url)], &Terms::default()).unwrap_err();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f.1",
        "169.254.169.254",
        "10.0.0.1",
        "0.0.0.0",
    ] {
        let error = refused(format!("https://{host}:{port}/a"));
        assert!(matches!(error, RepoError::AddressRefused { .. }), "{host}: {error}");
    }
    assert!(matches!(refused(server.url("a")), RepoError::BadUrl { .. }));
    let plain = scene.prepare_with(&[RepoSource::Url("http://10.0.0.1/a".to_owned())], &private()).unwrap_err();
    assert!(matches!(plain, RepoError::AddressRefused { .. }), "{plain}");
    assert_eq!(server.seen.lock().unwrap().len(), 0);
}

#[test]
fn answers_that_are_no_repository_have_each_their_own_message() {
    let scene = Scene::new();
    let message = |server: Server| fetch(&scene, server.url("a")).unwrap_err().to_string();
    assert!(
        message(answers("401 Unauthorized", "WWW-Authenticate: Basic\r\n", ""))
            .contains("can't be read without credentials; these come with secrets")
    );
    assert!(message(answers("403 Forbidden", "", "")).contains("credentials"));
    assert!(message(answers("404 Not Found", "", "")).contains("the server has none there"));
    assert!(message(answers("200 OK", "Content-Type: text/html\r\n", "<html>")).contains("not in git's protocol"));
    assert!(message(answers("503 Busy", "", "")).contains("the server answers with status 503"));
    let advertisement = "Content-Type: application/x-git-upload-pack-advertisement\r\n";
    assert!(
        message(answers("200 OK", advertisement, "no packet lines at all")).contains("git can't read http://127.0.0.1")
    );
    assert!(message(Server::start(|_| Some(b"SSH-2.0-OpenSSH\r\n".to_vec()))).contains("can't be reached"));
    let no_tls = answers("200 OK", "", "");
    let error = fetch(&scene, no_tls.url("a").replacen("http", "https", 1));
    assert!(error.unwrap_err().to_string().contains("can't be reached"));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = fetch(&scene, format!("http://{nobody}/a")).unwrap_err();
    assert!(matches!(error, RepoError::Unreachable { .. }), "{error}");
}

#[test]
fn a_repository_without_a_commit_is_empty() {
    let scene = Scene::new();
    scene.git(["init", "--quiet", "--bare"]);
    let server = Server::git(&scene.at(""));
    let error = fetch(&scene, server.url("source")).unwrap_err();
    assert!(matches!(error, RepoError::Empty { .. }), "{error}");
}

#[test]
fn a_silent_server_is_given_up_when_the_time_is_over_or_the_caller_cancels() {
    let scene = Scene::new();
    let server = Server::start(|_| None);
    let terms = Terms { wall: Duration::from_millis(300), ..private() };
    let source = [RepoSource::Url(server.url("a"))];
    let late = scene.prepare_with(&source, &terms).unwrap_err();
    assert!(matches!(late, RepoError::TimedOut { .. }), "{late}");
    let cancel = AtomicBool::new(false);
    let cancelled = scene.watched(&source, &private(), &mut |_| cancel.store(true, Ordering::Relaxed), &cancel);
    assert!(matches!(cancelled, Err(RepoError::Cancelled)), "{cancelled:?}");
}

#[test]
fn a_transfer_larger_than_the_terms_is_ended() {
    let scene = Scene::new();
    // Digits of a generator, so that it can't be compressed to nothing.
    let noise = (0..200_000_u64).fold((String::new(), 1_u64), |(mut text, state), _| {
        let state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        text.push_str(&(state >> 33).to_string());
        (text, state)
    });
    scene.write("noise", &noise.0);
    scene.committed();
    let server = Server::git(&scene.at(""));
    let terms = Terms { bytes: 100_000, ..private() };
    let error = scene.prepare_with(&[RepoSource::Url(server.url("source"))], &terms).unwrap_err();
    assert!(matches!(error, RepoError::TooMuch { what: "bytes", limit: 100_000, .. }), "{error}");
}

#[test]
fn a_pack_that_breaks_off_is_an_error() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    let root = scene.at("");
    let server = Server::start(move |request| {
        let mut whole = crate::server::backend(&root, request);
        if request.method == "POST" {
            whole.truncate(whole.len() - 30);
        }
        Some(whole)
    });
    let error = fetch(&scene, server.url("source")).unwrap_err();
    assert!(matches!(error, RepoError::Git { .. } | RepoError::Unreachable { .. }), "{error}");
}
