//! What people write on a command line. The expected texts are those of GNU's bc.

#![allow(clippy::unwrap_used, reason = "a test that cannot start bc has failed")]

use std::io::Write;
use std::process::{Command, Stdio};

/// What bc prints for these words and this input, and whether it complains.
fn bc(words: &[&str], input: &str) -> (String, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bc"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), !output.stderr.is_empty())
}

fn printed(input: &str) -> String {
    bc(&[], input).0
}

#[test]
fn scale_is_how_many_digits_are_calculated() {
    assert_eq!(printed("10/3; scale=2; 10/3; 1.10+2.2; .1*.1; 7.5%2; 2^-2\n"), "3\n3.33\n3.30\n.01\n0\n.25\n");
    assert_eq!(printed("scale=10; sqrt(2); length(12345); scale(1.234)\n"), "1.4142135623\n5\n3\n");
    assert_eq!(printed("-2^2; 2^3^2; -5%3; -0.5; 0.0\n"), "4\n512\n-2\n-.5\n0\n");
}

#[test]
fn long_numbers_go_on_after_a_backslash() {
    let printed = printed("2^400\n");
    assert_eq!(printed.lines().map(str::len).collect::<Vec<_>>(), [69, 53]);
    assert!(printed.lines().next().unwrap().ends_with('\\'));
}

#[test]
fn other_bases_are_read_and_written() {
    assert_eq!(printed("obase=16; 255; obase=2; 10\n"), "FF\n1010\n");
    assert_eq!(printed("ibase=16\nFF\nA\n"), "255\n10\n");
}

#[test]
fn programs_have_variables_arrays_functions_and_loops() {
    assert_eq!(printed("x=5; x+=2; x; x++; x; (x=1)\n"), "7\n7\n8\n1\n");
    assert_eq!(printed("define f(n) { if (n<=1) return (1); return (n*f(n-1)); }\nf(20)\n"), "2432902008176640000\n");
    assert_eq!(
        printed("define s(a[], n) {\n auto i, t\n for (i=0;i<n;i++) t+=a[i]\n return t\n}\nq[0]=1;q[1]=2\ns(q[],2)\n"),
        "3\n"
    );
    assert_eq!(
        printed("for (i=1; i<=3; i++) { if (i==2) continue; i }\nwhile (1) { if (i++>5) break }\ni\n"),
        "1\n3\n7\n"
    );
    assert_eq!(printed("if (2 > 1) print \"yes\\n\" else print \"no\\n\"\nlast\n"), "yes\n0\n");
}

#[test]
fn the_library_is_exact_to_the_last_digit() {
    let values = "3.14159265358979323844\n2.71828182845904523536\n.69314718055994530941\n.84147098480789650665\n";
    assert_eq!(bc(&["-l"], "4*a(1); e(1); l(2); s(1)\n").0, values);
    assert_eq!(
        bc(&["-l"], "c(1); j(0,1); sqrt(10)\n").0,
        ".54030230586813971740\n.76519768655796655144\n3.16227766016837933199\n"
    );
}

#[test]
fn a_wrong_line_is_reported_and_the_next_one_calculated() {
    assert_eq!(bc(&[], "1/0\n2+2\n1 +\n3\nquit\n4\n"), ("4\n3\n".into(), true));
}
