//! A data folder of its own with the program over it, and plugins made of built guests.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home: the data folder, and what else a test puts beside it.
pub(crate) struct Home {
    folder: TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Puts a file there and gives its path as an argument.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// An agent plugin made of a test guest, for the commands of this home.
    pub(crate) fn with_agent(self, name: &str) -> Self {
        let wasm = guest(name);
        self.plugin(name, &wasm);
        self
    }

    /// A folder with an agent's manifest and these bytes as its component.
    pub(crate) fn plugin(&self, name: &str, wasm: &[u8]) -> String {
        let manifest = format!(
            "name = {name:?}\nversion = \"0.1.0\"\nprovides = \"agent\"\ncomponent = \"{name}.wasm\"\ndescription = \"A test.\"\n"
        );
        self.file(&format!("plugins/{name}/{name}.wasm"), wasm);
        self.file(&format!("plugins/{name}/plugin.toml"), manifest);
        self.path("plugins").join(name).to_str().unwrap().to_owned()
    }

    /// A small repository, as a folder that git does not know.
    pub(crate) fn repo(&self) -> String {
        self.file("repo/src/main.rs", "fn main() {\n    // TODO: everything\n}\n");
        self.path("repo").to_str().unwrap().to_owned()
    }

    /// The program with this home's data folder and plugins, and nothing else of the caller's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skep"));
        for variable in ["SKEP_ENVIRONMENTS", "SKEP_OUTPUT", "SKEP_REGISTRY_USER", "SKEP_REGISTRY_PASSWORD", "NO_COLOR"]
        {
            command.env_remove(variable);
        }
        let own = Some(self.path("plugins")).filter(|folder| folder.is_dir());
        let plugins = std::env::join_paths(own.into_iter().chain([built("plugins")])).unwrap();
        command.env("SKEP_DATA", self.data()).env("SKEP_PLUGINS", plugins).args(arguments);
        command
    }

    pub(crate) fn skep(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    pub(crate) fn skep_with_input(&self, arguments: &[&str], input: &[u8]) -> Said {
        let mut child = self.spawn_with(arguments, Stdio::piped());
        child.stdin.take().unwrap().write_all(input).unwrap();
        said(child.wait_with_output().unwrap())
    }

    /// Starts the program and leaves it running.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.spawn_with(arguments, Stdio::null())
    }

    fn spawn_with(&self, arguments: &[&str], input: Stdio) -> Child {
        self.command(arguments).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A command's one JSON document; it must end with this code.
    pub(crate) fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let said = self.skep(&[&["--output", "json"], arguments].concat());
        assert_eq!(said.code, code, "{said:?}");
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    }

    /// Accepts a run and leaves it queued; its id.
    pub(crate) fn accept(&self, arguments: &[&str]) -> String {
        let said = self.skep(&[&["run", "start", "--detach"], arguments].concat());
        assert_eq!(said.code, 0, "{said:?}");
        said.out.trim().to_owned()
    }
}

impl Said {
    /// The command was refused with this code, and its message holds all of these words.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains("error: "), "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {self:?}");
        }
    }
}

pub(crate) fn said(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// The bytes of a test guest.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    read(&built("tests").join(format!("{}.wasm", name.replace('-', "_"))))
}

/// The bytes of a built-in plugin's component.
pub(crate) fn component(name: &str) -> Vec<u8> {
    read(&built("plugins").join(name).join(format!("{name}.wasm")))
}

/// The bytes of a component in text.
pub(crate) fn wat(name: &str) -> Vec<u8> {
    wat::parse_file(repository().join("tests/guests/wat").join(format!("{name}.wat"))).unwrap()
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where `cargo xtask guests` puts what it builds.
fn built(what: &str) -> PathBuf {
    let folder = repository().join("target/guests").join(what);
    assert!(folder.is_dir(), "there is no {}; build the guests first: cargo xtask guests", folder.display());
    folder
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path)
        .unwrap_or_else(|error| panic!("{}: {error}; build the guests first: cargo xtask guests", path.display()))
}
