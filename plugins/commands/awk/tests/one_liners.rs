//! What people write on a command line. The expected texts are those of other awks, or the standard's where these differ.

#![allow(clippy::unwrap_used, reason = "a test that cannot start awk has failed")]

use std::io::Write;
use std::process::{Command, Stdio};

const TABLE: &str = "a1 5 x\nb2 12 y\nstart 3\nabab 7 a1\nend 1\na1 9 z\n";

/// What awk prints for these words and this input, and the code that it ends with.
fn awk(words: &[&str], input: &str) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_awk"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program may end before it has read everything.
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

fn printed(program: &str) -> String {
    awk(&[program], TABLE).0
}

#[test]
fn fields_are_split_chosen_and_set() {
    assert_eq!(awk(&["-F:", "{print $2, NF}"], "a:b\nc\n").0, "b 2\n 1\n");
    assert_eq!(awk(&["-F", "[:,]+", "{print $NF}"], "a:,b\n").0, "b\n");
    assert_eq!(awk(&["-F,", "-v", "OFS=;", "{$1=$1; print}"], "1,2,3\n").0, "1;2;3\n");
    assert_eq!(awk(&["{$5 = \"e\"; print; NF = 2; print}"], "a b c\n").0, "a b c  e\na b\n");
    assert_eq!(awk(&["-F\\t", "{print $2}"], "a\tb c\td\n").0, "b c\n");
}

/// Fields are split no further than they are asked for, which nobody is to notice.
#[test]
fn fields_that_were_not_asked_for_are_there_all_the_same() {
    assert_eq!(awk(&["{$2 = \"x\"; print; print $3}"], "a b  c d\n").0, "a x c d\nc\n");
    assert_eq!(awk(&["{n = $1; $0 = \"e f\"; print n, $2, NF}"], " a  b \n").0, "a f 2\n");
    assert_eq!(awk(&["-F,", "{print $1; print NF; print $3 \"|\" $4 \"|\"}"], "a,b,\n").0, "a\n3\n||\n");
    assert_eq!(awk(&["{FS = \",\"; print $1}"], "a,b c\nd,e f\n").0, "a,b\nd\n");
    assert_eq!(awk(&["END {print $2, NF, $0}"], "a b\nc d e\n").0, "d 3 c d e\n");
    assert_eq!(awk(&["{$3 = \"z\"; NF = 4; print; $0 = $0; print NF}"], "a b c\n").0, "a b z \n3\n");
}

/// Input is read in blocks of 64 KiB.
#[test]
fn records_may_be_longer_than_what_is_read_at_once_and_begin_anywhere_in_it() {
    let long = "é".repeat(70_001);
    assert_eq!(awk(&["{print length, $2}"], &format!("x{long} y\nb c\n{long} z")).0, "70004 y\n3 c\n70003 z\n");
    let lines: String = (0..30_000).map(|line| format!("{line} ß\n")).collect();
    assert_eq!(awk(&["{s += $1; n += length($2)} END {print s, n, NR}"], &lines).0, "449985000 30000 30000\n");
}

#[test]
fn what_separates_may_change_between_records() {
    assert_eq!(awk(&["NR == 1 {RS = \";\"} {print NR \":\" $0}"], "a\nb;c\nd").0, "1:a\n2:b\n3:c\nd\n");
    assert_eq!(awk(&["BEGIN {RS = \"-+\"} NR == 1 {RS = \"\\n\"} {print}"], "a--b\nc\n").0, "a\nb\nc\n");
    assert_eq!(awk(&["-F", "b*", "{print $1 \"|\" $2 \"|\" NF}"], "abbcb\n").0, "a|c|3\n");
}

#[test]
fn counts_of_records_are_variables_too() {
    assert_eq!(awk(&["{NR += 10; FNR++; print NR, FNR}"], "a\nb\n").0, "11 2\n22 4\n");
    assert_eq!(awk(&["END {print NR, FNR, NF}"], "").0, "0 0 0\n");
}

#[test]
fn a_place_is_found_once_though_it_is_read_and_written() {
    assert_eq!(printed("BEGIN {a[i++] += 2; a[i++]++; print i, a[0], a[1]}"), "2 2 1\n");
}

