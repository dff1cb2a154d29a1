//! Repositories of a server.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use skep_model::RepoSource;
use skep_repo::{Prepared, Progress, RepoError, Terms, remove};

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
    let prepared = scene.watched(&[source.into()], &private(), &mut progress, &AtomicBool::new(false)).unwrap();
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
    let cancelled =
        scene.watched(&source.map(Into::into), &private(), &mut |_| cancel.store(true, Ordering::Relaxed), &cancel);
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

/// A connection on which every byte has to be waited for.
struct Slow(TcpStream);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Slow {
    #[expect(clippy::disallowed_methods, reason = "to be slow is all that this server is there for")]
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        std::thread::sleep(Duration::from_millis(10));
        self.0.write(&buffer[..1])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn a_server_that_sends_byte_by_byte_does_not_stretch_the_time() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    let root = scene.at("");
    let server = Server::over(Slow, move |request| Some(crate::server::backend(&root, request)));
    let terms = Terms { wall: Duration::from_millis(500), ..private() };
    let late = scene.prepare_with(&[RepoSource::Url(server.url("source"))], &terms).unwrap_err();
    assert!(matches!(late, RepoError::TimedOut { .. }), "{late}");
}

/// What comes of a repository whose server changes what it answers to a listing (GET) or a fetch (POST).
fn tampered(
    scene: &Scene,
    method: &'static str,
    tamper: impl Fn(Vec<u8>) -> Vec<u8> + Send + 'static,
) -> Result<(), RepoError> {
    let root = scene.at("");
    let server = Server::start(move |request| {
        let whole = crate::server::backend(&root, request);
        Some(if request.method == method { tamper(whole) } else { whole })
    });
    let terms = Terms { wall: Duration::from_secs(10), ..private() };
    scene.prepare_with(&[RepoSource::Url(server.url("source"))], &terms).map(drop)
}

/// With the first `from` made `to`, if there is one: not every answer of a fetch has the objects.
fn replaced(whole: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let Some(at) = whole.windows(from.len()).position(|window| window == from) else { return whole.to_vec() };
    [&whole[..at], to, &whole[at + from.len()..]].concat()
}

#[test]
fn a_server_that_lies_about_lengths_is_an_error() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    for method in ["GET", "POST"] {
        let headers: [(&[u8], &[u8]); 4] = [
            (b"Content-Length: ", b"Content-Length: 9"),
            (b"Content-Length: ", b"Content-Length: 0\r\nX-Rest: "),
            (b"Content-Length: ", b"Content-Length: 99999999999999999999"),
            (b"Content-Length: ", b"Transfer-Encoding: chunked\r\nX-Rest: "),
        ];
        for (from, to) in headers {
            let lied = format!("{method} {}", to.escape_ascii());
            match tampered(&scene, method, move |whole| replaced(&whole, from, to)) {
                // Git's protocol says by itself where a list ends, so more that doesn't come isn't missed.
                Ok(()) => {
                    assert_eq!(scene.read("file"), "x", "{lied}");
                    remove(&scene.workspace()).unwrap();
                }
                Err(RepoError::Git { .. } | RepoError::Unreachable { .. } | RepoError::Empty { .. }) => {}
                Err(error) => panic!("{lied}: {error}"),
            }
        }
    }
    let objects = tampered(&scene, "POST", |whole| {
        replaced(&whole, b"PACK\0\0\0\x02\0\0\0\x03", b"PACK\0\0\0\x02\xff\xff\xff\xff")
    });
    assert!(matches!(objects, Err(RepoError::Git { .. })), "{objects:?}");
    let packet = tampered(&scene, "GET", |whole| replaced(&whole, b"001e# service=", b"fff0# service="));
    assert!(matches!(packet, Err(RepoError::Git { .. })), "{packet:?}");
}

#[test]
fn references_with_hostile_names_lead_nowhere() {
    let scene = Scene::new();
    scene.write("file", "x");
    scene.committed();
    for name in ["refs/../../main", "/etc/heads/main", "refs/heads/\u{1b}[2m", "refs/heads/.git"] {
        let root = scene.at("");
        let server = Server::start(move |request| {
            let mut whole = crate::server::backend(&root, request);
            while request.method == "GET" && whole.windows(15).any(|window| window == b"refs/heads/main") {
                whole = replaced(&whole, b"refs/heads/main", name.as_bytes());
            }
            Some(whole)
        });
        match fetch(&scene, server.url("source")) {
            Ok(prepared) => {
                assert_eq!(scene.names(), ["file"], "{name}");
                assert!(!prepared.repos[0].to_string().contains('\u{1b}'), "{name:?}");
                remove(&scene.workspace()).unwrap();
            }
            Err(error) => assert!(matches!(error, RepoError::Git { .. }), "{name}: {error}"),
        }
        assert!(!scene.at("data/main").exists() && !scene.at("main").exists());
    }
}
