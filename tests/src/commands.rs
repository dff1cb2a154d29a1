//! The commands of the image `unix`, over folders of a test's own, and this machine's bash beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use skep_config::ImageName;
use skep_engine::{Images, Loaded, git};
use skep_model::{Access, Limits, RepoSource, Stream, Timestamp};
use skep_repo::{Checkout, Prepared, Terms};
use skep_sandbox::git::Git;
use skep_sandbox::http::Outgoing;
use skep_sandbox::{Config, Execution, Input, Meter, Sandbox, Workspace};
use tempfile::TempDir;

use crate::kit;

/// Where lines start, as commands see it.
pub const START: &str = "/workspace";
/// Where this machine's own commands are.
const NATIVE_PATH: &str = "/usr/bin:/bin";
/// A line that takes longer has not ended.
const LONGEST: Duration = Duration::from_secs(60);

/// What came of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// What it wrote to standard output; bytes that are no UTF-8 are replaced.
    pub output: String,
    /// What it wrote to standard error.
    pub errors: String,
    /// Its exit code.
    pub code: i32,
}

/// A sandbox with the image loaded.
pub struct Commands {
    sandbox: Arc<Sandbox>,
    loaded: Loaded,
    http: Option<Arc<dyn Outgoing>>,
    /// Holds the image's components.
    _data: TempDir,
}

impl Default for Commands {
    fn default() -> Self {
        Self::new()
    }
}

impl Commands {
    /// Loads the image that `cargo xtask guests` built. Its compiled code is kept beside it.
    ///
    /// # Panics
    /// It was not built.
    pub fn new() -> Self {
        Self::of(&["unix"])
    }

    /// The same with these images, the later ones' commands above the earlier ones'.
    ///
    /// # Panics
    /// They were not built.
    pub fn of(images: &[&str]) -> Self {
        let names: Vec<_> = images.iter().map(|name| ImageName::Reference((*name).into())).collect();
        let data = TempDir::new().expect("there is room for a temporary folder");
        let images = Images::new(data.path(), vec![kit::built().join("images")]);
        let pin = images.pin(&names, Limits::TOOL);
        let loaded = images.load(pin.expect("the image is built: cargo xtask guests").digest);
        let cache = kit::built().with_file_name("compiled-commands");
        let config = Config { cache: Some(cache), ..Config::default() };
        let sandbox = Arc::new(Sandbox::new(config).expect("a sandbox is made"));
        Self { sandbox, loaded: loaded.expect("the image is there"), http: None, _data: data }
    }

    /// Its commands' requests are sent by `http`.
    pub fn sending(self, http: impl Outgoing + 'static) -> Self {
        Self { http: Some(Arc::new(http)), ..self }
    }

    /// Executes a line in `folder`, which it sees as [`START`].
    ///
    /// # Panics
    /// The folder can't be used.
    pub async fn line(&self, folder: &Folder, line: &str) -> Ran {
        self.within(usual(), folder, line).await
    }

    /// The same with a time and a seed, or this machine's own.
    ///
    /// # Panics
    /// The folder can't be used.
    pub async fn line_at(&self, folder: &Folder, line: &str, began: Option<Timestamp>, seed: Option<u64>) -> Ran {
        self.execute((usual(), began, seed), folder, line).await
    }

    /// The same within limits.
    ///
    /// # Panics
    /// The folder can't be used.
    pub async fn within(&self, limits: Limits, folder: &Folder, line: &str) -> Ran {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        self.execute((limits, Some(Timestamp(now.as_millis() as u64)), Some(1)), folder, line).await
    }

    async fn execute(
        &self,
        (limits, began, seed): (Limits, Option<Timestamp>, Option<u64>),
        folder: &Folder,
        line: &str,
    ) -> Ran {
        let shown: Arc<Mutex<[Vec<u8>; 2]>> = Arc::default();
        let seen = Arc::clone(&shown);
        let show = move |stream, bytes: &[u8]| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen[usize::from(stream == Stream::Stderr)].extend_from_slice(bytes);
        };
        let execution = Execution {
            image: self.loaded.image.clone(),
            root: Workspace::open(folder.root.path()).expect("the folder is there"),
            access: Access::Write,
            arguments: ["bash", "-c", line].map(String::from).into(),
            variables: self.loaded.variables.clone(),
            directory: START.into(),
            input: Input::Bytes(Default::default()),
            show: Some(Arc::new(show)),
            time_limit: None,
            output_bytes: 0,
            meter: Arc::new(Meter::new(limits)),
            began,
            seed,
            git: folder.git.as_ref().map(|(_, git)| git.clone()),
            http: self.http.clone(),
        };
        let executed = self.sandbox.execute(execution).await;
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        let [output, mut errors] = std::mem::take(&mut *shown);
        errors.extend_from_slice(executed.ending.reason.as_bytes());
        errors.extend(executed.limit.map(|limit| limit.to_string()).unwrap_or_default().bytes());
        Ran { output: text(&output), errors: text(&errors), code: executed.ending.code.into() }
    }
}

