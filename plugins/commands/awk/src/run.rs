//! Runs a program.

mod builtin;
mod call;
mod evaluate;
mod excerpt;
mod execute;
mod input;
mod output;
mod record;
mod stream;
mod substitute;
mod time;
mod variables;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::Regex;

use crate::ast::{Pattern, Program, Special, Statement};
use crate::lex;
use crate::options::Options;
use crate::value::{Array, Value};
use input::Input;
use output::Output;
use record::Record;

/// What a variable is at the moment.
#[derive(Debug, Clone)]
enum Cell {
    Scalar(Value),
    Array(Rc<RefCell<Array>>),
}

impl Default for Cell {
    fn default() -> Self {
        Self::Scalar(Value::Unset)
    }
}

/// Why statements do not go on one after the other.
#[derive(Debug)]
enum Stop {
    Break,
    Continue,
    Next,
    NextFile,
    Return(Value),
    Exit,
    Failed(String),
}

impl From<String> for Stop {
    fn from(problem: String) -> Self {
        Self::Failed(problem)
    }
}

struct Run {
    program: Rc<Program>,
    globals: Vec<Cell>,
    /// The locals of each call that goes on.
    frames: Vec<Vec<Cell>>,
    record: Record,
    input: Input,
    output: Output,
    regexes: HashMap<String, Rc<Regex>>,
    /// Whether `IGNORECASE` is set.
    folds_case: bool,
    /// Room for a text that is made and used at once.
    room: String,
    /// Which ranges have begun.
    ranges: Vec<bool>,
    code: i32,
    random: u64,
    seed: f64,
}

pub(crate) fn run(program: Program, options: Options) -> Result<i32, String> {
    let program = Rc::new(program);
    let mut run = Run {
        globals: vec![Cell::default(); program.globals.len()],
        frames: Vec::new(),
        record: Record::default(),
        input: Input::default(),
        output: Output::default(),
        regexes: HashMap::new(),
        folds_case: false,
        room: String::new(),
        ranges: vec![false; program.rules.len()],
        code: 0,
        random: 0x2545_f491_4f6c_dd1d,
        seed: 0.0,
        program,
    };
    run.begin(options)?;
    let result = run.whole();
    let closed = run.output.close_all();
    match result {
        Err(Stop::Failed(problem)) => Err(problem),
        _ => closed.map(|()| run.code).map_err(|problem| posix::reason(&problem)),
    }
}

impl Run {
    fn begin(&mut self, options: Options) -> Result<(), String> {
        for (special, text) in [
            (Special::Fs, " "),
            (Special::Ofs, " "),
            (Special::Ors, "\n"),
            (Special::Rs, "\n"),
            (Special::Subsep, "\x1c"),
            (Special::Convfmt, "%.6g"),
            (Special::Ofmt, "%.6g"),
        ] {
            self.set_special(special, Value::Text(text.into()));
        }
        let environment = std::env::vars().map(|(name, value)| (name, Value::input(&value))).collect();
        self.globals[Special::Environ as usize] = Cell::Array(Rc::new(RefCell::new(environment)));
        let operands = options.operands.iter().enumerate();
        let arguments: Array = operands.map(|(at, word)| (at.to_string(), Value::input(word))).collect();
        self.set_special(Special::Argc, Value::Number(arguments.len() as f64));
        self.globals[Special::Argv as usize] = Cell::Array(Rc::new(RefCell::new(arguments)));
        if let Some(separator) = options.field_separator {
            let separator = if separator == "t" { "\t".to_owned() } else { lex::unescaped(&separator) };
            self.set_special(Special::Fs, Value::Text(separator.into()));
        }
        self.separators_changed()?;
        options.assignments.iter().try_for_each(|(name, value)| self.assign_operand(name, value))
    }

    /// An assignment from the command line; a name that the program never uses is forgotten.
    fn assign_operand(&mut self, name: &str, value: &str) -> Result<(), String> {
        let Some(global) = self.program.globals.iter().position(|known| known == name) else { return Ok(()) };
        self.set_global(global, Value::input(&lex::unescaped(value)))
    }

    fn whole(&mut self) -> Result<(), Stop> {
        let program = self.program.clone();
        let mut result = program.begin.iter().try_for_each(|block| self.execute(block));
        if result.is_ok() && !(program.rules.is_empty() && program.end.is_empty()) {
            result = self.records(&program);
        }
        if let Err(Stop::Exit) | Ok(()) = result {
            result = match program.end.iter().try_for_each(|block| self.execute(block)) {
                Err(Stop::Exit) => Ok(()),
                other => other,
            };
        }
        result
    }

    fn records(&mut self, program: &Program) -> Result<(), Stop> {
        loop {
            let Some(text) = self.next_record()? else { return Ok(()) };
            self.record.set(text);
            match self.rules(program) {
                Ok(()) | Err(Stop::Next) => {}
                Err(Stop::NextFile) => self.input.skip_file(),
                Err(stop) => return Err(stop),
            }
        }
    }

    fn rules(&mut self, program: &Program) -> Result<(), Stop> {
        for (at, rule) in program.rules.iter().enumerate() {
            let applies = match &rule.pattern {
                Pattern::Always => true,
                Pattern::When(condition) => self.condition(condition)?,
                Pattern::Range(first, last) => {
                    let begins = self.ranges[at] || self.condition(first)?;
                    self.ranges[at] = begins && !self.condition(last)?;
                    begins
                }
            };
            if applies {
                match &rule.action {
                    Some(action) => self.execute(action)?,
                    None => self.execute(&Statement::Print { values: Vec::new(), to: None })?,
                }
            }
        }
        Ok(())
    }
}