#[test]
fn records_are_chosen_by_conditions_expressions_and_ranges() {
    assert_eq!(printed("$2 > 8 {print $1}"), "b2\na1\n");
    assert_eq!(printed("/^a/ && !/z/ {print NR}"), "1\n4\n");
    assert_eq!(printed("/start/,/end/ {print $1}"), "start\nabab\nend\n");
    assert_eq!(printed("!seen[$1]++ {n++} END {print n}"), "5\n");
    assert_eq!(awk(&["BEGIN{RS=\"\"} {print NR, $1, NF}"], "a b\nc\n\n\nd\n").0, "1 a 3\n2 d 1\n");
    assert_eq!(awk(&["BEGIN{RS=\"[0-9]+\"} {print}"], "a12b3c\n").0, "a\nb\nc\n");
}

#[test]
fn sums_counts_and_arrays() {
    assert_eq!(printed("{s += $2} END {print s, s / NR}"), "37 6.16667\n");
    assert_eq!(printed("{c[$1]++} END {for (k in c) if (c[k] > 1) print k, c[k]}"), "a1 2\n");
    assert_eq!(printed("BEGIN {x[1,2] = 3; for (k in x) {split(k, p, SUBSEP); print p[1], p[2]}}"), "1 2\n");
    assert_eq!(printed("BEGIN {a[10]; a[9]; a[\"x\"]; for (k in a) print k}"), "9\n10\nx\n");
    assert_eq!(printed("BEGIN {n = split(\"c a b\", a); asort(a); print n, a[1], a[3]}"), "3 a c\n");
}

#[test]
fn texts_are_cut_searched_and_replaced() {
    assert_eq!(
        printed("BEGIN {print substr(\"hello\", 2, 3), substr(\"hello\", 0, 2), index(\"abc\", \"c\")}"),
        "ell h 3\n"
    );
    assert_eq!(printed("BEGIN {s = \"a.b.c\"; print gsub(/\\./, \"[&]\", s), s}"), "2 a[.]b[.]c\n");
    assert_eq!(printed("BEGIN {print gensub(/(a)(b)/, \"\\\\2\\\\1\", \"g\", \"abab\")}"), "baba\n");
    assert_eq!(printed("BEGIN {print match(\"foobar\", /o+/, m), RSTART, RLENGTH, m[0]}"), "2 2 2 oo\n");
    assert_eq!(
        printed("BEGIN {printf \"%5.2f|%-5s|%05d|%c\\n\", 3.14159, \"ab\", 42, \"x\"}"),
        " 3.14|ab   |00042|x\n"
    );
    assert_eq!(printed("BEGIN {print toupper(\"a\") length(\"h\u{e9}\"), \"10\" < \"9\", 10 < 9}"), "A2 1 0\n");
}

#[test]
fn functions_take_values_as_copies_and_arrays_themselves() {
    assert_eq!(printed("function f(n) {return n <= 1 ? 1 : n * f(n - 1)} BEGIN {print f(10)}"), "3628800\n");
    assert_eq!(
        printed("function put(a, k) {a[k] = 1} function g(b) {put(b, \"q\")} BEGIN {g(x); for (k in x) print k}"),
        "q\n"
    );
    assert_eq!(printed("function f(a) {a = 2} BEGIN {a = 1; f(a); print a}"), "1\n");
}

#[test]
fn commands_are_started_read_and_written_to() {
    assert_eq!(printed("BEGIN {while ((\"echo a; echo b\" | getline line) > 0) print \"<\" line \">\"}"), "<a>\n<b>\n");
    assert_eq!(printed("BEGIN {print \"b\\na\" | \"sort\"; close(\"sort\"); print \"end\"}"), "a\nb\nend\n");
    assert_eq!(printed("BEGIN {print \"first\"; r = system(\"echo second; exit 3\"); print r}"), "first\nsecond\n3\n");
    assert_eq!(printed("BEGIN {print (getline line < \"/no/such/file\")}"), "-1\n");
}

#[test]
fn the_code_is_what_exit_says_and_2_for_trouble() {
    assert_eq!(awk(&["BEGIN {exit 3} END {print \"end\"}"], ""), ("end\n".into(), 3));
    assert_eq!(awk(&["{print"], "").1, 2);
    assert_eq!(awk(&["1", "/no/such/file"], "").1, 2);
    assert_eq!(awk(&["BEGIN {print 1 / 0}"], "").1, 2);
}

#[test]
fn operands_may_be_assignments() {
    assert_eq!(awk(&["{print v $1}", "v=1", "-", "v=2"], "x\n").0, "1x\n");
    assert_eq!(awk(&["-v", "x=a\\tb", "BEGIN {print x}"], "").0, "a\tb\n");
}
