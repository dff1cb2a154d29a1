//! Programs for wasip1: each becomes a component when its folder is read, or is refused with what it is instead.

use skep_image::Folder;
use skep_model::Digest;

use crate::scene::Scene;
use crate::stores::load_until_remembered;

/// Says hello and ends with code 7.
const HELLO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (i32.const 16) "hello\0a")
  (func (export "_start")
    (drop (call 0 (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))
    (call 1 (i32.const 7))))"#;

const MANIFEST: &str = "name = 'old'\nversion = '0.1.0'\n[[commands]]\ncomponent = 'hello.wasm'\nnames = ['hello']\n";

fn folder(module: &[u8]) -> Scene {
    let scene = Scene::new();
    scene.file("old/image.toml", MANIFEST);
    scene.file("old/hello.wasm", module);
    scene
}

fn refusal(module: &[u8]) -> String {
    let scene = folder(module);
    match Folder::read(&scene.path("old")) {
        Err(error) => error.to_string().replace(&format!("{}/", scene.path("old").display()), ""),
        Ok(folder) => panic!("accepted: {folder:?}"),
    }
}

fn refused(wat: &str, expected: &str) {
    let message = refusal(&wat::parse_str(wat).unwrap());
    assert_eq!(message, format!("image.toml:4: `commands[0].component`: hello.wasm {expected}"));
}

#[test]
fn a_program_is_kept_as_the_component_that_it_becomes() {
    let module = wat::parse_str(HELLO).unwrap();
    let scene = folder(&module);
    let read = Folder::read(&scene.path("old")).unwrap();
    read.verify().unwrap();
    let digest = read.image().command("hello").unwrap();
    assert_ne!(digest, Digest::of(&module));
    let store = scene.store();
    assert_eq!(store.read_folder(&scene.path("old")).unwrap(), *read.image());
    let component = store.fetch(digest).unwrap();
    assert_eq!((&component[..8], read.bytes()), (&b"\0asm\x0d\0\x01\0"[..], component.len() as u64));
    let about = store.about(digest).unwrap();
    assert_eq!((about.adapted, about.bytes), (true, component.len() as u64));
    assert_eq!(read.about(digest), Some(about));
    // It is a component like any other then, wherever it lies.
    scene.file("old/hello.wasm", &component);
    let whole = Folder::read(&scene.path("old")).unwrap();
    whole.verify().unwrap();
    assert_eq!(whole.image(), read.image());
    assert!(!scene.store().about(store.keep(read.image()).unwrap()).unwrap().adapted);
}