fn usual() -> Limits {
    let minute = LONGEST.as_millis() as u64;
    Limits { wall_ms: minute, cpu_ms: minute, output_bytes: u64::MAX, ..Limits::TOOL }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A root with a workspace for one line.
pub struct Folder {
    root: TempDir,
    git: Option<(TempDir, Git)>,
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// An empty one.
    ///
    /// # Panics
    /// There is no room.
    pub fn new() -> Self {
        let root = TempDir::new().expect("there is room for a temporary folder");
        skep_sandbox::lay_out(root.path()).expect("a temporary folder can be written");
        fs::create_dir_all(root.path().join("workspace")).expect("a temporary folder can be written");
        Self { root, git: None }
    }

    /// Takes `.git` out of the workspace: from here on lines can ask git about it, whose data stands outside of it then.
    ///
    /// # Panics
    /// There is none.
    pub fn adopt(&mut self, commit: Option<&str>, branch: &str) {
        let data = TempDir::new().expect("there is room for a temporary folder");
        let (workspace, origin) = (self.workspace(), data.path().join("origin"));
        fs::rename(workspace.join(".git"), &origin).expect("the workspace is a repository");
        let checkout = Checkout {
            commit: commit.map(str::to_owned),
            branch: Some(branch.to_owned()),
            objects: Some(origin.join("objects")),
            ..Checkout::new(RepoSource::Path(origin.display().to_string()), String::new())
        };
        let (prepared, terms) = (Prepared { repos: vec![checkout] }, Terms::default());
        let begun = git::begin(data.path(), &workspace, &prepared, &terms, &AtomicBool::new(false));
        begun.expect("the repository can be read");
        self.git = git::data(data.path(), &workspace, &terms, &Limits::RUN).map(|git| (data, git));
    }

    /// Its workspace on this machine.
    pub fn workspace(&self) -> PathBuf {
        self.root.path().join("workspace")
    }

    /// Puts a file into its workspace.
    ///
    /// # Panics
    /// It can't be written.
    pub fn put(&self, path: &str, content: &[u8]) {
        let path = self.workspace().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a temporary folder can be written");
        fs::write(path, content).expect("a temporary folder can be written");
    }

    /// Executes a line in its workspace by this machine's bash, which is said to be at [`START`].
    ///
    /// # Panics
    /// There is no bash.
    pub fn native(&self, line: &str) -> Ran {
        let workspace = self.workspace();
        let output = Command::new("/bin/bash")
            .args(["-c", line])
            .env_clear()
            .envs([("PATH", NATIVE_PATH), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("TMPDIR", "/tmp")])
            .env("HOME", &workspace)
            .current_dir(&workspace)
            .stdin(Stdio::null())
            .output()
            .expect("bash is there");
        let path = workspace.to_string_lossy().into_owned();
        Ran {
            output: text(&output.stdout).replace(&path, START),
            errors: text(&output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// All that is in its workspace: `folder`, `-> target`, or a file's content, by path.
    ///
    /// # Panics
    /// It can't be read.
    pub fn tree(&self) -> BTreeMap<String, String> {
        let mut tree = BTreeMap::new();
        gather(&self.workspace(), "", &mut tree).expect("a workspace can be read");
        tree
    }
}

fn gather(folder: &Path, below: &str, tree: &mut BTreeMap<String, String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_symlink() {
            tree.insert(path, format!("-> {}", fs::read_link(entry.path())?.display()));
        } else if kind.is_dir() {
            gather(&entry.path(), &format!("{path}/"), tree)?;
            tree.insert(path, "folder".into());
        } else {
            tree.insert(path, text(&fs::read(entry.path())?));
        }
    }
    Ok(())
}

/// Whether this machine has a program.
pub fn has_native(program: &str) -> bool {
    NATIVE_PATH.split(':').any(|folder| Path::new(folder).join(program).exists())
}

/// The parts of a table in a text: a line `#### name` begins each.
pub fn sections(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = text.strip_prefix("#### ").unwrap_or_default().split("\n#### ");
    parts.filter_map(|part| part.split_once('\n'))
}
