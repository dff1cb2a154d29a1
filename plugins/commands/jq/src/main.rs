//! jq's command line over jaq, which is jq's language in Rust. Values are held against jq 1.7's manual; what jaq does otherwise
//! is in its README.

mod input;
mod options;
mod output;

use std::io::Write;

use jaq_all::data::{self, Filter, Runner};
use jaq_all::jaq_core::Vars;
use jaq_all::json::{Val, ValX};
use jaq_all::load::FileReportsDisp;

use options::{Options, Stop};

/// The codes of jq.
const UNREADABLE_INPUT: i32 = 2;
const BAD_FILTER: i32 = 3;
const NO_OUTPUT: i32 = 4;
const FILTER_FAILED: i32 = 5;

fn main() {
    place::run(|mut arguments| {
        place::name_standard_input(&mut arguments);
        let result = options::read(&arguments).and_then(|options| {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let code = filter(&options, &mut out);
            out.flush().map_err(|problem| Stop::Problem(problem.to_string()))?;
            code
        });
        match result {
            Ok(code) => code,
            Err(Stop::Said(text)) => {
                print!("{text}");
                0
            }
            Err(Stop::Problem(problem)) => {
                eprintln!("jq: error: {problem}");
                UNREADABLE_INPUT
            }
            Err(Stop::BadFilter(problem)) => {
                eprintln!("jq: error: {problem}\njq: 1 compile error");
                BAD_FILTER
            }
        }
    })
}

fn compile(options: &Options) -> Result<Filter, Stop> {
    let names: Vec<String> = options.variables.iter().map(|(name, _)| name.clone()).collect();
    let compiled = jaq_all::compile_with(&options.filter, jaq_all::defs(), data::funs(), &names);
    compiled.map_err(|reports| {
        Stop::BadFilter(reports.iter().map(|report| FileReportsDisp::new(report).to_string()).collect())
    })
}

/// What a run has come to.
struct Progress {
    /// Of the last value that was put out.
    truth: Option<bool>,
    failed: bool,
}

/// Why a run ends before its inputs do.
enum End {
    Halted(i32),
    Input(String),
    Output(std::io::Error),
}

/// Runs the filter over all inputs; the code to end with.
fn filter(options: &Options, out: &mut impl Write) -> Result<i32, Stop> {
    let filter = compile(options)?;
    let runner = Runner { null_input: options.null_input, ..Runner::default() };
    let variables = Vars::new(options.variables.iter().map(|(_, value)| value.clone()));
    let (name, inputs) = (Val::from("<stdin>".to_owned()), input::of(options));
    let mut progress = Progress { truth: None, failed: false };
    let ended = data::run(&runner, &filter, variables, (&name, inputs), End::Input, |value| {
        take(value, options, out, &mut progress)
    });
    match ended {
        Ok(()) => Ok(code(options, &progress)),
        Err(End::Halted(code)) => Ok(code),
        Err(End::Input(problem)) => {
            out.flush().map_err(|problem| Stop::Problem(problem.to_string()))?;
            Err(Stop::Problem(problem))
        }
        Err(End::Output(problem)) => Err(Stop::Problem(problem.to_string())),
    }
}

fn take(value: ValX<'_>, options: &Options, out: &mut impl Write, progress: &mut Progress) -> Result<(), End> {
    match value {
        Ok(value) => {
            progress.truth = Some(!matches!(value, Val::Null | Val::Bool(false)));
            output::write(out, options, &value).map_err(End::Output)
        }
        Err(exception) => match exception.get_err() {
            Ok(error) => {
                progress.failed = true;
                out.flush().map_err(End::Output)?;
                eprintln!("jq: error: {error}");
                Ok(())
            }
            Err(exception) => Err(End::Halted(exception.get_halt().unwrap_or(FILTER_FAILED))),
        },
    }
}

