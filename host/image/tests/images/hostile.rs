//! Registries that mean no good, or are only broken: each has its own error, and nothing of what they send is kept.

use std::time::{Duration, Instant};

use serde_json::json;
use skep_image::{Credentials, ImageError, Registry, Terms, Transfer};
use skep_model::Digest;

use crate::scene::{Scene, component, pull, reference};
use crate::server::{Answer, Asked, Server, open_ended, response};

const CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// The manifest of an artifact whose one component has this digest and length.
fn manifest(digest: Digest, size: u64) -> Vec<u8> {
    json!({
        "schemaVersion": 2,
        "config": { "mediaType": CONFIG, "digest": Digest::of(b"{}"), "size": 2 },
        "layers": [{ "mediaType": "application/wasm", "digest": digest, "size": size }],
    })
    .to_string()
    .into_bytes()
}

fn whole() -> Vec<u8> {
    manifest(Digest::of(&component("tool")), component("tool").len() as u64)
}

/// A registry with this manifest, and this answer to who asks for the component.
fn registry(manifest: Vec<u8>, blob: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |asked| match asked.target.contains("/manifests/") {
        true => response("200 OK", "", &manifest),
        false => blob(asked),
    })
}

/// Pulls from a server that gives no good image: the error, when nothing was kept.
#[track_caller]
fn refused(server: &Server, terms: Terms) -> ImageError {
    let scene = Scene::new();
    let error = pull(terms, &scene.store(), server.reference("acme/tool:1")).unwrap_err();
    for folder in ["blobs/sha256", "references", "tmp"] {
        assert!(scene.kept(folder).is_empty(), "{folder}: {:?}", scene.kept(folder));
    }
    error
}

#[test]
fn a_component_of_another_digest_is_refused() {
    let server = registry(whole(), |_| response("200 OK", "", &component("loot")));
    let error = refused(&server, Terms::default());
    let (wanted, sent) = (Digest::of(&component("tool")), Digest::of(&component("loot")));
    assert!(
        matches!(error, ImageError::WrongDigest { expected, found, .. } if expected == wanted && found == sent),
        "{error}"
    );
}

#[test]
fn a_manifest_of_another_digest_is_refused() {
    let server = registry(whole(), |_| response("200 OK", "", &component("tool")));
    let asked = Digest::of(b"another");
    let scene = Scene::new();
    let error = pull(Terms::default(), &scene.store(), server.reference(&format!("acme/tool@{asked}"))).unwrap_err();
    assert!(matches!(error, ImageError::WrongDigest { expected, .. } if expected == asked), "{error}");
    assert!(scene.kept("references").is_empty());
}

#[test]
fn a_component_without_an_end_is_cut_off_where_it_should_end() {
    let server = registry(whole(), |_| Answer::Endless(open_ended()));
    let error = refused(&server, Terms::default());
    let size = component("tool").len() as u64;
    assert!(matches!(error, ImageError::TooMuch { limit, .. } if limit == size), "{error}");
}

