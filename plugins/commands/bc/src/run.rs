//! Runs a program, line by line.

mod evaluate;
mod functions;
mod library;
mod variables;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::ast::{Expr, Function, Place, Statement};
use crate::digits;
use crate::number::Number;
use crate::output::Output;
use crate::parse::Parser;

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    Halted,
}

/// Why statements do not go on one after the other.
#[derive(Debug)]
enum Stop {
    Break,
    Continue,
    Return(Number),
    Halt,
    Failed(String),
}

impl From<String> for Stop {
    fn from(problem: String) -> Self {
        Self::Failed(problem)
    }
}

type Array = BTreeMap<usize, Number>;

pub(crate) struct Run {
    variables: HashMap<String, Number>,
    arrays: HashMap<String, Array>,
    functions: HashMap<String, Rc<Function>>,
    /// Those of `-l`, where they are not defined anew.
    has_library: bool,
    scale: usize,
    input_base: u32,
    output_base: u64,
    last: Number,
    /// How deep functions call each other.
    calls: usize,
    output: Output,
}

impl Run {
    pub(crate) fn new(has_library: bool) -> Self {
        Self {
            variables: HashMap::new(),
            arrays: HashMap::new(),
            functions: HashMap::new(),
            has_library,
            scale: if has_library { 20 } else { 0 },
            input_base: 10,
            output_base: 10,
            last: Number::default(),
            calls: 0,
            output: Output::new(),
        }
    }

    /// A line that is wrong is reported, and the next one is run.
    pub(crate) fn program(&mut self, text: &str, file: &str) -> Ending {
        let mut parser = Parser::new(text);
        loop {
            let done = match parser.line() {
                Ok(None) => return self.flushed(Ending::Done),
                Ok(Some(statements)) => self.line(&statements),
                Err(error) => Err(format!("{file} {}: syntax error", error.line)),
            };
            match done {
                Ok(Ending::Done) => {}
                Ok(Ending::Halted) => return self.flushed(Ending::Halted),
                Err(problem) => {
                    // What was printed before comes before what is said of it.
                    if self.flushed(Ending::Done) == Ending::Halted {
                        return Ending::Halted;
                    }
                    eprintln!("{problem}");
                }
            }
        }
    }

    fn flushed(&mut self, ending: Ending) -> Ending {
        if self.output.flush().is_err() { Ending::Halted } else { ending }
    }

    fn line(&mut self, statements: &[Statement]) -> Result<Ending, String> {
        for statement in statements {
            match self.execute(statement) {
                Ok(()) => {}
                Err(Stop::Halt) => return Ok(Ending::Halted),
                Err(Stop::Break | Stop::Continue) => return Err("Error: Break outside a for/while".into()),
                Err(Stop::Return(_)) => return Err("Error: Return outside of a function.".into()),
                Err(Stop::Failed(problem)) => return Err(format!("Runtime error (func=(main), adr=0): {problem}")),
            }
        }
        Ok(Ending::Done)
    }

    fn execute(&mut self, statement: &Statement) -> Result<(), Stop> {
        match statement {
            Statement::Nothing => Ok(()),
            Statement::Expr(expr) => self.shown(expr),
            Statement::Text(text) => {
                self.output.put(text);
                Ok(())
            }
            Statement::Print(all) => all.iter().try_for_each(|one| self.print(one)),
            Statement::Block(all) => all.iter().try_for_each(|one| self.execute(one)),
            Statement::If(condition, then, otherwise) => {
                if self.holds(condition)? {
                    self.execute(then)
                } else {
                    otherwise.as_ref().map_or(Ok(()), |otherwise| self.execute(otherwise))
                }
            }
            Statement::While(condition, body) => {
                while self.holds(condition)? && self.goes_on(body)? {}
                Ok(())
            }
            Statement::For(parts, body) => {
                let [first, condition, step] = &**parts;
                self.evaluate_some(first.as_ref())?;
                while condition.as_ref().map_or(Ok(true), |condition| self.holds(condition))? && self.goes_on(body)? {
                    self.evaluate_some(step.as_ref())?;
                }
                Ok(())
            }
            Statement::Break => Err(Stop::Break),
            Statement::Continue => Err(Stop::Continue),
            Statement::Halt => Err(Stop::Halt),
            Statement::Return(value) => {
                let value = value.as_ref().map(|value| self.evaluate(value)).transpose()?;
                Err(Stop::Return(value.unwrap_or_default()))
            }
            Statement::Define(name, function) => {
                self.functions.insert(name.clone(), function.clone());
                Ok(())
            }
        }
    }

    fn holds(&mut self, condition: &Expr) -> Result<bool, Stop> {
        Ok(!self.evaluate(condition)?.is_zero())
    }

    /// Whether a loop goes on after its body.
    fn goes_on(&mut self, body: &Statement) -> Result<bool, Stop> {
        match self.execute(body) {
            Ok(()) | Err(Stop::Continue) => Ok(true),
            Err(Stop::Break) => Ok(false),
            Err(stop) => Err(stop),
        }
    }

    fn evaluate_some(&mut self, expr: Option<&Expr>) -> Result<(), Stop> {
        expr.map_or(Ok(()), |expr| self.evaluate(expr).map(drop))
    }

    fn shown(&mut self, expr: &Expr) -> Result<(), Stop> {
        let value = self.evaluate(expr)?;
        if !self.is_silent(expr) {
            self.output.put(&digits::write(&value, self.output_base));
            self.output.put("\n");
            self.variable_is(&Place::Last, value)?;
        }
        Ok(())
    }

    fn is_silent(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Assign(..) | Expr::Update(..) => true,
            Expr::Call(name, _) => self.functions.get(name).is_some_and(|function| function.is_void),
            _ => false,
        }
    }

    /// `print`, which knows escapes and ends no line.
    fn print(&mut self, statement: &Statement) -> Result<(), Stop> {
        match statement {
            Statement::Text(text) => self.output.put(&unescaped(text)),
            Statement::Expr(expr) => {
                let value = self.evaluate(expr)?;
                self.output.put(&digits::write(&value, self.output_base));
                self.variable_is(&Place::Last, value)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut left = text.chars();
    while let Some(character) = left.next() {
        match (character, character == '\\').1.then(|| left.next()).flatten() {
            None => out.push(character),
            Some('a') => out.push('\x07'),
            Some('b') => out.push('\x08'),
            Some('f') => out.push('\x0c'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('q') => out.push('"'),
            Some('\\') => out.push('\\'),
            Some(_) => {}
        }
    }
    out
}
