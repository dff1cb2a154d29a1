//! What a store keeps: unchanged folders, references, and only what is whole.

use std::fs;
use std::thread;
use std::time::{Duration, SystemTime};

use skep_image::{ImageError, Store};
use skep_model::Digest;

use crate::scene::{Scene, UNIX, component, reference};

fn blob(scene: &Scene, digest: Digest) -> std::path::PathBuf {
    scene.path("images/blobs/sha256").join(digest.hex())
}

/// Damages a blob, whose file is read-only for everybody's protection.
fn damage(path: &std::path::Path, content: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

/// Loads the folder until it is remembered, which it is not before its last change is a moment ago.
pub(crate) fn load_until_remembered(scene: &Scene, folder: &str) {
    while scene.kept("folders").is_empty() {
        scene.store().load_folder(&scene.path(folder)).unwrap();
    }
}

#[test]
fn a_folder_is_loaded_with_its_components() {
    let scene = Scene::unix();
    let store = scene.store();
    let image = store.load_folder(&scene.path("unix")).unwrap();
    assert_eq!(store.fetch(image.command("sh").unwrap()).unwrap(), component("sh"));
    assert_eq!(store.fetch(image.command("cat").unwrap()).unwrap(), component("coreutils"));
    assert_eq!(store.image(image.digest()).unwrap(), image);
    assert!(store.verify(&image).1.is_empty());
    assert!(scene.kept("tmp").is_empty());
}

#[test]
fn an_unchanged_folder_is_not_read_again() {
    let scene = Scene::unix();
    load_until_remembered(&scene, "unix");
    let image = scene.store().load_folder(&scene.path("unix")).unwrap();
    // Nobody else would notice: the memory is made to say that this file has another content.
    let memory = scene.path("images/folders").join(&scene.kept("folders")[0]);
    let other = scene.store().read_folder(&scene.path("unix")).unwrap();
    assert_eq!(image, other);
    let told = fs::read_to_string(&memory).unwrap();
    let stand_in = skep_image::Image::layered([image.clone(), image.clone()]);
    scene.store().tag(&reference("stand-in"), &stand_in).unwrap();
    fs::write(&memory, told.replace(&image.digest().to_string(), &stand_in.digest().to_string())).unwrap();
    assert_eq!(scene.store().load_folder(&scene.path("unix")).unwrap(), stand_in);
    assert_eq!(scene.store().read_folder(&scene.path("unix")).unwrap(), image);
}

#[test]
fn a_change_that_keeps_length_and_date_is_noticed() {
    let scene = Scene::unix();
    load_until_remembered(&scene, "unix");
    let path = scene.path("unix/bin/sh.wasm");
    let modified = path.metadata().unwrap().modified().unwrap();
    fs::write(&path, component("hs")).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let image = scene.store().load_folder(&scene.path("unix")).unwrap();
    assert_eq!(image.command("sh"), Some(Digest::of(&component("hs"))));
}

#[test]
fn a_changed_manifest_is_noticed_and_a_broken_memory_is_no_harm() {
    let scene = Scene::unix();
    load_until_remembered(&scene, "unix");
    let memory = scene.path("images/folders").join(&scene.kept("folders")[0]);
    fs::write(memory, "{").unwrap();
    assert_eq!(scene.store().load_folder(&scene.path("unix")).unwrap().name(), "unix");
    scene.file("unix/image.toml", UNIX.replace("\"unix\"", "\"other\""));
    assert_eq!(scene.store().load_folder(&scene.path("unix")).unwrap().name(), "other");
    scene.file("unix/image.toml", UNIX.replace("name = \"unix\"", ""));
    assert!(matches!(scene.store().load_folder(&scene.path("unix")), Err(ImageError::Folder(_))));
}

#[test]
fn a_damaged_component_is_never_handed_out_and_comes_back_with_its_folder() {
    let scene = Scene::unix();
    let store = scene.store();
    let image = store.load_folder(&scene.path("unix")).unwrap();
    let shell = image.command("sh").unwrap();
    damage(&blob(&scene, shell), &component("hs"));
    let error = store.fetch(shell).unwrap_err();
    assert!(matches!(error, ImageError::Damaged { digest, .. } if digest == shell));
    assert!(error.to_string().contains("skep image pull"), "{error}");
    let (_, wrong) = store.verify(&image);
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].to_string().contains(&shell.to_string()), "{wrong:?}");
    store.read_folder(&scene.path("unix")).unwrap();
    assert_eq!(store.fetch(shell).unwrap(), component("sh"));
}

