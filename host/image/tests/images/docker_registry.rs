//! A real registry on loopback: Debian's docker-registry, with a folder and a port of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use tempfile::TempDir;

pub(crate) struct DockerRegistry {
    process: Child,
    /// Reads what it says, so that it never waits for a reader.
    listener: Option<JoinHandle<()>>,
    address: String,
    /// Where it keeps everything.
    folder: TempDir,
}

impl DockerRegistry {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// A registry that wants the user `ada` with the password `secret`.
    pub(crate) fn with_password() -> Self {
        Self::with("auth:\n  htpasswd:\n    realm: test\n    path: FOLDER/htpasswd\n")
    }

    fn with(more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().display().to_string();
        let config = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {root}/data\nhttp:\n  addr: 127.0.0.1:0\n{}",
            more.replace("FOLDER", &root)
        );
        std::fs::write(folder.path().join("config.yml"), config).unwrap();
        std::fs::write(folder.path().join("htpasswd"), HTPASSWD).unwrap();
        let mut process = Command::new(program())
            .args(["serve", &format!("{root}/config.yml")])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = said.by_ref().map_while(Result::ok).find_map(|line| address(&line));
        let address = address.expect("docker-registry says where it listens");
        let listener = std::thread::spawn(move || said.for_each(drop));
        Self { process, listener: Some(listener), address, folder }
    }

    /// The reference of an image here.
    pub(crate) fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// How many blobs it has.
    pub(crate) fn blobs(&self) -> usize {
        let folders = std::fs::read_dir(self.folder.path().join("data/docker/registry/v2/blobs/sha256"));
        let below =
            folders.into_iter().flatten().map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count());
        below.sum()
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        self.listener.take().map(JoinHandle::join);
    }
}

/// `secret`, by bcrypt.
const HTPASSWD: &str = "ada:$2b$04$oW8ay7dxaIg3yTli7zKviujz.0JBOUNaRi3F.bm0aaOcRtARNXixy\n";

fn address(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("listening on ")?;
    Some(rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect())
}

/// Where the program is: where xtask unpacked it, or where Debian's package puts it.
fn program() -> PathBuf {
    let given = std::env::var_os("SKEP_TEST_REGISTRY").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = given.into_iter().chain(std::env::split_paths(&path).map(|folder| folder.join("docker-registry")));
    places.find(|place| place.is_file()).expect(
        "there is no docker-registry: `cargo xtask test` gets it on Debian; elsewhere, install it or name it in SKEP_TEST_REGISTRY",
    )
}
