//! What is an image folder, and what is refused with file, line and what would do.

use std::os::unix::fs::symlink;

use skep_image::{Folder, LARGEST_COMPONENT};
use skep_model::Digest;

use crate::scene::{Scene, UNIX, component};

#[track_caller]
fn refused(scene: &Scene, expected: &[&str]) {
    let message = match Folder::read(&scene.path("unix")) {
        Err(error) => error.to_string(),
        Ok(folder) => panic!("accepted: {folder:?}"),
    };
    let file = scene.path("unix").display().to_string();
    let expected: Vec<_> = expected.iter().map(|line| line.replace("DIR", &file)).collect();
    assert_eq!(message, expected.join("\n"));
}

fn with_manifest(from: &str, to: &str) -> Scene {
    let scene = Scene::unix();
    assert!(UNIX.contains(from), "{from} is not in the example");
    scene.file("unix/image.toml", UNIX.replacen(from, to, 1));
    scene
}

#[test]
fn a_folder_is_read_into_commands_and_their_components() {
    let scene = Scene::unix();
    let folder = Folder::read(&scene.path("unix")).unwrap();
    let image = folder.image();
    assert_eq!((image.name(), image.version(), image.description()), ("unix", "0.1.0", "Some of what a Unix has"));
    assert_eq!(image.env()["PATH"], "/usr/bin:/bin");
    let names: Vec<_> = image.commands().keys().map(String::as_str).collect();
    assert_eq!(names, ["bash", "cat", "cp", "ls", "sh"]);
    assert_eq!(image.command("ls"), Some(Digest::of(&component("coreutils"))));
    assert_eq!(image.command("bash"), Some(Digest::of(&component("sh"))));
    assert_eq!(image.components().len(), 2);
    assert_eq!(folder.bytes(), (component("coreutils").len() + component("sh").len()) as u64);
}

#[test]
fn unknown_keys_are_told_with_the_nearest_one() {
    let scene = with_manifest("description", "descripton");
    refused(&scene, &["DIR/image.toml:4: unknown key `descripton`; did you mean `description`?"]);
    let scene = with_manifest("names = [\"cat\"", "name = [\"cat\"");
    refused(
        &scene,
        &[
            "DIR/image.toml:9: missing key `names`: a component answers to at least one name",
            "DIR/image.toml:11: unknown key `name` in `commands[0]`; did you mean `names`?",
        ],
    );
}

#[test]
fn a_name_belongs_to_one_component() {
    let scene = with_manifest("\"bash\"", "\"cat\"");
    refused(&scene, &["DIR/image.toml:15: `commands[1].names[1]`: a command named \"cat\" stands above already"]);
}

#[test]
fn impossible_names_are_refused() {
    let told = |name: &str, reason: &str| {
        let scene = with_manifest("\"cp\"", name);
        refused(
            &scene,
            &[&format!("DIR/image.toml:11: `commands[0].names[1]`: {name} is no command's name: {reason}")],
        );
    };
    told("\"\"", "it is empty");
    told("\"..\"", "it names a folder");
    told("\"bin/cp\"", "a command is named without a path, so leave out the `/`");
    told("\"c\\tp\"", "it has control characters");
    let scene = with_manifest("PATH", "\"A=B\"");
    refused(
        &scene,
        &["DIR/image.toml:7: `env.A=B`: \"A=B\" is no variable's name: write letters, digits and underscores"],
    );
}

#[test]
fn an_image_without_commands_and_a_component_without_names_are_refused() {
    let scene = Scene::unix();
    scene.file("unix/image.toml", UNIX.split("[[commands]]").next().unwrap());
    refused(
        &scene,
        &["DIR/image.toml:1: an image has commands: add `[[commands]]` with a `component` and its `names`"],
    );
    let scene = with_manifest("[\"sh\", \"bash\"]", "[]");
    refused(&scene, &["DIR/image.toml:15: `commands[1].names`: a component answers to at least one name"]);
}

#[test]
fn a_component_lies_in_the_folder_by_any_path_and_through_any_link() {
    for path in ["../sh.wasm", "/sh.wasm", "bin/../../sh.wasm"] {
        let scene = with_manifest("bin/sh.wasm", path);
        refused(
            &scene,
            &[&format!(
                "DIR/image.toml:14: `commands[1].component`: {path:?} must be a file beside this one or in a folder below it, such as \"files.wasm\""
            )],
        );
    }
    let scene = with_manifest("bin/sh.wasm", "out.wasm");
    let outside = scene.file("outside.wasm", component("x"));
    symlink(outside, scene.path("unix/out.wasm")).unwrap();
    refused(&scene, &["DIR/image.toml:14: `commands[1].component`: DIR/out.wasm is a link out of the folder"]);
    std::fs::remove_file(scene.path("unix/out.wasm")).unwrap();
    symlink("bin/sh.wasm", scene.path("unix/out.wasm")).unwrap();
    assert!(Folder::read(&scene.path("unix")).is_ok());
}

#[test]
fn what_is_no_component_is_refused_for_its_own_reason() {
    let told = |content: &[u8], reason: &str| {
        let scene = Scene::unix();
        scene.file("unix/bin/sh.wasm", content);
        refused(&scene, &[&format!("DIR/image.toml:14: `commands[1].component`: DIR/bin/sh.wasm {reason}")]);
    };
    told(
        b"\0asm\x01\0\0\0",
        "is a core module and no program of wasip1: it exports no `_start` or no `memory`; build it for wasm32-wasip1 or wasm32-wasip2",
    );
    told(b"#!/bin/sh\n", "is not a WebAssembly component; build it for wasm32-wasip2");
    told(b"", "is not a WebAssembly component; build it for wasm32-wasip2");
}

#[test]
fn a_missing_and_a_too_large_component_are_refused_together() {
    let scene = Scene::unix();
    std::fs::remove_file(scene.path("unix/coreutils.wasm")).unwrap();
    let shell = std::fs::File::create(scene.path("unix/bin/sh.wasm")).unwrap();
    shell.set_len(LARGEST_COMPONENT + 1).unwrap();
    refused(
        &scene,
        &[
            "DIR/image.toml:10: `commands[0].component`: there is no DIR/coreutils.wasm; build it",
            "DIR/image.toml:14: `commands[1].component`: DIR/bin/sh.wasm has 67108865 bytes; a component has at most 64 MiB",
        ],
    );
}

#[test]
fn a_folder_without_a_manifest_is_no_image() {
    let scene = Scene::new();
    refused(&scene, &["DIR/image.toml: there is no such file"]);
}
