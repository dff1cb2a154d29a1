//! The interpreters of the images `python` and `javascript`, beside this machine's own: both start and do nothing.

use anyhow::Result;

use crate::args::Plan;
use crate::shell::Shell;
use crate::table::{Row, Target, Unit};
use crate::{measure, native};

struct Case {
    words: [&'static str; 3],
    /// What prints the path of this machine's own.
    own: [&'static str; 3],
}

const CASES: &[Case] = &[
    Case { words: ["python3", "-c", "1"], own: ["python3", "-c", "import sys; print(sys.executable)"] },
    Case { words: ["js", "-e", "1"], own: ["node", "-p", "process.execPath"] },
];

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Row>> {
    let runtime = measure::runtime()?;
    let _inside = runtime.enter();
    let shell = Shell::new(&["python", "javascript"])?;
    CASES.iter().map(|case| row(plan, case, &|words| runtime.block_on(shell.command(words)))).collect()
}

fn row(plan: &Plan, case: &Case, ours: &dyn Fn(&[&str]) -> Result<f64>) -> Result<Row> {
    let name = format!("{}, warm", case.words.join(" "));
    // Whatever is loaded once is loaded now.
    ours(&case.words)?;
    let Some(own) = native::interpreter(&case.own) else {
        return Ok(Row::new(format!("{name} (there is no {} here)", case.own[0]), Unit::Millis.of(ours(&case.words)?)));
    };
    let floor = || native::millis(&[&own, case.words[1], case.words[2]], "/".as_ref());
    let pair = measure::slices(plan, SLICES, &name, || ours(&case.words), floor)?;
    let row =
        Row::new(name, Unit::Millis.of(pair.figure)).against(format!("{}'s own", case.own[0]), pair.floor, pair.ratio);
    Ok(row.target(Target::RatioAtMost(0.3)))
}

/// Turns of a round.
const SLICES: usize = 10;
