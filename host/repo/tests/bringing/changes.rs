//! What a run changed in its work tree, told while guests may write to it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mkdirat, mknodat, openat};
use skep_repo::{Change, ChangeKind, Origin, RepoError, Terms, Watch, WorkTree};

use crate::scene::{Scene, git, portrait, walk};

const MOST: u64 = 64 << 20;

struct Run {
    scene: Scene,
    tree: WorkTree,
}

impl Run {
    fn new() -> Self {
        let scene = Scene::new();
        let tree = WorkTree::new(scene.at("data/git"), scene.source());
        Self { scene, tree }
    }

    fn files(&self) -> PathBuf {
        self.scene.source()
    }

    fn git_folder(&self) -> PathBuf {
        self.scene.at("data/git")
    }

    fn begin(&self) {
        self.begin_from(None).unwrap();
    }

    fn begin_from(&self, origin: Option<&Origin>) -> Result<(), RepoError> {
        watched(|terms, watch| self.tree.begin(origin, terms, watch))
    }

    fn changes(&self) -> Vec<Change> {
        watched(|terms, watch| self.tree.changes(&mut std::io::sink(), MOST, terms, watch)).unwrap().files
    }

    /// The changes, each as a letter and a path.
    fn told(&self) -> Vec<String> {
        let letter = |kind| match kind {
            ChangeKind::Added => 'A',
            ChangeKind::Modified => 'M',
            ChangeKind::Deleted => 'D',
            ChangeKind::TypeChanged => 'T',
        };
        let changes = self.changes();
        changes.iter().map(|change| format!("{} {}", letter(change.kind), change.path.escape_ascii())).collect()
    }

    /// The patch, and the paths that it lacks.
    fn patch(&self, most: u64) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut patch = Vec::new();
        let missing = watched(|terms, watch| self.tree.changes(&mut patch, most, terms, watch)).unwrap().missing;
        (patch, missing)
    }

    fn digest(&self) -> String {
        watched(|terms, watch| self.tree.digest(terms, watch)).unwrap().to_string()
    }

    /// A copy of the files as they are now, for git to apply a patch to.
    fn copy(&self, name: &str) -> PathBuf {
        let copy = self.scene.at(name);
        let copied = Command::new("cp").arg("-a").arg(self.files()).arg(&copy).status().unwrap();
        assert!(copied.success());
        copy
    }
}

fn watched<T>(work: impl FnOnce(&Terms, Watch<'_>) -> T) -> T {
    let cancel = AtomicBool::new(false);
    work(&Terms::default(), Watch { progress: &mut |_| {}, cancel: &cancel })
}

/// What git would keep of a folder: content, links and who is executable, by path.
fn kept(folder: &Path) -> BTreeMap<PathBuf, (char, Vec<u8>)> {
    let mut kept = BTreeMap::new();
    for path in walk(folder) {
        let metadata = path.symlink_metadata().unwrap();
        let what = match metadata.file_type() {
            kind if kind.is_symlink() => ('l', fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()),
            kind if kind.is_file() && metadata.permissions().mode() & 0o100 != 0 => ('x', fs::read(&path).unwrap()),
            kind if kind.is_file() => ('f', fs::read(&path).unwrap()),
            _ => continue,
        };
        kept.insert(path.strip_prefix(folder).unwrap().to_owned(), what);
    }
    kept
}

/// Bytes that look like nothing.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..count).map(|_| next()).collect()
}

/// Waits until the clock of the files goes on.
fn tick(scene: &Scene) {
    let time = || {
        fs::write(scene.at("clock"), "").unwrap();
        scene.at("clock").metadata().unwrap().modified().unwrap()
    };
    let first = time();
    while time() == first {}
}

