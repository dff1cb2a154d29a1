//! What people write on a command line. The expected texts are GNU sed's.

#![allow(clippy::unwrap_used, reason = "a test that cannot start sed has failed")]

use std::io::Write;
use std::process::{Command, Stdio};

const LINES: &str = "one foo\ntwo bar\n\nfour foo_bar foo\nfive 12 345\n";

/// What sed prints for these words and this input, and the code that it ends with.
fn sed_with(words: &[&str], input: &[u8]) -> (Vec<u8>, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sed"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A script may end before it has read everything.
    child.stdin.take().unwrap().write_all(input).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    (output.stdout, output.status.code().unwrap())
}

fn sed(words: &[&str]) -> String {
    String::from_utf8(sed_with(words, LINES.as_bytes()).0).unwrap()
}

#[test]
fn lines_are_chosen_by_number_expression_and_range() {
    assert_eq!(sed(&["-n", "2p"]), "two bar\n");
    assert_eq!(sed(&["-n", "$p"]), "five 12 345\n");
    assert_eq!(sed(&["-n", "2,3p"]), "two bar\n\n");
    assert_eq!(sed(&["/^$/,$d"]), "one foo\ntwo bar\n");
    assert_eq!(sed(&["-n", "/foo/!p"]), "two bar\n\nfive 12 345\n");
    assert_eq!(sed(&["1~2d"]), "two bar\nfour foo_bar foo\n");
    assert_eq!(sed(&["-n", "2,+1p"]), "two bar\n\n");
    assert_eq!(sed(&["0,/foo/d;2q"]), "two bar\n");
    assert_eq!(sed(&["-n", "\\,bar,p"]), "two bar\nfour foo_bar foo\n");
}

#[test]
fn texts_are_replaced() {
    assert_eq!(sed(&["-n", r"s/\bfoo\b/X/gp"]), "one X\nfour foo_bar X\n");
    assert_eq!(sed(&["-n", r"s/\(\w\+\) \(\w\+\)$/\2 \1/p"]), "foo one\nbar two\nfour foo foo_bar\nfive 345 12\n");
    assert_eq!(sed(&["-nE", r"s/([a-z]+) ([0-9]+)/\U\1\E-\2/p"]), "FIVE-12 345\n");
    assert_eq!(sed(&["-n", "s/[0-9]\\+/<&>/2p"]), "five 12 <345>\n");
    assert_eq!(sed(&["-n", "s|o|/|2p"]), "one f/o\nfour f/o_bar foo\n");
    assert_eq!(sed(&["-nE", r"s/(o)\1/0/p"]), "one f0\nfour f0_bar foo\n");
    assert_eq!(sed(&["1s/ /\\n/;1q"]), "one\nfoo\n");
    assert_eq!(sed(&["1s/FOO/x/I;1q"]), "one x\n");
    assert_eq!(sed(&["1y/of/0F/;1q"]), "0ne F00\n");
}

#[test]
fn lines_are_added_changed_and_joined() {
    assert_eq!(sed(&["1a after", "-"]).lines().nth(1), Some("after"));
    assert_eq!(sed(&["2i\\\nbefore\\\nboth\n2q"]), "one foo\nbefore\nboth\ntwo bar\n");
    assert_eq!(sed(&["2,5c all"]), "one foo\nall\n");
    assert_eq!(sed(&[":a;N;$!ba;s/\\n/,/g"]), "one foo,two bar,,four foo_bar foo,five 12 345\n");
    assert_eq!(sed(&["-n", "1!G;h;$p"]).lines().next(), Some("five 12 345"));
    assert_eq!(
        sed(&["$!N;s/\\n/+/;2q"]),
        "one foo+two bar\n+four foo_bar foo\n".lines().next().unwrap().to_owned() + "\n"
    );
}

#[test]
fn files_are_changed_in_place_with_a_backup_if_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, LINES).unwrap();
    assert_eq!(sed(&["-i.bak", "-e", "1d", "-e", "s/bar/BAR/;2q", path.to_str().unwrap()]), "");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "two BAR\n");
    assert_eq!(std::fs::read_to_string(folder.path().join("x.bak")).unwrap(), LINES);
}

#[test]
fn what_is_no_text_and_a_missing_line_end_stay_as_they_are() {
    assert_eq!(sed_with(&["s/a/b/"], b"a\xff\n\xc3\xa9").0, b"b\xff\n\xc3\xa9");
}

#[test]
fn the_code_tells_what_happened() {
    assert_eq!(sed_with(&["q7"], b"x\n"), (b"x\n".to_vec(), 7));
    assert_eq!(sed_with(&["s/a"], b"").1, 1);
    assert_eq!(sed_with(&["p", "/no/such/file"], b"").1, 2);
}