#[test]
fn a_component_that_is_announced_too_long_is_not_read() {
    let server = registry(whole(), |_| Answer::Endless(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n".to_vec()));
    assert!(matches!(refused(&server, Terms::default()), ImageError::TooMuch { .. }));
}

#[test]
fn a_manifest_without_an_end_is_cut_off() {
    let server = Server::start(|_| Answer::Endless(open_ended()));
    let error = refused(&server, Terms { manifest_bytes: 100_000, ..Terms::default() });
    assert!(matches!(error, ImageError::TooMuch { limit: 100_000, .. }), "{error}");
}

#[test]
fn more_than_the_terms_permit_is_not_even_asked_for() {
    let server = registry(manifest(Digest::of(b"x"), u64::MAX), |_| Answer::Endless(open_ended()));
    assert!(matches!(refused(&server, Terms::default()), ImageError::TooMuch { limit: 67_108_864, .. }));
    let error = refused(&server, Terms { layer_bytes: u64::MAX, ..Terms::default() });
    assert!(matches!(error, ImageError::TooMuch { limit: 1_073_741_824, .. }), "{error}");
    assert!(server.seen().iter().all(|asked| asked.contains("/manifests/")), "{:?}", server.seen());
}

#[test]
fn a_truncated_component_is_refused_however_it_ends() {
    let half = component("tool")[..10].to_vec();
    let size = component("tool").len() as u64;
    let announced = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n");
    for head in [open_ended(), announced.into_bytes()] {
        let cut = [head, half.clone()].concat();
        let server = registry(whole(), move |_| Answer::Bytes(cut.clone()));
        let error = refused(&server, Terms::default());
        assert!(matches!(error, ImageError::Truncated { got: 10, size: of, .. } if of == size), "{error}");
    }
}

#[test]
fn a_core_module_is_refused() {
    let module = b"\0asm\x01\0\0\0".to_vec();
    let server = registry(manifest(Digest::of(&module), 8), move |_| response("200 OK", "", &module));
    let error = refused(&server, Terms::default()).to_string();
    assert!(error.contains("core module") && error.contains("have `skep image build` adapt it"), "{error}");
}

#[test]
fn a_slow_registry_has_its_time_and_no_more() {
    let terms = Terms { wall: Duration::from_millis(300), ..Terms::default() };
    let server = registry(whole(), |_| Answer::Silence(open_ended()));
    let began = Instant::now();
    let error = refused(&server, terms.clone());
    assert!(matches!(error, ImageError::TooSlow { after, .. } if after == terms.wall), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_silent_registry_is_left_before_the_time_is_over() {
    let silence = Duration::from_millis(200);
    let server = Server::start(|_| Answer::Silence(Vec::new()));
    let error = refused(&server, Terms { silence, ..Terms::default() });
    assert!(matches!(error, ImageError::TooSlow { after, .. } if after == silence), "{error}");
}

#[test]
fn a_redirection_is_followed_to_content_only_and_without_credentials() {
    let elsewhere = Server::start(|_| response("200 OK", "", &component("tool")));
    let to = format!("Location: http://{}/bucket/tool?signature=1\r\n", elsewhere.address);
    let server = registry(whole(), {
        let to = to.clone();
        move |asked| match asked.authorization {
            Some(_) => response("307 Temporary Redirect", &to, b""),
            None => response("401 Unauthorized", "WWW-Authenticate: Basic realm=x\r\n", b""),
        }
    });
    let scene = Scene::new();
    let transfer = pull_as_ada(&scene, &server).unwrap();
    assert_eq!(scene.store().fetch(transfer.image.command("tool").unwrap()).unwrap(), component("tool"));
    assert_eq!(elsewhere.seen(), ["GET /bucket/tool?signature=1"]);

    let server = Server::start(move |_| response("307 Temporary Redirect", &to, b""));
    let error = refused(&server, Terms::default());
    assert!(matches!(error, ImageError::Redirected { .. }), "{error}");
    assert!(!error.to_string().contains("signature"), "{error}");
}

#[test]
fn a_redirection_does_not_leave_this_machine_without_tls() {
    let server = registry(whole(), |_| response("302 Found", "Location: http://192.0.2.1/tool\r\n", b""));
    let error = refused(&server, Terms::default());
    assert!(matches!(error, ImageError::AddressRefused { .. }), "{error}");
    for (location, reason) in [("ftp://x.org/tool", "no URL of the web"), ("http://a:b@127.0.0.1/tool", "credentials")]
    {
        let header = format!("Location: {location}\r\n");
        let server = registry(whole(), move |_| response("302 Found", &header, b""));
        let error = refused(&server, Terms::default());
        assert!(matches!(error, ImageError::Redirected { reason: why, .. } if why.contains(reason)), "{error}");
    }
}

#[test]
fn redirections_have_an_end() {
    let server = registry(whole(), |asked| response("302 Found", &format!("Location: {}\r\n", asked.target), b""));
    let error = refused(&server, Terms::default());
    assert!(error.to_string().contains("redirects without an end"), "{error}");
}

#[test]
fn credentials_are_not_sent_to_whom_a_registry_names() {
    let thief = Server::start(|_| response("200 OK", "", b"{\"token\":\"t\"}"));
    let realm = format!("WWW-Authenticate: Bearer realm=\"http://localhost:{}/token\"\r\n", thief.address.port());
    let server = Server::start(move |_| response("401 Unauthorized", &realm, b""));
    let error = pull_as_ada(&Scene::new(), &server).unwrap_err();
    assert!(matches!(error, ImageError::Denied { .. }), "{error}");
    assert!(thief.seen().is_empty());
}

#[test]
fn what_a_registry_says_reaches_the_message_without_commands_for_the_terminal() {
    let body = b"{\"errors\":[{\"code\":\"X\",\"message\":\"come \\u001b[2J later\"}]}";
    let server = Server::start(move |_| response("503 Service Unavailable", "", body));
    let error = refused(&server, Terms::default()).to_string();
    assert!(error.contains("status 503 (come [2J later)"), "{error}");
    let server = Server::start(|_| response("404 Not Found", "", b""));
    assert!(matches!(refused(&server, Terms::default()), ImageError::NotThere { .. }));
    let server = Server::start(|_| response("200 OK", "", b"<html>"));
    assert!(matches!(refused(&server, Terms::default()), ImageError::NoImage { .. }));
}

#[test]
fn what_a_manifest_calls_things_is_no_command_for_the_terminal_either() {
    let titled = String::from_utf8(whole()).unwrap().replace(
        "\"mediaType\":\"application/wasm\"",
        "\"annotations\":{\"org.opencontainers.image.title\":\"a\\u001b[2J\\nb\"},\"mediaType\":\"application/wasm\"",
    );
    assert!(titled.contains("u001b"));
    let server = registry(titled.into_bytes(), |_| response("200 OK", "", b""));
    let error = refused(&server, Terms::default());
    assert!(matches!(&error, ImageError::Truncated { what, got: 0, .. } if what == "a[2Jb"), "{error}");
}

#[test]
fn a_failed_pull_keeps_what_is_whole_and_the_next_one_asks_for_the_rest() {
    let (one, two) = (component("one"), component("two"));
    let image = format!(
        "{{\"commands\":{{\"one\":\"{}\",\"two\":\"{}\"}},\"description\":\"\",\"env\":{{}},\"name\":\"x\",\"version\":\"1\"}}",
        Digest::of(&one),
        Digest::of(&two)
    );
    let of = |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len() });
    let manifest = json!({
        "schemaVersion": 2,
        "config": of(CONFIG, b"{}"),
        "layers": [
            of("application/wasm", &one),
            of("application/wasm", &two),
            of("application/vnd.skep.image.manifest.v1+json", image.as_bytes()),
        ],
    });
    // Layers are asked for in the order of their digests.
    let later = Digest::of(&one).max(Digest::of(&two));
    let broken = std::sync::atomic::AtomicBool::new(true);
    let server = registry(manifest.to_string().into_bytes(), move |asked| {
        let blobs = [image.as_bytes(), &one, &two];
        let blob = blobs.into_iter().find(|blob| asked.target.ends_with(&Digest::of(blob).to_string())).unwrap();
        match Digest::of(blob) == later && broken.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => response("500 Internal Server Error", "", b""),
            false => response("200 OK", "", blob),
        }
    });
    let scene = Scene::new();
    let text = server.reference("acme/x:1");
    assert!(matches!(pull(Terms::default(), &scene.store(), &text), Err(ImageError::Unreachable { .. })));
    assert_eq!(scene.kept("blobs/sha256").len(), 1);
    assert!(scene.kept("references").is_empty());
    let Transfer { moved, present, .. } = pull(Terms::default(), &scene.store(), &text).unwrap();
    assert_eq!((moved, present), (1, 1));
}

fn pull_as_ada(scene: &Scene, server: &Server) -> Result<Transfer, ImageError> {
    let registry = Registry::new(Terms::default(), Some(Credentials::new("ada", "secret")));
    registry.pull(&scene.store(), &reference(server.reference("acme/tool:1")), &mut |_| {})
}
