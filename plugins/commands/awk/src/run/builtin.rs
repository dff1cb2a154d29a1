//! The functions that come with the language.

use std::rc::Rc;

use place::Start;

use super::substitute::Which;
use super::variables::by_number;
use super::{Run, Stop, time};
use crate::ast::{Builtin, Expr, Variable};
use crate::value::Value;

fn missing() -> Stop {
    Stop::Failed("a built-in function is called with too few arguments".into())
}

impl Run {
    fn argument_text(&mut self, arguments: &[Expr], at: usize) -> Result<Rc<str>, Stop> {
        self.evaluate_text(arguments.get(at).ok_or_else(missing)?)
    }

    fn argument_number(&mut self, arguments: &[Expr], at: usize) -> Result<f64, Stop> {
        self.evaluate_number(arguments.get(at).ok_or_else(missing)?)
    }

    pub(super) fn builtin(&mut self, builtin: Builtin, arguments: &[Expr]) -> Result<Value, Stop> {
        match builtin {
            Builtin::Length => self.length(arguments),
            Builtin::Substr => self.substr(arguments),
            Builtin::Index => {
                let (text, part) = (self.argument_text(arguments, 0)?, self.argument_text(arguments, 1)?);
                let at = text.find(&*part).map_or(0, |at| text[..at].chars().count() + 1);
                Ok(Value::Number(at as f64))
            }
            Builtin::Split => self.split(arguments),
            Builtin::Patsplit => self.patsplit(arguments),
            Builtin::Sub => self.substitute(arguments, Which::Nth(1)),
            Builtin::Gsub => self.substitute(arguments, Which::All),
            Builtin::Gensub => self.gensub(arguments),
            Builtin::Match => self.find(arguments),
            Builtin::Sprintf => self.formatted(arguments).map(Value::from),
            Builtin::Tolower => {
                let text = arguments.first().ok_or_else(missing)?;
                self.look(text, |text| Value::from(text.to_lowercase()))
            }
            Builtin::Toupper => {
                let text = arguments.first().ok_or_else(missing)?;
                self.look(text, |text| Value::from(text.to_uppercase()))
            }
            Builtin::System => self.system(arguments),
            Builtin::Close => self.close(arguments),
            Builtin::Fflush => Ok(Value::Number(if self.output.flush().is_ok() { 0.0 } else { -1.0 })),
            Builtin::Asort => self.sort(arguments, false),
            Builtin::Asorti => self.sort(arguments, true),
            Builtin::Typeof => self.kind(arguments),
            Builtin::Systime => Ok(Value::Number(time::now())),
            Builtin::Mktime => Ok(Value::Number(time::seconds(&self.argument_text(arguments, 0)?))),
            Builtin::Strftime => {
                let format = if arguments.is_empty() {
                    "%a %b %e %H:%M:%S %Z %Y".into()
                } else {
                    self.argument_text(arguments, 0)?
                };
                let seconds = if arguments.len() > 1 { self.argument_number(arguments, 1)? } else { time::now() };
                Ok(Value::from(time::formatted(&format, seconds)))
            }
            Builtin::Strtonum => Ok(Value::Number(strtonum(&self.argument_text(arguments, 0)?))),
            _ => self.calculation(builtin, arguments),
        }
    }

    fn calculation(&mut self, builtin: Builtin, arguments: &[Expr]) -> Result<Value, Stop> {
        let whole = |number: f64| number as u64;
        if builtin == Builtin::Rand {
            return Ok(Value::Number(self.next_random()));
        }
        if builtin == Builtin::Srand {
            let seed = if arguments.is_empty() { time::now() } else { self.argument_number(arguments, 0)? };
            self.random = seed.to_bits() ^ 0x2545_f491_4f6c_dd1d;
            return Ok(Value::Number(std::mem::replace(&mut self.seed, seed)));
        }
        let first = self.argument_number(arguments, 0)?;
        let number = match builtin {
            Builtin::Sin => first.sin(),
            Builtin::Cos => first.cos(),
            Builtin::Exp => first.exp(),
            Builtin::Log => first.ln(),
            Builtin::Sqrt => first.sqrt(),
            Builtin::Int => first.trunc(),
            // Of the bits that a number holds exactly.
            Builtin::Compl => (!whole(first) & ((1 << 53) - 1)) as f64,
            Builtin::Atan2 => first.atan2(self.argument_number(arguments, 1)?),
            Builtin::And => (whole(first) & whole(self.argument_number(arguments, 1)?)) as f64,
            Builtin::Or => (whole(first) | whole(self.argument_number(arguments, 1)?)) as f64,
            Builtin::Xor => (whole(first) ^ whole(self.argument_number(arguments, 1)?)) as f64,
            Builtin::Lshift => whole(first).checked_shl(self.argument_number(arguments, 1)? as u32).unwrap_or(0) as f64,
            Builtin::Rshift => whole(first).checked_shr(self.argument_number(arguments, 1)? as u32).unwrap_or(0) as f64,
            other => return Err(Stop::Failed(format!("{other:?} is not built in"))),
        };
        Ok(Value::Number(number))
    }