fn code(options: &Options, progress: &Progress) -> i32 {
    match (progress.failed, options.exit_status, progress.truth) {
        (true, _, _) => FILTER_FAILED,
        (false, false, _) | (false, true, Some(true)) => 0,
        (false, true, Some(false)) => 1,
        (false, true, None) => NO_OUTPUT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What jq prints for these words, and the code that it ends with.
    fn jq(words: &[&str], input: &str) -> (String, i32) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input.json");
        std::fs::write(&path, input).unwrap();
        let words = std::iter::once("jq").chain(words.iter().copied()).map(str::to_owned);
        let words: Vec<String> = words.chain([path.to_string_lossy().into_owned()]).collect();
        let mut out = Vec::new();
        let code = filter(&options::read(&words).unwrap(), &mut out).unwrap_or(-1);
        (String::from_utf8(out).unwrap(), code)
    }

    #[test]
    fn values_are_indented_or_compact_or_raw() {
        assert_eq!(jq(&["."], r#"{"a":[1,"x"]}"#).0, "{\n  \"a\": [\n    1,\n    \"x\"\n  ]\n}\n");
        assert_eq!(jq(&["-c", "."], r#"{"a": [1, "x"], "b": {}}"#).0, "{\"a\":[1,\"x\"],\"b\":{}}\n");
        assert_eq!(jq(&["-r", ".a"], r#"{"a":"x\ny"}"#).0, "x\ny\n");
        assert_eq!(jq(&["-j", ".[]"], r#"["a","b"]"#).0, "ab");
        assert_eq!(jq(&["--tab", "."], "[1]").0, "[\n\t1\n]\n");
        assert_eq!(jq(&["--indent", "1", "."], "[1]").0, "[\n 1\n]\n");
        assert_eq!(jq(&["-cS", "."], r#"{"b":1,"a":{"d":1,"c":2}}"#).0, "{\"a\":{\"c\":2,\"d\":1},\"b\":1}\n");
        assert_eq!(jq(&["-a", "."], "\"é😀\"").0, "\"\\u00e9\\ud83d\\ude00\"\n");
    }

    #[test]
    fn inputs_are_slurped_raw_or_left_alone() {
        assert_eq!(jq(&["-s", "-c", "."], "1 2\n3").0, "[1,2,3]\n");
        assert_eq!(jq(&["-R", "."], "a\nb\n").0, "\"a\"\n\"b\"\n");
        assert_eq!(jq(&["-Rs", "."], "a\nb\n").0, "\"a\\nb\\n\"\n");
        assert_eq!(jq(&["-n", "-c", "[inputs]"], "1 2").0, "[1,2]\n");
    }

    #[test]
    fn variables_come_from_the_command_line() {
        assert_eq!(jq(&["-r", "--arg", "x", "1", "$x + \"0\""], "null").0, "10\n");
        assert_eq!(jq(&["--argjson", "x", "1", "$x + 1"], "null").0, "2\n");
        assert_eq!(jq(&["-c", "--arg", "x", "1", "$ARGS.named"], "null").0, "{\"x\":\"1\"}\n");
        assert_eq!(jq(&["-r", "$ENV | type"], "null").0, "object\n");
    }

    #[test]
    fn the_code_tells_what_happened() {
        assert_eq!(jq(&["-e", ".a"], r#"{"a":false}"#).1, 1);
        assert_eq!(jq(&["-e", "empty"], "1").1, 4);
        assert_eq!(jq(&["-e", "."], "1").1, 0);
        assert_eq!(jq(&[".a"], "[1]").1, 5);
        assert_eq!(jq(&["halt_error(7)"], "\"x\"").1, 7);
        assert_eq!(jq(&["."], "{").1, -1);
    }

    #[test]
    fn the_filters_that_are_written_most_work() {
        let input = r#"[{"name":"b","tags":["x"],"n":2},{"name":"a","tags":[],"n":1}]"#;
        assert_eq!(jq(&["-r", ".[] | select(.n > 1) | .name"], input).0, "b\n");
        assert_eq!(jq(&["-c", "sort_by(.n) | map(.name)"], input).0, "[\"a\",\"b\"]\n");
        assert_eq!(jq(&["-c", "map({(.name): .n}) | add"], input).0, "{\"b\":2,\"a\":1}\n");
        assert_eq!(jq(&["-c", "group_by(.n > 1) | map(length)"], input).0, "[1,1]\n");
        assert_eq!(jq(&["-r", ".[] | [.name, .n] | @tsv"], input).0, "b\t2\na\t1\n");
        assert_eq!(
            jq(&["-r", ".[0] | to_entries[] | \"\\(.key)=\\(.value)\""], input).0,
            "name=b\ntags=[\"x\"]\nn=2\n"
        );
        assert_eq!(jq(&["-c", "[.[] | .name | test(\"^a\")]"], input).0, "[false,true]\n");
        assert_eq!(jq(&["-c", ".[0].tags += [\"y\"] | .[0].tags"], input).0, "[\"x\",\"y\"]\n");
        assert_eq!(jq(&["-c", "[paths(type == \"number\")]"], input).0, "[[0,\"n\"],[1,\"n\"]]\n");
        assert_eq!(jq(&["-c", "reduce .[] as $x (0; . + $x.n)"], input).0, "3\n");
        assert_eq!(jq(&["-c", ".[] | .missing? // \"none\""], input).0, "\"none\"\n\"none\"\n");
        assert_eq!(jq(&["-c", "del(.[0].tags) | .[0] | keys"], input).0, "[\"n\",\"name\"]\n");
        assert_eq!(jq(&["-c", "[limit(1; .[])] | length"], input).0, "1\n");
        assert_eq!(jq(&["-c", "with_entries(.value |= .n)"], r#"{"a":{"n":1}}"#).0, "{\"a\":1}\n");
    }
}