#[test]
fn a_component_that_is_gone_is_said_to_be_gone_and_is_brought_back() {
    let scene = Scene::unix();
    load_until_remembered(&scene, "unix");
    let shell = Digest::of(&component("sh"));
    fs::remove_file(blob(&scene, shell)).unwrap();
    assert!(matches!(scene.store().fetch(shell), Err(ImageError::Missing { digest }) if digest == shell));
    scene.store().load_folder(&scene.path("unix")).unwrap();
    assert_eq!(scene.store().fetch(shell).unwrap(), component("sh"));
}

#[test]
fn a_reference_means_what_it_was_given_last() {
    let scene = Scene::unix();
    let store = scene.store();
    assert!(store.list().unwrap().is_empty());
    assert!(matches!(store.resolve(&reference("unix:dev")), Err(ImageError::Unknown { .. })));
    let first = store.load_folder(&scene.path("unix")).unwrap();
    store.tag(&reference("unix:dev"), &first).unwrap();
    assert_eq!(store.resolve(&reference("unix:dev")).unwrap(), first);
    scene.file("unix/image.toml", UNIX.replace("0.1.0", "0.2.0"));
    let second = store.load_folder(&scene.path("unix")).unwrap();
    store.tag(&reference("unix:dev"), &second).unwrap();
    store.tag(&reference("unix:0.1.0"), &first).unwrap();
    let listed: Vec<_> = store.list().unwrap().into_iter().map(|tagged| (tagged.reference, tagged.image)).collect();
    let expected = [(reference("unix:0.1.0"), first.digest()), (reference("unix:dev"), second.digest())];
    assert_eq!(listed, expected);
}

#[test]
fn a_damaged_record_is_told() {
    let scene = Scene::unix();
    let store = scene.store();
    let image = store.load_folder(&scene.path("unix")).unwrap();
    store.tag(&reference("unix:dev"), &image).unwrap();
    damage(&blob(&scene, image.digest()), b"{}");
    assert!(matches!(store.resolve(&reference("unix:dev")), Err(ImageError::Damaged { .. })));
}

#[test]
fn what_a_killed_process_left_half_written_is_cleared_away_after_a_day() {
    let scene = Scene::unix();
    let day = Duration::from_secs(24 * 3600);
    for (name, age) in [("old", 2 * day), ("young", day / 2)] {
        let path = scene.file(&format!("images/tmp/{name}"), "half");
        fs::File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
    }
    scene.store().load_folder(&scene.path("unix")).unwrap();
    assert_eq!(scene.kept("tmp"), ["young"]);
}

#[test]
fn many_may_load_and_read_at_the_same_time() {
    let scene = Scene::unix();
    let (folder, root) = (scene.path("unix"), scene.path("images"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let store = Store::new(&root);
                let image = store.read_folder(&folder).unwrap();
                store.tag(&reference("unix:dev"), &image).unwrap();
                assert_eq!(store.fetch(image.command("sh").unwrap()).unwrap(), component("sh"));
                assert_eq!(store.resolve(&reference("unix:dev")).unwrap(), image);
            });
        }
    });
    assert_eq!(scene.kept("blobs/sha256").len(), 3);
    assert!(scene.kept("tmp").is_empty());
}