    /// Marsaglia's xorshift: the same numbers in every run, until srand is called.
    fn next_random(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn length(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let length = match arguments {
            [] => self.record_str().chars().count(),
            [Expr::Variable(variable), ..] if self.is_array(*variable) => self.array(*variable)?.borrow().len(),
            [text, ..] => self.look(text, |text| text.chars().count())?,
        };
        Ok(Value::Number(length as f64))
    }

    /// Characters from `start`, which may lie before the text.
    fn substr(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let text = self.argument_text(arguments, 0)?;
        let start = self.argument_number(arguments, 1)?.round_ties_even();
        let end = match arguments.get(2) {
            Some(length) => start + self.evaluate_number(length)?.round_ties_even(),
            None => f64::INFINITY,
        };
        let start = start.max(1.0);
        let count = (end - start).max(0.0);
        let count = if count.is_finite() { count as usize } else { usize::MAX };
        Ok(Value::from(text.chars().skip(start as usize - 1).take(count).collect::<String>()))
    }

    fn fill(&mut self, place: Option<&Expr>, first: usize, texts: &[String]) -> Result<(), Stop> {
        let Some(Expr::Variable(variable)) = place else { return Ok(()) };
        let array = self.array(*variable)?;
        let mut array = array.borrow_mut();
        array.clear();
        array.extend(texts.iter().enumerate().map(|(at, text)| ((at + first).to_string(), Value::input(text))));
        Ok(())
    }

    fn split(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let text = self.argument_text(arguments, 0)?;
        let (pieces, between) = match arguments.get(2) {
            Some(Expr::Regex(regex)) => {
                let source = regex.as_str().trim_start_matches("(?s)").to_owned();
                // One space in slashes is not the one that means all blanks.
                self.pieces(&text, if source == " " { "[ ]" } else { &source })?
            }
            Some(separator) => {
                let separator = self.evaluate_text(separator)?;
                self.pieces(&text, &separator)?
            }
            None => {
                let separator = self.special_text(crate::ast::Special::Fs);
                self.pieces(&text, &separator)?
            }
        };
        self.fill(arguments.get(1), 1, &pieces)?;
        self.fill(arguments.get(3), 1, &between)?;
        Ok(Value::Number(pieces.len() as f64))
    }

    fn patsplit(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let text = self.argument_text(arguments, 0)?;
        let regex = self.regex_of(arguments.get(2).ok_or_else(missing)?)?;
        let pieces: Vec<String> = regex.find_iter(&text).map(|found| found.as_str().to_owned()).collect();
        self.fill(arguments.get(1), 1, &pieces)?;
        Ok(Value::Number(pieces.len() as f64))
    }

    fn system(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let command = self.argument_text(arguments, 0)?;
        self.output.flush().map_err(|_| Stop::Exit)?;
        let words = ["sh", "-c", &command].map(str::to_owned).to_vec();
        let code = Start::new(words).finish().map_or_else(|failure| failure.code, |ending| ending.code);
        Ok(Value::Number(f64::from(code)))
    }

    fn close(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let name = self.argument_text(arguments, 0)?;
        let written = self.output.close(&name).map(|result| result.unwrap_or(-1));
        let code = written.or_else(|| self.input.close(&name)).unwrap_or(-1);
        Ok(Value::Number(f64::from(code)))
    }

    /// Values, or keys, in their order under numbers from 1.
    fn sort(&mut self, arguments: &[Expr], keys: bool) -> Result<Value, Stop> {
        let variable = |at: usize| match arguments.get(at) {
            Some(Expr::Variable(variable)) => Ok(*variable),
            _ => Err(Stop::Failed("asort and asorti need an array".into())),
        };
        let from: Variable = variable(0)?;
        let to = if arguments.len() > 1 { variable(1)? } else { from };
        let array = self.array(from)?;
        let mut values: Vec<Value> = if keys {
            array.borrow().keys().map(|key| Value::Text(key.as_str().into())).collect()
        } else {
            array.borrow().values().cloned().collect()
        };
        values.sort_by(by_number);
        let count = values.len();
        let sorted = values.into_iter().enumerate().map(|(at, value)| ((at + 1).to_string(), value)).collect();
        *self.array(to)?.borrow_mut() = sorted;
        Ok(Value::Number(count as f64))
    }

    fn kind(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let kind = match arguments.first().ok_or_else(missing)? {
            Expr::Regex(_) => "regexp",
            Expr::Variable(variable) if self.is_array(*variable) => "array",
            other => match self.evaluate(other)? {
                Value::Unset => "untyped",
                Value::Number(_) => "number",
                Value::Text(_) => "string",
                input @ Value::Input(_) => {
                    if input.is_numeric() {
                        "strnum"
                    } else {
                        "string"
                    }
                }
            },
        };
        Ok(Value::Text(kind.into()))
    }
}

/// Hexadecimal after 0x and octal after 0.
fn strtonum(text: &str) -> f64 {
    let text = text.trim();
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => i64::from_str_radix(digits, 16).unwrap_or(0) as f64,
        None if text.len() > 1 && text.starts_with('0') && text.chars().all(|digit| digit.is_digit(8)) => {
            i64::from_str_radix(text, 8).unwrap_or(0) as f64
        }
        None => crate::value::leading_number(text).0,
    }
}