#[test]
fn the_same_program_makes_the_same_image_each_time() {
    let module = wat::parse_str(HELLO).unwrap();
    let digests =
        [folder(&module), folder(&module)].map(|scene| Folder::read(&scene.path("old")).unwrap().image().digest());
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_folder_with_a_program_is_remembered_like_any_other() {
    let scene = folder(&wat::parse_str(HELLO).unwrap());
    load_until_remembered(&scene, "old");
    let image = scene.store().load_folder(&scene.path("old")).unwrap();
    assert_eq!(scene.store().load_folder(&scene.path("old")).unwrap(), image);
}

#[test]
fn a_damaged_copy_is_made_again() {
    let scene = folder(&wat::parse_str(HELLO).unwrap());
    let image = scene.store().read_folder(&scene.path("old")).unwrap();
    let blob = scene.path("images/blobs/sha256").join(image.command("hello").unwrap().hex());
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(&blob, "damaged").unwrap();
    scene.store().read_folder(&scene.path("old")).unwrap();
    assert!(scene.store().verify(&image).1.is_empty());
}

#[test]
fn a_module_that_is_no_program_of_wasip1_is_told_what_it_is() {
    let build = "build it for wasm32-wasip1 or wasm32-wasip2";
    refused(
        "(module)",
        &format!("is a core module and no program of wasip1: it exports no `_start` or no `memory`; {build}"),
    );
    refused(
        "(module (func (export \"_start\")))",
        &format!("is a core module and no program of wasip1: it exports no `_start` or no `memory`; {build}"),
    );
    refused(
        "(module (memory (export \"memory\") 1) (func (export \"_initialize\")))",
        "is a library of wasip1 and no program: it has no `_start`",
    );
    refused(
        "(module (import \"wasi_unstable\" \"proc_exit\" (func (param i32))))",
        &format!("is for another version of WASI (wasi_unstable); {build}"),
    );
    refused(
        &HELLO.replacen("(memory", "(import \"env\" \"b\" (func)) (import \"env\" \"a\" (func)) (memory", 1),
        &format!("imports what no WASI has: env.a, env.b; {build}"),
    );
    let many: String = (0..9).map(|number| format!("(import \"js\" \"f{number}\" (func))")).collect();
    refused(&format!("(module {many})"), &format!("imports what no WASI has: js.f0, js.f1, js.f2 and 6 more; {build}"));
    refused(
        &HELLO
            .replacen("(memory", "(import \"wasi_snapshot_preview1\" \"m\" (memory 1)) (memory", 1)
            .replace("(memory (export \"memory\") 1)", ""),
        &format!("imports what no WASI has: wasi_snapshot_preview1.m; {build}"),
    );
    refused(
        "(module (@custom \"component-type:x\" \"\"))",
        "is a core module for the component model; build it for wasm32-wasip2",
    );
}

#[test]
fn a_program_that_the_adapter_can_not_serve_is_refused() {
    for (from, to) in [
        ("\"proc_exit\" (func (param i32))", "\"proc_exec\" (func (param i32))"),
        (
            "\"fd_write\" (func (param i32 i32 i32 i32) (result i32))",
            "\"fd_write\" (func (param i32 i32 i32 i64) (result i32))",
        ),
    ] {
        let module = HELLO
            .replacen(from, to, 1)
            .replace("(i32.const 32)", if to.contains("i64") { "(i64.const 32)" } else { "(i32.const 32)" });
        let message = refusal(&wat::parse_str(&module).unwrap());
        assert!(message.contains("hello.wasm can't be adapted from wasip1: "), "{message}");
    }
    let wide = HELLO.replace("(func (export \"_start\")", "(func (export \"_start\") (param i32)");
    let message = refusal(&wat::parse_str(&wide).unwrap());
    assert!(message.contains("hello.wasm can't be adapted from wasip1: "), "{message}");
}

#[test]
fn torn_and_malformed_programs_are_refused_before_anything_else_looks_at_them() {
    let module = wat::parse_str(HELLO).unwrap();
    let read = |module: &[u8]| Folder::read(&folder(module).path("old")).is_ok();
    let taken: Vec<_> = (8..module.len()).filter(|length| read(&module[..*length])).collect();
    // Cut in front of its data it is another program, and whole.
    let data = module.len() - taken[0];
    assert_eq!((taken.len(), module[module.len() - data]), (1, 11));
    assert!(refusal(&[&module[..], b"\x0b\xff"].concat()).contains("is truncated or malformed"));
    // A program that reads beyond its stack is valid for nobody.
    let untyped =
        [&b"\0asm\x01\0\0\0"[..], b"\x01\x04\x01\x60\0\0", b"\x03\x02\x01\0", b"\x0a\x05\x01\x03\0\x1a\x0b"].concat();
    assert!(refusal(&untyped).contains("is truncated or malformed"));
}

#[test]
fn a_component_that_is_no_command_is_not_built() {
    let scene = Scene::unix();
    let message = Folder::read(&scene.path("unix")).unwrap().verify().unwrap_err().to_string();
    let expected = "coreutils.wasm is a component and no command: it does not export wasi:cli/run; build it for wasm32-wasip2, as a \
                    program with a `main`";
    assert_eq!(message, scene.path("unix").join(expected).display().to_string());
}
