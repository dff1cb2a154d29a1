//! Images through a real registry.

use serde_json::json;
use skep_image::{Credentials, ImageError, Progress, Registry, Store, Terms};
use skep_model::Digest;

use crate::docker_registry::DockerRegistry;
use crate::scene::{Scene, UNIX, component, pull, reference};
use crate::server::{Server, response};

fn ignore(_: Progress) {}

#[test]
fn an_image_is_the_same_on_both_sides_of_a_registry() {
    let (registry, here, there) = (DockerRegistry::start(), Scene::unix(), Scene::new());
    let image = here.store().load_folder(&here.path("unix")).unwrap();
    let text = registry.reference("acme/unix:0.1.0");
    let pushed = Registry::default().push(&here.store(), &reference(&text), &image, &mut ignore).unwrap();
    assert_eq!((pushed.moved, pushed.present), (2, 0));
    let pulled = pull(Terms::default(), &there.store(), &text).unwrap();
    assert_eq!((pulled.moved, pulled.present), (2, 0));
    assert_eq!((&pulled.image, pulled.artifact), (&image, pushed.artifact));
    assert_eq!(pulled.image.digest(), image.digest());
    let store = there.store();
    assert_eq!(store.fetch(image.command("bash").unwrap()).unwrap(), component("sh"));
    for wanted in [reference(&text), reference(&text).at(pulled.artifact)] {
        assert_eq!(store.resolve(&wanted).unwrap(), image);
    }
    assert!(there.kept("tmp").is_empty());
}

#[test]
fn a_digest_names_an_image_for_ever_and_a_tag_the_latest() {
    let (registry, here, there) = (DockerRegistry::start(), Scene::unix(), Scene::new());
    let text = reference(registry.reference("unix:latest"));
    let store = here.store();
    let first = store.load_folder(&here.path("unix")).unwrap();
    let pushed = Registry::default().push(&store, &text, &first, &mut ignore).unwrap();
    here.file("unix/image.toml", UNIX.replace("0.1.0", "0.2.0"));
    let second = store.load_folder(&here.path("unix")).unwrap();
    let again = Registry::default().push(&store, &text, &second, &mut ignore).unwrap();
    assert_eq!((again.moved, again.present), (0, 2));
    assert_ne!(again.artifact, pushed.artifact);
    let there = there.store();
    assert_eq!(pull(Terms::default(), &there, text.at(pushed.artifact).to_string()).unwrap().image, first);
    assert_eq!(pull(Terms::default(), &there, text.to_string()).unwrap().image, second);
    assert_eq!(there.list().unwrap().len(), 3);
}

#[test]
fn pushing_the_same_image_again_changes_nothing() {
    let (registry, scene) = (DockerRegistry::start(), Scene::unix());
    let text = reference(registry.reference("acme/unix:1"));
    let image = scene.store().load_folder(&scene.path("unix")).unwrap();
    let push = || Registry::default().push(&scene.store(), &text, &image, &mut ignore).unwrap();
    let (first, blobs) = (push(), registry.blobs());
    let second = push();
    assert_eq!((first.artifact, second.moved, registry.blobs()), (second.artifact, 0, blobs));
}

#[test]
fn progress_is_told_layer_by_layer() {
    let (registry, here, there) = (DockerRegistry::start(), Scene::new(), Scene::new());
    let large = component(&"x".repeat(3 << 20));
    here.file("one/image.toml", "name='one'\nversion='1.0.0'\n[[commands]]\ncomponent='one.wasm'\nnames=['one']\n");
    here.file("one/one.wasm", &large);
    let image = here.store().load_folder(&here.path("one")).unwrap();
    let text = reference(registry.reference("one:1"));
    Registry::default().push(&here.store(), &text, &image, &mut ignore).unwrap();
    let mut told = Vec::new();
    let mut watch = |progress| told.push(progress);
    Registry::default().pull(&there.store(), &text, &mut watch).unwrap();
    Registry::default().pull(&there.store(), &text, &mut watch).unwrap();
    let (title, bytes) = ("one.wasm".to_owned(), large.len() as u64);
    let moving = told.iter().filter(|progress| matches!(progress, Progress::Moving { of, .. } if *of == bytes)).count();
    assert!((2..=4).contains(&moving), "{told:?}");
    let ends = [Progress::Moved { title: title.clone(), bytes }, Progress::Present { title, bytes }];
    assert_eq!(told[moving..], ends);
}

#[test]
fn a_damaged_component_is_repaired_by_pulling_again() {
    let (registry, scene) = (DockerRegistry::start(), Scene::unix());
    let text = registry.reference("unix:1");
    let store = scene.store();
    let image = store.load_folder(&scene.path("unix")).unwrap();
    Registry::default().push(&store, &reference(&text), &image, &mut ignore).unwrap();
    let shell = Digest::of(&component("sh"));
    let path = scene.path("images/blobs/sha256").join(shell.hex());
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, component("hs")).unwrap();
    assert!(matches!(store.fetch(shell), Err(ImageError::Damaged { .. })));
    let error = Registry::default().push(&store, &reference(&text), &image, &mut ignore).unwrap_err();
    assert!(matches!(error, ImageError::Damaged { .. }), "{error}");
    let pulled = pull(Terms::default(), &store, &text).unwrap();
    assert_eq!((pulled.moved, pulled.present), (1, 1));
    assert_eq!(store.fetch(shell).unwrap(), component("sh"));
}