#[test]
fn a_fresh_run_changed_nothing_and_every_kind_of_change_is_told() {
    let run = Run::new();
    for name in ["same", "text", "gone", "run.sh", "to-link"] {
        run.scene.write(name, "one\ntwo\n");
    }
    run.begin();
    assert_eq!(run.changes(), []);
    run.scene.write("text", "one\n2\nthree\n");
    run.scene.write("deep/er/new", "x\n");
    fs::remove_file(run.files().join("gone")).unwrap();
    fs::set_permissions(run.files().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(run.files().join("to-link")).unwrap();
    symlink("text", run.files().join("to-link")).unwrap();
    fs::write(run.files().join("binary"), noise(1, 5_000)).unwrap();
    let change = |path: &str, kind, executable, lines| Change { path: path.into(), kind, executable, lines };
    assert_eq!(
        run.changes(),
        [
            change("binary", ChangeKind::Added, false, None),
            change("deep/er/new", ChangeKind::Added, false, Some((1, 0))),
            change("gone", ChangeKind::Deleted, false, Some((0, 2))),
            change("run.sh", ChangeKind::Modified, true, Some((0, 0))),
            change("text", ChangeKind::Modified, false, Some((2, 1))),
            change("to-link", ChangeKind::TypeChanged, false, None),
        ]
    );
}

#[test]
fn git_makes_the_same_files_of_the_patch_byte_for_byte() {
    let run = Run::new();
    let base = [
        ("empty", vec![]),
        ("no end", b"one\ntwo".to_vec()),
        ("crlf", b"a\r\nb\r\n".to_vec()),
        ("b1", noise(1, 70_000)),
    ];
    for (name, content) in base {
        fs::write(run.files().join(name), content).unwrap();
    }
    for name in ["kept", "to-folder", "to-link", "run.sh", "b-gone", "tab\tand\nline", "\u{fc}ml\u{e4}ut"] {
        fs::write(run.files().join(name), format!("{name}\n").repeat(40)).unwrap();
    }
    fs::write(run.files().join(OsStr::from_bytes(b"not\xff\xfeutf8")), "x\n").unwrap();
    fs::write(run.files().join("b-gone"), noise(2, 300)).unwrap();
    run.begin();
    let copy = run.copy("copy");
    fs::write(run.files().join("b1"), [noise(1, 60_000), noise(3, 500)].concat()).unwrap();
    fs::write(run.files().join("b2"), noise(4, 200_000)).unwrap();
    fs::write(run.files().join("no end"), "one\n2\n").unwrap();
    fs::write(run.files().join("crlf"), "a\r\nb\nc\r\n").unwrap();
    fs::write(run.files().join("empty"), "no more").unwrap();
    fs::write(run.files().join("new empty"), "").unwrap();
    for name in ["to-folder", "to-link", "b-gone"] {
        fs::remove_file(run.files().join(name)).unwrap();
    }
    run.scene.write("to-folder/in it", "x");
    symlink("/etc/passwd", run.files().join("to-link")).unwrap();
    fs::set_permissions(run.files().join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    run.scene.write("tab\tand\nline", "changed\n");
    run.scene.write("\u{fc}ml\u{e4}ut", "changed\n");
    fs::write(run.files().join(OsStr::from_bytes(b"not\xff\xfeutf8")), "y\n").unwrap();
    fs::write(run.files().join("-a \"quoted\" \\name"), "y\n").unwrap();
    let (patch, missing) = run.patch(MOST);
    assert_eq!(missing, Vec::<Vec<u8>>::new());
    fs::write(run.scene.at("patch"), patch).unwrap();
    git(&copy, ["apply", "--whitespace=nowarn", "../patch"]);
    assert_eq!(kept(&copy), kept(&run.files()));
}

#[test]
fn a_patch_that_would_be_too_long_ends_after_a_whole_file_and_says_what_is_missing() {
    let run = Run::new();
    run.begin();
    let copy = run.copy("copy");
    for name in ["a", "b", "c"] {
        run.scene.write(name, &"line\n".repeat(100));
    }
    let (whole, _) = run.patch(MOST);
    let (cut, missing) = run.patch(whole.len() as u64 - 1);
    assert_eq!(missing, vec![b"c".to_vec()]);
    assert!(whole.starts_with(&cut));
    fs::write(run.scene.at("patch"), cut).unwrap();
    git(&copy, ["apply", "../patch"]);
    assert_eq!(kept(&copy).len(), 2);
    let (nothing, missing) = run.patch(0);
    assert_eq!((nothing, missing), (vec![], vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec()]));
}

#[test]
fn a_copied_work_trees_changes_are_part_of_the_base_and_its_objects_stay_where_they_are() {
    let run = Run::new();
    run.scene.write("committed", "one");
    run.scene.write("dirty", "one");
    let commit = run.scene.committed();
    let origin = run.scene.at("origin");
    fs::rename(run.files().join(".git"), &origin).unwrap();
    run.scene.write("dirty", "two");
    run.scene.write("untracked", "new");
    let before = portrait(&origin);
    let from = Origin {
        objects: origin.join("objects"),
        commit: Some(commit.clone()),
        branch: Some("side/x".into()),
        sparse: Vec::new(),
    };
    run.begin_from(Some(&from)).unwrap();
    assert_eq!(run.told(), [""; 0]);
    run.scene.write("dirty", "three");
    assert_eq!(run.told(), ["M dirty"]);
    assert_eq!(portrait(&origin), before);
    let of_run = |arguments: &[&str]| git(&run.git_folder(), arguments.iter().copied());
    assert_eq!(
        (of_run(&["rev-parse", "HEAD"]), of_run(&["symbolic-ref", "HEAD"])),
        (commit, "refs/heads/side/x".into())
    );
    // The two files that no commit has, and the base.
    assert!(of_run(&["count-objects", "--verbose"]).contains("count: 0\nsize: 0\nin-pack: 3"));
    of_run(&["fsck", "--strict"]);
}

#[test]
fn without_a_commit_head_is_a_branch_that_is_not_born_and_without_a_branch_it_is_the_commit() {
    let run = Run::new();
    run.begin();
    assert_eq!(git(&run.git_folder(), ["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert!(matches!(run.begin_from(None), Err(RepoError::Exists { .. })));
    let run = Run::new();
    run.scene.write("file", "one");
    let commit = run.scene.committed();
    let from = Origin {
        objects: run.files().join(".git/objects"),
        commit: Some(commit.clone()),
        branch: None,
        sparse: Vec::new(),
    };
    run.begin_from(Some(&from)).unwrap();
    assert_eq!(fs::read_to_string(run.git_folder().join("HEAD")).unwrap().trim(), commit);
    assert_eq!(run.told(), [""; 0], "the look-alike of git's own folder is no file");
}

#[test]
fn an_origin_that_lacks_the_commit_leaves_no_git_folder() {
    let run = Run::new();
    let from =
        Origin { objects: run.scene.at("nowhere"), commit: Some("1".repeat(40)), branch: None, sparse: Vec::new() };
    assert!(matches!(run.begin_from(Some(&from)), Err(RepoError::Git { .. })));
    assert_eq!(fs::read_dir(run.scene.at("data")).unwrap().count(), 0);
}

#[test]
fn what_is_ignored_counts_only_if_it_was_there_at_the_beginning() {
    let run = Run::new();
    run.scene.write(".gitignore", "target/\n*.log\n");
    run.scene.write("sub/.gitignore", "!kept.log\n");
    run.scene.write("target/old", "x");
    run.begin();
    for name in ["target/old", "target/new", "a.log", "sub/kept.log", "sub/b.log"] {
        run.scene.write(name, "written by the run");
    }
    assert_eq!(run.told(), ["A sub/kept.log", "M target/old"]);
    let digest = run.digest();
    run.scene.write("target/new", "again");
    assert_eq!(run.digest(), digest);
    run.scene.write("target/old", "again");
    assert_ne!(run.digest(), digest);
}

#[test]
fn the_digest_is_the_tree_that_git_would_write() {
    let run = Run::new();
    for name in ["a", "a.b", "a-b/x", "a0", "lib/deep/er/file", "lib.rs", "lib0/file"] {
        run.scene.write(name, name);
    }
    symlink("a", run.files().join("z")).unwrap();
    run.begin();
    run.scene.committed();
    assert_eq!(run.digest(), run.scene.git(["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn a_change_in_the_tick_of_the_last_look_is_seen() {
    let run = Run::new();
    run.begin();
    for round in 0..300 {
        run.scene.write("file", &format!("{:03}", round % 1_000));
        let first = run.digest();
        run.scene.write("file", &format!("{:03}", (round + 1) % 1_000));
        assert_ne!(run.digest(), first, "round {round}");
    }
}

#[test]
fn a_change_that_sets_the_old_time_again_is_seen() {
    let run = Run::new();
    run.scene.write("file", "one");
    run.begin();
    tick(&run.scene);
    assert_eq!(run.told(), [""; 0]);
    let time = run.files().join("file").metadata().unwrap().modified().unwrap();
    run.scene.write("file", "two");
    fs::File::options().write(true).open(run.files().join("file")).unwrap().set_modified(time).unwrap();
    assert_eq!(run.told(), ["M file"]);
}

#[test]
fn pipes_sockets_and_links_are_never_opened() {
    let run = Run::new();
    run.scene.write("file", "x");
    fs::write(run.scene.at("secret"), "outside").unwrap();
    run.begin();
    let at = |name: &str| run.files().join(name);
    mknodat(CWD, at("pipe"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    mknodat(CWD, at(".gitignore"), FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    symlink(run.scene.at(""), at("out")).unwrap();
    symlink("/dev/zero", at("zero")).unwrap();
    fs::create_dir_all(at(".GIT/hooks")).unwrap();
    fs::write(at(".GIT/config"), "[core]").unwrap();
    assert_eq!(run.told(), ["A out", "A zero"]);
    let (patch, _) = run.patch(MOST);
    assert!(!String::from_utf8_lossy(&patch).contains("outside"));
}

#[test]
fn nothing_of_the_files_decides_what_the_bytes_are() {
    let run = Run::new();
    run.begin();
    run.scene.write(".gitattributes", "* text eol=crlf ident filter=x diff=y -diff\n");
    run.scene.write("file", "$Id$\r\nb\n");
    let (patch, _) = run.patch(MOST);
    assert!(String::from_utf8_lossy(&patch).contains("+$Id$\r\n+b\n"));
}

/// The folder `target` becomes a link out of the work tree and a folder again, all the time.
#[test]
fn a_folder_that_keeps_turning_into_a_link_leads_nowhere() {
    let run = Run::new();
    fs::create_dir(run.scene.at("outside")).unwrap();
    fs::write(run.scene.at("outside/file"), "outside").unwrap();
    run.scene.write("folder/file", "inside");
    run.begin();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (folder, aside) = (run.files().join("folder"), run.scene.at("aside"));
            while !stop.load(Ordering::Relaxed) {
                fs::rename(&folder, &aside).unwrap();
                symlink("../outside", &folder).unwrap();
                fs::remove_file(&folder).unwrap();
                fs::rename(&aside, &folder).unwrap();
            }
        });
        let deadline = Instant::now() + Duration::from_secs(1);
        while Instant::now() < deadline {
            let mut patch = Vec::new();
            match watched(|terms, watch| run.tree.changes(&mut patch, MOST, terms, watch)) {
                Ok(_) | Err(RepoError::Changed { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            assert!(!String::from_utf8_lossy(&patch).contains("+outside"), "{}", String::from_utf8_lossy(&patch));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_file_that_grows_while_it_is_read_is_what_it_was_at_some_moment() {
    let run = Run::new();
    run.begin();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::File::create(run.files().join("file")).unwrap();
            while !stop.load(Ordering::Relaxed) {
                std::io::Write::write_all(&mut file, b"0123456789abcde\n").unwrap();
            }
        });
        for _ in 0..10 {
            let (patch, _) = run.patch(MOST);
            assert!(patch.is_empty() || patch.starts_with(b"diff --git a/file b/file\n"));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn trees_beyond_the_terms_are_an_error_that_says_which() {
    let run = Run::new();
    run.begin();
    let refused = |terms: &Terms| {
        let cancel = AtomicBool::new(false);
        let watch = Watch { progress: &mut |_| {}, cancel: &cancel };
        run.tree.changes(&mut std::io::sink(), MOST, terms, watch).unwrap_err().to_string()
    };
    for number in 0..20 {
        run.scene.write(&format!("file-{number}"), "0123456789");
    }
    assert!(refused(&Terms { files: 19, ..Terms::default() }).contains("limit of 19 files"));
    assert!(refused(&Terms { bytes: 199, ..Terms::default() }).contains("limit of 199 bytes"));
    let mut folder = openat(CWD, run.files(), rustix::fs::OFlags::RDONLY, Mode::empty()).unwrap();
    for _ in 0..1_100 {
        mkdirat(&folder, "d", Mode::from_raw_mode(0o755)).unwrap();
        folder = openat(&folder, "d", rustix::fs::OFlags::RDONLY, Mode::empty()).unwrap();
    }
    assert!(refused(&Terms::default()).contains("limit of 1000 folders below each other"));
    let cancel = AtomicBool::new(true);
    let watch = Watch { progress: &mut |_| {}, cancel: &cancel };
    assert!(matches!(
        run.tree.changes(&mut std::io::sink(), MOST, &Terms::default(), watch),
        Err(RepoError::Cancelled)
    ));
}

#[test]
fn a_file_too_large_to_be_compared_is_told_and_missing_from_the_patch() {
    let run = Run::new();
    let large = |name: &str, bytes: u64| {
        fs::File::create(run.files().join(name)).unwrap().set_len(bytes).unwrap();
    };
    large("gone", 33 << 20);
    large("kept", 33 << 20);
    run.begin();
    assert_eq!(run.told(), [""; 0]);
    fs::remove_file(run.files().join("gone")).unwrap();
    large("new", 34 << 20);
    run.scene.write("small", "x");
    assert_eq!(run.told(), ["D gone", "A new", "A small"]);
    let (patch, missing) = run.patch(MOST);
    assert!(patch.starts_with(b"diff --git a/small b/small\n"));
    assert_eq!(missing, vec![b"gone".to_vec(), b"new".to_vec()]);
}

#[test]
fn a_submodule_stays_what_it_is() {
    let run = Run::new();
    run.scene.write("own", "x");
    run.scene.git(["init", "--quiet", "--initial-branch", "main"]);
    run.scene.git([
        "update-index",
        "--add",
        "--cacheinfo",
        "160000,1111111111111111111111111111111111111111,vendor/lib",
    ]);
    run.scene.git(["add", "own"]);
    run.scene.git(["commit", "--quiet", "--message", "x"]);
    let commit = run.scene.git(["rev-parse", "HEAD"]);
    fs::create_dir_all(run.files().join("vendor/lib")).unwrap();
    let from =
        Origin { objects: run.files().join(".git/objects"), commit: Some(commit), branch: None, sparse: Vec::new() };
    run.begin_from(Some(&from)).unwrap();
    assert_eq!(run.digest(), run.scene.git(["rev-parse", "HEAD^{tree}"]));
    fs::remove_dir(run.files().join("vendor/lib")).unwrap();
    assert_eq!(run.told(), ["D vendor/lib"]);
}

#[test]
fn six_thousand_files_are_kept_in_few_files_and_looked_at_quickly() {
    let run = Run::new();
    for number in 0..6_000 {
        let line = format!("line of file {number}\n");
        run.scene.write(&format!("folder-{}/part-{}/file-{number}.txt", number % 60, number % 7), &line.repeat(100));
    }
    let clock = Instant::now();
    run.begin();
    println!("begin {:?}", clock.elapsed());
    assert!(walk(&run.git_folder()).len() < 40);
    tick(&run.scene);
    for round in 0..3 {
        let clock = Instant::now();
        assert_eq!(run.told(), [""; 0]);
        println!("changes {round} {:?}", clock.elapsed());
    }
    run.scene.write("folder-1/new", "x");
    let clock = Instant::now();
    assert_eq!(run.told(), ["A folder-1/new"]);
    println!("one change {:?}", clock.elapsed());
}
