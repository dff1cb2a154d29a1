//! Built guests, and plugins made of them.

use std::fs;
use std::path::{Path, PathBuf};

/// Where `cargo xtask guests` puts what it builds.
pub fn built() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests")
}

/// The bytes of a test guest.
///
/// # Panics
/// It was not built.
pub fn guest(name: &str) -> Vec<u8> {
    read(&built().join("tests").join(format!("{}.wasm", name.replace('-', "_"))))
}

/// A folder for compiled code that outlives a test, so that not each of them compiles an image.
pub fn compiled() -> PathBuf {
    built().join("../test-cache")
}

/// The folder with the built-in plugins.
pub fn plugins() -> PathBuf {
    built().join("plugins")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path)
        .unwrap_or_else(|error| panic!("{}: {error}; build the guests first: cargo xtask guests", path.display()))
}

/// Puts an agent plugin made of a test guest into `folder`.
pub fn agent(folder: &Path, name: &str, wasm: &[u8]) {
    plugin(folder, name, "agent", "", wasm);
}

/// Puts a tool plugin into `folder`; `rest` is the rest of its manifest, capabilities and tools.
pub fn tool(folder: &Path, name: &str, rest: &str, wasm: &[u8]) {
    plugin(folder, name, "tool", rest, wasm);
}

fn plugin(folder: &Path, name: &str, provides: &str, rest: &str, wasm: &[u8]) {
    let folder = folder.join(name);
    fs::create_dir_all(&folder).expect("a temporary folder can be written");
    let manifest = format!(
        "name = {name:?}\nversion = \"0.1.0\"\nprovides = {provides:?}\ncomponent = \"{name}.wasm\"\ndescription = \"A test.\"\n{rest}"
    );
    fs::write(folder.join("plugin.toml"), manifest).expect("a temporary folder can be written");
    fs::write(folder.join(format!("{name}.wasm")), wasm).expect("a temporary folder can be written");
}

/// The manifest of the `tool-effects` guest.
pub const EFFECTS: &str = r#"
[capabilities]
workspace = "write"
[[tools]]
name = "append"
idempotency = "non-idempotent"
[[tools]]
name = "sleep-then-append"
idempotency = "non-idempotent"
[[tools]]
name = "write"
idempotency = "idempotent"
[[tools]]
name = "slow"
idempotency = "read-only"
[[tools]]
name = "trap"
idempotency = "read-only"
[[tools]]
name = "spin"
idempotency = "read-only"
[[tools]]
name = "grow"
idempotency = "read-only"
[[tools]]
name = "flood"
idempotency = "read-only"
[[tools]]
name = "socket"
idempotency = "read-only"
[[tools]]
name = "fetch"
idempotency = "read-only"
[[tools]]
name = "env"
idempotency = "read-only"
[[tools]]
name = "clock"
idempotency = "read-only"
[[tools]]
name = "exit"
idempotency = "read-only"
[[tools]]
name = "fail"
idempotency = "read-only"
[[tools]]
name = "print"
idempotency = "read-only"
"#;

/// The manifest of the `tool-greedy` guest.
pub const GREEDY: &str = r#"
[capabilities]
workspace = "write"
[[tools]]
name = "fill"
idempotency = "idempotent"
[[tools]]
name = "create"
idempotency = "idempotent"
[[tools]]
name = "open"
idempotency = "idempotent"
[[tools]]
name = "list"
idempotency = "read-only"
[[tools]]
name = "fetch"
idempotency = "read-only"
[[tools]]
name = "bodies"
idempotency = "read-only"
[[tools]]
name = "descend"
idempotency = "read-only"
"#;

/// A tool component in the text format: it has one tool, `act`, which does `act`. `beside` are more fields of the core module,
/// `outer` more of the component.
pub fn tool_text(outer: &str, beside: &str, act: &str) -> String {
    format!(
        r#"(component
  {outer}
  (core module $module
    (memory (export "memory") 2)
    {beside}
    ;; At 16: the list that `describe` returns. At 32: what `call` returns, which is `ok("")`.
    (data (i32.const 16) "\40\00\00\00\01\00\00\00")
    (data (i32.const 64) "\80\00\00\00\03\00\00\00\80\00\00\00\03\00\00\00\88\00\00\00\02\00\00\00")
    (data (i32.const 128) "act")
    (data (i32.const 136) "{{}}")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0x10000)
    (func (export "describe") (result i32) i32.const 16)
    (func (export "call") (param i32 i32 i32 i32) (result i32)
      {act}
      i32.const 32))
  (core instance $tool (instantiate $module))
  (type $fields (record (field "name" string) (field "description" string) (field "parameters" string)))
  (func $describe (result (list $fields))
    (canon lift (core func $tool "describe") (memory (core memory $tool "memory"))))
  (func $call (param "name" string) (param "arguments" string) (result (result string (error string)))
    (canon lift (core func $tool "call")
      (memory (core memory $tool "memory")) (realloc (core func $tool "cabi_realloc"))))
  ;; The record needs a name beside the functions that use it, so a component around them exports all three.
  (component $provider
    (type $fields (record (field "name" string) (field "description" string) (field "parameters" string)))
    (import "given-description" (type $given (eq $fields)))
    (import "given-describe" (func $describe (result (list $given))))
    (import "given-call" (func $call
      (param "name" string) (param "arguments" string) (result (result string (error string)))))
    (export $description "description" (type $fields))
    (export "describe" (func $describe) (func (result (list $description))))
    (export "call" (func $call)))
  (instance $exported (instantiate $provider
    (with "given-description" (type $fields))
    (with "given-describe" (func $describe))
    (with "given-call" (func $call))))
  (export "skep:plugin/tool-provider@0.1.0" (instance $exported)))"#
    )
}

/// Puts an environment into `folder`.
pub fn environment(folder: &Path, name: &str, rest: &str) {
    let folder = folder.join(name);
    fs::create_dir_all(&folder).expect("a temporary folder can be written");
    let text = format!("name = {name:?}\ndescription = \"A test.\"\n{rest}");
    fs::write(folder.join("environment.toml"), text).expect("a temporary folder can be written");
}