#[test]
fn a_registry_with_a_password_wants_to_be_told_it() {
    let (registry, scene) = (DockerRegistry::with_password(), Scene::unix());
    let text = reference(registry.reference("unix:1"));
    let store = scene.store();
    let image = store.load_folder(&scene.path("unix")).unwrap();
    let push = |credentials| Registry::new(Terms::default(), credentials).push(&store, &text, &image, &mut ignore);
    let nobody = push(None).unwrap_err();
    assert!(matches!(nobody, ImageError::Denied { .. }), "{nobody}");
    assert!(nobody.to_string().contains("SKEP_REGISTRY_USER"), "{nobody}");
    let wrong = push(Some(Credentials::new("ada", "guess"))).unwrap_err();
    assert!(matches!(wrong, ImageError::Denied { .. }), "{wrong}");
    push(Some(Credentials::new("ada", "secret"))).unwrap();
}

#[test]
fn what_is_not_there_is_said_to_be_not_there() {
    let (registry, scene) = (DockerRegistry::start(), Scene::new());
    let error = pull(Terms::default(), &scene.store(), registry.reference("acme/nothing:1")).unwrap_err();
    assert!(matches!(error, ImageError::NotThere { .. }), "{error}");
    let error = pull(Terms::default(), &scene.store(), "acme/nothing:1").unwrap_err();
    assert!(matches!(error, ImageError::WrongReference { .. }), "{error}");
    let nobody = pull(Terms::default(), &scene.store(), "127.0.0.1:1/acme/nothing:1").unwrap_err();
    assert!(matches!(nobody, ImageError::Unreachable { .. }), "{nobody}");
}

#[test]
fn other_machines_are_spoken_to_with_tls_or_on_request_only() {
    let registry = DockerRegistry::start();
    let store = Store::new(Scene::new().path("images"));
    let plain = registry.reference("x:1").replace("127.0.0.1", "localhost");
    assert!(matches!(pull(Terms::default(), &store, plain).unwrap_err(), ImageError::NotThere { .. }));
    // RFC 5737: nobody has this address.
    let terms = Terms { wall: std::time::Duration::from_millis(200), insecure: true, ..Terms::default() };
    let error = pull(terms, &store, "192.0.2.1/x:1").unwrap_err();
    assert!(
        matches!(&error, ImageError::TooSlow { url, .. } | ImageError::Unreachable { url, .. } if url.starts_with("http://192")),
        "{error}"
    );
}

#[test]
fn a_token_is_fetched_for_what_is_wanted_and_used_from_then_on() {
    let manifest = single_component();
    let server = Server::start(move |asked| match asked.authorization.as_deref() {
        _ if asked.target.starts_with("/token?") => response("200 OK", "", b"{\"access_token\":\"t1\"}"),
        Some("Bearer t1") if asked.target.contains("/manifests/") => response("200 OK", "", &manifest),
        Some("Bearer t1") => response("200 OK", "", &component("tool")),
        _ => {
            let realm =
                format!("realm=\"http://{}/token\",service=\"here\",scope=\"repository:tool:pull\"", asked.host);
            response("401 Unauthorized", &format!("WWW-Authenticate: Bearer {realm}\r\n"), b"")
        }
    });
    let scene = Scene::new();
    let ada = Registry::new(Terms::default(), Some(Credentials::new("ada", "secret")));
    ada.pull(&scene.store(), &reference(server.reference("tool:1")), &mut ignore).unwrap();
    let blob = Digest::of(&component("tool"));
    let expected = [
        "GET /v2/tool/manifests/1".to_owned(),
        "GET /token?service=here&scope=repository%3Atool%3Apull as Basic YWRhOnNlY3JldA==".to_owned(),
        "GET /v2/tool/manifests/1 as Bearer t1".to_owned(),
        format!("GET /v2/tool/blobs/{blob} as Bearer t1"),
    ];
    assert_eq!(server.seen(), expected);
}

#[test]
fn one_component_from_elsewhere_is_one_command() {
    let manifest = single_component();
    let server = Server::start(move |asked| match asked.target.contains("/manifests/") {
        true => response("200 OK", "", &manifest),
        false => response("200 OK", "", &component("tool")),
    });
    let scene = Scene::new();
    let image = pull(Terms::default(), &scene.store(), server.reference("acme/jq:1.7")).unwrap().image;
    assert_eq!((image.name(), image.version(), image.commands().len()), ("jq", "1.7", 1));
    assert_eq!(scene.store().fetch(image.command("jq").unwrap()).unwrap(), component("tool"));
}

/// An artifact as other tools make it.
fn single_component() -> Vec<u8> {
    let of = |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "digest": Digest::of(bytes), "size": bytes.len() });
    let (config, layer) =
        (of("application/vnd.wasm.config.v0+json", b"{}"), of("application/wasm", &component("tool")));
    json!({ "schemaVersion": 2, "config": config, "layers": [layer] }).to_string().into_bytes()
}
