//! What people write on a command line. Where grep and rg are known to everybody, the expected texts are theirs.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A small tree to search in.
fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("a.rs", "fn main() {\n    // TODO one\n    todo();\n}\n"),
        ("src/b.rs", "let x = 1; // TODO two\n"),
        ("src/c.txt", "abab\nfoo.bar\nfoo\n"),
        (".gitignore", "ignored\n"),
        (".git/HEAD", ""),
        ("ignored/d.rs", "TODO three\n"),
        ("binary", "TODO\0\n"),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// What a command prints, and the code that it ends with.
fn run(folder: &Path, words: &[&str], input: &str) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_search"));
    command.arg0(words[0]).args(&words[1..]).current_dir(folder).env_remove("PWD");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A search of files never reads it.
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap())
}

fn found(words: &[&str]) -> String {
    run(tree().path(), words, "").0
}

#[test]
fn grep_names_files_and_lines() {
    assert_eq!(
        found(&["grep", "-rn", "--include=*.rs", "TODO", "src", "a.rs"]),
        "src/b.rs:1:let x = 1; // TODO two\na.rs:2:    // TODO one\n"
    );
    assert_eq!(found(&["grep", "-rl", "TODO", "--exclude-dir=ignored", "--exclude", "binary"]), "a.rs\nsrc/b.rs\n");
    assert_eq!(found(&["grep", "-c", "foo", "src/c.txt", "a.rs"]), "src/c.txt:2\na.rs:0\n");
    assert_eq!(found(&["grep", "-ho", "TODO [a-z]*", "a.rs", "src/b.rs"]), "TODO one\nTODO two\n");
    assert_eq!(found(&["grep", "-n", "-A1", "TODO", "a.rs"]), "2:    // TODO one\n3-    todo();\n");
    assert_eq!(found(&["grep", "-L", "TODO", "a.rs", "src/c.txt"]), "src/c.txt\n");
}

#[test]
fn grep_reads_its_four_dialects() {
    let c = "src/c.txt";
    assert_eq!(found(&["grep", r"foo\(\.bar\)\?$", c]), "foo.bar\nfoo\n");
    assert_eq!(found(&["grep", "-E", "^(ab)+$", c]), "abab\n");
    assert_eq!(found(&["grep", "-E", r"(ab)\1", c]), "abab\n");
    assert_eq!(found(&["grep", "-F", "o.b", c]), "foo.bar\n");
    assert_eq!(found(&["grep", "-P", r"foo(?!\.)", c]), "foo\n");
    assert_eq!(found(&["grep", "-w", "foo", c]), "foo.bar\nfoo\n");
    assert_eq!(found(&["grep", "-x", "foo", c]), "foo\n");
    assert_eq!(found(&["grep", "-e", "abab", "-e", "^foo$", c]), "abab\nfoo\n");
    assert_eq!(found(&["grep", "-vi", "FOO", c]), "abab\n");
}

#[test]
fn greps_code_tells_whether_something_was_found() {
    let folder = tree();
    assert_eq!(run(folder.path(), &["grep", "-q", "b"], "a\nb\n").1, 0);
    assert_eq!(run(folder.path(), &["grep", "x"], "a\nb\n").1, 1);
    assert_eq!(run(folder.path(), &["grep", "x", "missing"], "").1, 2);
    assert_eq!(run(folder.path(), &["grep", "-E", "("], "").1, 2);
    assert_eq!(run(folder.path(), &["grep", "-m1", "a"], "a1\na2\n").0, "a1\n");
}

#[test]
fn rg_leaves_out_what_is_ignored_hidden_or_binary() {
    assert_eq!(found(&["rg", "TODO"]), "a.rs:    // TODO one\nsrc/b.rs:let x = 1; // TODO two\n");
    assert_eq!(found(&["rg", "--files"]), "a.rs\nbinary\nsrc/b.rs\nsrc/c.txt\n");
    assert_eq!(found(&["rg", "-l", "--no-ignore", "TODO", "-t", "rust"]), "a.rs\nignored/d.rs\nsrc/b.rs\n");
    assert_eq!(found(&["rg", "-c", "foo", "-g", "*.txt"]), "src/c.txt:2\n");
    assert_eq!(found(&["rg", "-n", "-i", "todo", "a.rs"]), "2:    // TODO one\n3:    todo();\n");
}

#[test]
fn rg_replaces_looks_around_and_searches_over_lines() {
    assert_eq!(found(&["rg", "-o", "foo(.)", "-r", "<$1>", "src/c.txt"]), "<.>\n");
    assert_eq!(found(&["rg", "-P", "-o", r"(?<=foo\.)\w+", "src/c.txt"]), "bar\n");
    assert_eq!(found(&["rg", "-U", "-c", r"abab\nfoo", "src/c.txt"]), "2\n".replace('2', "1"));
    let json = found(&["rg", "--json", "abab", "src/c.txt"]);
    assert!(json.lines().next().unwrap().starts_with("{\"type\":\"begin\""), "{json}");
}

#[test]
fn rg_reads_what_comes_through_a_pipe() {
    let folder = tree();
    assert_eq!(run(folder.path(), &["rg", "o+"], "foo\nbar\n"), ("foo\n".into(), 0));
    assert_eq!(run(folder.path(), &["rg", "nothing"], "foo\n").1, 1);
    assert_eq!(run(folder.path(), &["rg", "("], "foo\n").1, 2);
}
