//! What people write on a command line. The expected texts are those of SQLite's own shell.

#![allow(clippy::unwrap_used, reason = "a test that cannot start sqlite3 has failed")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What it prints for these words in this folder, whether it complains, and the code that it ends with.
fn sqlite(folder: &Path, words: &[&str], input: &str) -> (String, bool, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqlite"));
    command.args(words).env("PWD", folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), !output.stderr.is_empty(), output.status.code().unwrap())
}

fn shown(words: &[&str]) -> String {
    sqlite(Path::new("/tmp"), words, "").0
}

#[test]
fn rows_are_shown_in_the_mode_that_was_asked_for() {
    let rows = "select 1 as id, 'B ob' as name, 0.5 as v union select 2, null, 1e20";
    assert_eq!(shown(&[":memory:", rows]), "1|B ob|0.5\n2||1.0e+20\n");
    assert_eq!(shown(&["-header", "-csv", ":memory:", rows]), "id,name,v\n1,\"B ob\",0.5\n2,,1.0e+20\n");
    assert_eq!(
        shown(&["--json", ":memory:", rows]),
        "[{\"id\":1,\"name\":\"B ob\",\"v\":0.5},\n{\"id\":2,\"name\":null,\"v\":1.0e+20}]\n"
    );
    assert_eq!(
        shown(&[":memory:", ".mode column", rows]),
        "id  name  v      \n--  ----  -------\n1   B ob  0.5    \n2         1.0e+20\n"
    );
    assert_eq!(shown(&["-line", ":memory:", "select 1 as a, 22 as bb"]), "    a = 1\n   bb = 22\n");
}

#[test]
fn a_dump_makes_the_same_database_again() {
    let folder = tempfile::tempdir().unwrap();
    let made = "create table \"odd name\"(x);\ncreate table t(id integer primary key autoincrement, name text);\n\
        insert into t(name) values('it''s\ntwo');\ncreate index ti on t(name);\n";
    assert_eq!(sqlite(folder.path(), &["a.db"], made), (String::new(), false, 0));
    let dump = sqlite(folder.path(), &["a.db", ".dump"], "").0;
    assert!(dump.contains("INSERT INTO t VALUES(1,replace('it''s\\ntwo','\\n',char(10)));\n"));
    sqlite(folder.path(), &["b.db"], &dump);
    assert_eq!(sqlite(folder.path(), &["b.db", ".dump"], "").0, dump);
    assert_eq!(sqlite(folder.path(), &["b.db", ".tables"], "").0, "odd name  t       \n");
    let schema = "CREATE TABLE t(id integer primary key autoincrement, name text);\nCREATE INDEX ti on t(name);\n";
    assert_eq!(sqlite(folder.path(), &["b.db", ".schema t"], "").0, schema);
}

#[test]
fn texts_with_commas_are_imported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.csv"), "id,name\n1,Ann\n2,\"B, ob\"\n").unwrap();
    let words = ["a.db", ".import --csv p.csv p", "select name from p where id > 1"];
    assert_eq!(sqlite(folder.path(), &words, ""), ("B, ob\n".into(), false, 0));
    assert_eq!(sqlite(folder.path(), &["a.db"], ".mode csv\n.import p.csv p\nselect count(*) from p;\n").0, "5\r\n");
}

#[test]
fn a_mistake_ends_the_arguments_and_not_a_script() {
    let here = Path::new("/tmp");
    assert_eq!(sqlite(here, &[":memory:", "select * from nope", "select 1"], ""), (String::new(), true, 1));
    assert_eq!(sqlite(here, &[":memory:"], "select * from nope;\nselect\n 1;\n.nosuch\n"), ("1\n".into(), true, 1));
    assert_eq!(sqlite(here, &["-bail", ":memory:"], "select * from nope;\nselect 1;\n"), (String::new(), true, 1));
    let twice = "create table t(a primary key); insert into t values(1),(1)";
    assert_eq!(sqlite(here, &[":memory:", twice], "").2, 19);
}
