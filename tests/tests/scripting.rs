//! The images for scripts, as they are built: Python and JavaScript beside the Unix shell, each line in a root of its own.

use std::path::Path;
use std::sync::Arc;

use skep_config::ImageName;
use skep_engine::{DIRECTORY, Images, Loaded};
use skep_model::{Access, Limits};
use skep_sandbox::{Allocation, Config, Execution, Input, Meter, Sandbox, Workspace};
use skep_tests::kit;
use tempfile::TempDir;

/// A shell with an image for scripts, and a root.
struct Shell {
    sandbox: Arc<Sandbox>,
    loaded: Loaded,
    folder: TempDir,
}

impl Shell {
    fn with(image: &str) -> Self {
        Self::over(ImageName::Reference(image.to_owned()))
    }

    /// The Unix shell, with the commands of an image above it.
    fn over(image: ImageName) -> Self {
        // Python takes seconds to compile, so the tests have its code in common.
        let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("scripting"));
        let config = Config { cache, allocation: Allocation::OnDemand, ..Config::default() };
        let folder = TempDir::new().expect("there is room for a temporary folder");
        skep_sandbox::lay_out(&folder.path().join("root")).expect("a temporary folder can be written");
        std::fs::create_dir(folder.path().join("root/workspace")).expect("a temporary folder can be written");
        let images = Images::new(folder.path(), vec![kit::built().join("images")]);
        let names = [ImageName::Reference("unix".to_owned()), image];
        let pin = images.pin(&names, Limits::TOOL).expect("the images are built");
        let loaded = images.load(pin.digest).expect("they were kept");
        Self { sandbox: Arc::new(Sandbox::new(config).expect("wasmtime works here")), loaded, folder }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join("root/workspace").join(name);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a temporary folder can be written");
        std::fs::write(path, text).expect("a temporary folder can be written");
    }

    /// The code that a line ends with, and all that it printed.
    async fn run(&self, line: &str) -> (u8, String) {
        let execution = Execution {
            image: self.loaded.image.clone(),
            root: Workspace::open(&self.folder.path().join("root")).expect("the folder can be opened"),
            access: Access::Write,
            arguments: ["bash", "-c", line].map(str::to_owned).to_vec(),
            variables: self.loaded.variables.clone(),
            directory: DIRECTORY.to_owned(),
            input: Input::Bytes(Default::default()),
            show: None,
            time_limit: None,
            output_bytes: 64 * 1024,
            meter: Arc::new(Meter::new(Limits { wall_ms: 300_000, cpu_ms: 120_000, ..Limits::TOOL })),
            began: None,
            seed: None,
            git: None,
            http: None,
        };
        let executed = self.sandbox.execute(execution).await;
        (executed.ending.code, executed.output.text)
    }

    /// What a line prints that succeeds.
    async fn prints(&self, line: &str) -> String {
        let (code, text) = self.run(line).await;
        assert_eq!(code, 0, "{line}: {text}");
        text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_runs_code_files_modules_and_standard_input() {
    let shell = Shell::with("python");
    shell.write("lib/helper.py", "VALUE = 42\n");
    shell.write("lib/script.py", "import sys, os, helper\nprint(sys.argv, os.getcwd(), helper.VALUE)\nsys.exit(7)\n");
    assert_eq!(shell.prints("python3 -c 'print(1 + 1)'").await, "2\n");
    let (code, text) = shell.run("cd lib && python3 script.py a 'b c'").await;
    assert_eq!((code, text.as_str()), (7, "['script.py', 'a', 'b c'] /workspace/lib 42\n"));
    assert_eq!(shell.prints("echo '[1]' | python3 -m json.tool --compact").await, "[1]\n");
    assert_eq!(shell.prints("echo 'print(__name__)' | python3 - x").await, "__main__\n");
    assert_eq!(shell.prints("A=b python -c 'import os; print(os.environ[\"A\"])'").await, "b\n");
    assert_eq!(shell.prints("python3 --version").await, "Python 3.14.0\n");
    assert_eq!(shell.prints("python3 -c 'open(\"late\", \"w\").write(\"x\")'; cat late").await, "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn python_tells_what_went_wrong_and_ends_with_one() {
    let shell = Shell::with("python");
    let (code, text) =
        shell.run("python3 -c 'import json; json.loads(\"{\")' 2>&1 | tail -n 1; exit ${PIPESTATUS[0]}").await;
    let said =
        "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n";
    assert_eq!((code, text.as_str()), (1, said));
    let (code, text) = shell.run("python3 -m http.server 2>&1 | tail -n 1; exit ${PIPESTATUS[0]}").await;
    assert!(code == 1 && text.ends_with("no destination is granted: commands have no network\n"), "{code} {text}");
    let (code, text) = shell.run("python3 nowhere.py").await;
    assert!(code == 2 && text.contains("can't open file '/workspace/nowhere.py'"), "{code} {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn python_imports_its_library_folders_and_wheels() {
    let shell = Shell::with("python");
    let library = "import asyncio, csv, sqlite3, tarfile, tomllib, unittest, xml.etree.ElementTree, zoneinfo";
    let zone = "print(zoneinfo.ZoneInfo('Europe/Berlin').utcoffset(__import__('datetime').datetime(2026, 7, 1)))";
    assert_eq!(shell.prints(&format!("python3 -c \"{library}; {zone}\"")).await, "2:00:00\n");
    shell.write("made/packed/__init__.py", "NAME = 'from a wheel'\n");
    let pack = "import shutil; shutil.make_archive('packed', 'zip', 'made'); shutil.move('packed.zip', 'packed-1.0-py3-none-any.whl')";
    shell.prints(&format!("python3 -c \"{pack}\"")).await;
    let import = "python3 -c 'import packed; print(packed.NAME)'";
    assert_eq!(shell.prints(&format!("PYTHONPATH=packed-1.0-py3-none-any.whl {import}")).await, "from a wheel\n");
    assert_eq!(shell.prints(&format!("mkdir .site && mv packed-*.whl .site && {import}")).await, "from a wheel\n");
    shell.write(".site/plain.py", "NAME = 'from a folder'\n");
    assert_eq!(shell.prints("python3 -c 'import plain; print(plain.NAME)'").await, "from a folder\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn python_starts_other_commands() {
    let shell = Shell::with("python");
    shell.write(
        "start.py",
        r#"import subprocess
done = subprocess.run("cat; echo problem >&2; exit 3", shell=True, input="x" * 300_000, text=True, capture_output=True)
print(done.returncode, len(done.stdout), repr(done.stderr))
print(subprocess.check_output(["printenv", "A"], env={"A": "b"}))
try:
    subprocess.run(["sleep", "60"], timeout=0.1)
except subprocess.TimeoutExpired:
    print("too long")
try:
    subprocess.run(["no-such-command"])
except FileNotFoundError:
    print("not there")
"#,
    );
    let printed = shell.prints("python3 start.py").await;
    assert_eq!(printed, "3 300000 'problem\\n'\nb'b\\n'\ntoo long\nnot there\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_runs_code_files_modules_and_standard_input() {
    let shell = Shell::with("javascript");
    shell.write("lib.js", "exports.value = 42;\n");
    shell.write(
        "script.js",
        "const { value } = require('./lib');\nconsole.log(process.argv.slice(2), value);\nprocess.exit(7);\n",
    );
    shell.write("half.mjs", "export const half = (n) => n / 2;\n");
    shell.write(
        "module.mjs",
        "import fs from 'node:fs';\nimport { half } from './half.mjs';\nimport { value } from './lib.js';\n\
         const late = await new Promise((done) => setTimeout(done, 5, 'late'));\n\
         console.log(fs.existsSync('lib.js'), half(value), late);\n",
    );
    assert_eq!(shell.prints("js -e 'console.log({ a: [1, \"x\"] })'").await, "{ a: [ 1, 'x' ] }\n");
    assert_eq!(shell.prints("node -p '1 + 1'").await, "2\n");
    let (code, text) = shell.run("js script.js a 'b c'").await;
    assert_eq!((code, text.as_str()), (7, "[ 'a', 'b c' ] 42\n"));
    assert_eq!(shell.prints("qjs module.mjs").await, "true 21 late\n");
    assert_eq!(shell.prints("echo 'console.log(process.cwd())' | (cd /tmp && js)").await, "/tmp\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_works_on_files() {
    let shell = Shell::with("javascript");
    shell.write(
        "files.js",
        r#"const fs = require('fs'), path = require('path');
fs.mkdirSync('a/b', { recursive: true });
fs.writeFileSync(path.join('a', 'b', 'c.txt'), 'one\n');
fs.appendFileSync('a/b/c.txt', 'two\n');
fs.copyFileSync('a/b/c.txt', 'copy.txt');
fs.renameSync('copy.txt', 'moved.txt');
console.log(fs.readdirSync('a'), fs.statSync('a').isDirectory(), fs.statSync('moved.txt').size);
fs.rmSync('a', { recursive: true });
try { fs.readFileSync('a/b/c.txt') } catch (error) { console.log(error.code, fs.existsSync('a')) }
fs.promises.readFile('moved.txt', 'utf8').then((text) => console.log(JSON.stringify(text)));
"#,
    );
    assert_eq!(shell.prints("js files.js").await, "[ 'b' ] true 8\nENOENT false\n\"one\\ntwo\\n\"\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_tells_what_went_wrong_and_ends_with_one() {
    let shell = Shell::with("javascript");
    shell.write("fail.js", "function f() {\n  throw new Error('bad');\n}\nf();\n");
    let (code, text) = shell.run("js fail.js").await;
    assert!(code == 1 && text.starts_with("Error: bad\n    at f (/workspace/fail.js:2:"), "{code} {text}");
    let (code, text) = shell.run("js -e 'Promise.reject(new TypeError(\"late\"))'").await;
    assert!(code == 1 && text.starts_with("TypeError: late\n"), "{code} {text}");
    let (code, text) = shell.run("js -e 'fetch(\"http://example.com\")'").await;
    let denied =
        "TypeError: fetch failed: this environment may not reach example.com: no `egress` rule of it is in force";
    assert!(code == 1 && text.starts_with(denied), "{code} {text}");
}

/// Prints the bytes of its arguments and ends with their number.
const WASIP1: &str = r#"(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call 0 (i32.const 0) (i32.const 4)))
    (drop (call 1 (i32.const 256) (i32.const 1024)))
    (i32.store (i32.const 8) (i32.const 1024))
    (i32.store (i32.const 12) (i32.load (i32.const 4)))
    (drop (call 2 (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))
    (call 3 (i32.load (i32.const 0)))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_for_wasip1_is_a_command_like_any_other() {
    let folder = TempDir::new().expect("there is room for a temporary folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("it can be written");
    write("args.wasm", &wat::parse_str(WASIP1).expect("it is well written"));
    let manifest = "name = 'old'\nversion = '0.1.0'\n[[commands]]\ncomponent = 'args.wasm'\nnames = ['args']\n";
    write("image.toml", manifest.as_bytes());
    let shell = Shell::over(ImageName::Folder(folder.path().to_owned()));
    let (code, text) = shell.run("args one two | tr '\\0' ' '; echo ${PIPESTATUS[0]}").await;
    assert_eq!((code, text.as_str()), (0, "args one two 3\n"));
}
