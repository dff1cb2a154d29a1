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

/// Puts an environment into `folder`.
pub fn environment(folder: &Path, name: &str, rest: &str) {
    let folder = folder.join(name);
    fs::create_dir_all(&folder).expect("a temporary folder can be written");
    let text = format!("name = {name:?}\ndescription = \"A test.\"\n{rest}");
    fs::write(folder.join("environment.toml"), text).expect("a temporary folder can be written");
}
