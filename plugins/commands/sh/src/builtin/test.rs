//! `test`, `[`, and the operators that they share with `[[`.

use std::fs::Metadata;

use crate::options::Opt;
use crate::state::Shell;
use crate::stop::{Run, Stop};

pub(super) fn bracket(shell: &mut Shell, words: &[String]) -> Run {
    match words.split_last() {
        Some((last, rest)) if last == "]" && !rest.is_empty() => evaluate(shell, "[", &rest[1..]),
        _ => super::misuse(shell, "[", "missing `]'"),
    }
}

pub(super) fn test(shell: &mut Shell, words: &[String]) -> Run {
    evaluate(shell, "test", &words[1..])
}

fn evaluate(shell: &mut Shell, name: &str, words: &[String]) -> Run {
    let mut reader = Reader { shell, words, at: 0 };
    match reader.whole() {
        Ok(holds) => Ok(i32::from(!holds)),
        Err(Problem::Stop(stop)) => Err(stop),
        Err(Problem::Text(problem)) => super::misuse(shell, name, &problem),
    }
}

enum Problem {
    Text(String),
    Stop(Stop),
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        Problem::Stop(stop)
    }
}

struct Reader<'s, 'w> {
    shell: &'s mut Shell,
    words: &'w [String],
    at: usize,
}

const UNARY: &str = "abcdefghknoprstuvwxzGLNORS";
const BINARY: &[&str] =
    &["=", "==", "!=", "<", ">", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"];

fn is_unary(word: &str) -> bool {
    word.len() == 2 && word.starts_with('-') && UNARY.contains(&word[1..])
}

impl Reader<'_, '_> {
    /// POSIX decides by the number of words; only longer expressions have a grammar.
    fn whole(&mut self) -> Result<bool, Problem> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            [] => Ok(false),
            [word] => Ok(!word.is_empty()),
            ["!", word] => Ok(word.is_empty()),
            [operator, operand] => match is_unary(operator) {
                true => Ok(unary(self.shell, operator, operand)?),
                false => Err(Problem::Text(format!("{operator}: unary operator expected"))),
            },
            [left, operator, right] if BINARY.contains(operator) => self.binary(left, operator, right),
            [left, "-a", right] => Ok(!left.is_empty() && !right.is_empty()),
            [left, "-o", right] => Ok(!left.is_empty() || !right.is_empty()),
            ["!", operator, operand] if is_unary(operator) => Ok(!unary(self.shell, operator, operand)?),
            ["!", word, operand] if *word == "!" => Ok(!operand.is_empty()),
            ["(", word, ")"] => Ok(!word.is_empty()),
            [_, operator, _] => Err(Problem::Text(format!("{operator}: binary operator expected"))),
            ["!", left, operator, right] if BINARY.contains(operator) => Ok(!self.binary(left, operator, right)?),
            ["(", operator, operand, ")"] if is_unary(operator) => Ok(unary(self.shell, operator, operand)?),
            _ => {
                let holds = self.or()?;
                match self.words.get(self.at) {
                    None => Ok(holds),
                    Some(_) => Err(Problem::Text("too many arguments".into())),
                }
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<&str> {
        self.words.get(self.at + ahead).map(String::as_str)
    }

    fn or(&mut self) -> Result<bool, Problem> {
        let mut holds = self.and()?;
        while self.peek(0) == Some("-o") {
            self.at += 1;
            holds |= self.and()?;
        }
        Ok(holds)
    }

    fn and(&mut self) -> Result<bool, Problem> {
        let mut holds = self.not()?;
        while self.peek(0) == Some("-a") {
            self.at += 1;
            holds &= self.not()?;
        }
        Ok(holds)
    }

    fn not(&mut self) -> Result<bool, Problem> {
        if self.peek(0) == Some("!") && self.peek(1).is_some() {
            self.at += 1;
            return Ok(!self.not()?);
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<bool, Problem> {
        let Some(first) = self.peek(0).map(str::to_owned) else {
            return Err(Problem::Text("argument expected".into()));
        };
        if let (Some(operator), Some(right)) = (self.peek(1), self.peek(2))
            && BINARY.contains(&operator)
        {
            let (operator, right) = (operator.to_owned(), right.to_owned());
            self.at += 3;
            return self.binary(&first, &operator, &right);
        }
        if first == "(" {
            self.at += 1;
            let holds = self.or()?;
            if self.peek(0) != Some(")") {
                return Err(Problem::Text("`)' expected".into()));
            }
            self.at += 1;
            return Ok(holds);
        }
        if is_unary(&first)
            && let Some(operand) = self.peek(1).map(str::to_owned)
        {
            self.at += 2;
            return Ok(unary(self.shell, &first, &operand)?);
        }
        self.at += 1;
        Ok(!first.is_empty())
    }

    fn binary(&mut self, left: &str, operator: &str, right: &str) -> Result<bool, Problem> {
        if let Some(holds) = binary(self.shell, operator, left, right)? {
            return Ok(holds);
        }
        let number = |text: &str| {
            text.trim().parse::<i64>().map_err(|_| Problem::Text(format!("{text}: integer expression expected")))
        };
        Ok(compare_numbers(operator, number(left)?, number(right)?))
    }
}

pub(crate) fn compare_numbers(operator: &str, left: i64, right: i64) -> bool {
    match operator {
        "-eq" => left == right,
        "-ne" => left != right,
        "-lt" => left < right,
        "-le" => left <= right,
        "-gt" => left > right,
        _ => left >= right,
    }
}

/// Comparisons of texts and files; none for those of numbers.
pub(crate) fn binary(shell: &mut Shell, operator: &str, left: &str, right: &str) -> Run<Option<bool>> {
    let changed = |shell: &Shell, path: &str| metadata(shell, path).and_then(|metadata| metadata.modified().ok());
    Ok(Some(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-nt" => match (changed(shell, left), changed(shell, right)) {
            (Some(left), Some(right)) => left > right,
            (left, _) => left.is_some(),
        },
        "-ot" => match (changed(shell, left), changed(shell, right)) {
            (Some(left), Some(right)) => left < right,
            (_, right) => right.is_some(),
        },
        "-ef" => {
            let real = |path: &str| std::fs::canonicalize(shell.absolute(path)).ok();
            real(left).is_some() && real(left) == real(right)
        }
        _ => return Ok(None),
    }))
}

fn metadata(shell: &Shell, path: &str) -> Option<Metadata> {
    if path.is_empty() { None } else { std::fs::metadata(shell.absolute(path)).ok() }
}

pub(crate) fn unary(shell: &mut Shell, operator: &str, operand: &str) -> Run<bool> {
    if matches!(operator, "-a" | "-e" | "-f" | "-r" | "-s" | "-x") && shell.is_path_in_image(operand) {
        return Ok(true);
    }
    let file = || metadata(shell, operand);
    Ok(match operator {
        "-n" => !operand.is_empty(),
        "-z" => operand.is_empty(),
        "-a" | "-e" => file().is_some() || is_device(shell, operand),
        "-f" => file().is_some_and(|metadata| metadata.is_file()),
        "-d" => file().is_some_and(|metadata| metadata.is_dir()),
        "-s" => file().is_some_and(|metadata| metadata.len() > 0),
        "-L" | "-h" => {
            !operand.is_empty()
                && std::fs::symlink_metadata(shell.absolute(operand)).is_ok_and(|metadata| metadata.is_symlink())
        }
        "-r" | "-O" | "-G" => file().is_some() || is_device(shell, operand),
        "-w" => file().is_some_and(|metadata| !metadata.permissions().readonly()) || is_device(shell, operand),
        "-x" => file().is_some_and(|metadata| metadata.is_dir() || shell.is_executable(operand, &metadata)),
        "-c" => is_device(shell, operand),
        "-N" => {
            file().is_some_and(|metadata| matches!((metadata.modified(), metadata.accessed()), (Ok(m), Ok(a)) if m > a))
        }
        "-t" => {
            let stream = operand.trim().parse().ok().and_then(|number| shell.files.get(number));
            stream.is_some_and(|stream| stream.host().is_some_and(crate::process::Handle::is_terminal))
        }
        "-o" => Opt::named(operand).is_some_and(|option| shell.on(option)),
        "-v" => is_set(shell, operand)?,
        "-R" => shell.state.vars.own(operand).is_some_and(|variable| variable.attributes.reference),
        // Block devices, pipes with names, sockets, set-user-id bits: there are none here.
        _ => false,
    })
}

fn is_device(shell: &Shell, path: &str) -> bool {
    matches!(path, "/dev/null" | "/dev/stdin" | "/dev/stdout" | "/dev/stderr")
        || path
            .strip_prefix("/dev/fd/")
            .and_then(|number| number.parse().ok())
            .is_some_and(|number| shell.files.get(number).is_some())
}

/// `-v name`, `-v 'name[subscript]'`.
fn is_set(shell: &mut Shell, operand: &str) -> Run<bool> {
    let Ok(parameter) = crate::parse::parameter::parse(operand, false) else { return Ok(false) };
    match &parameter.subscript {
        Some(crate::ast::Subscript::Of(text, word)) => Ok(shell.element(&parameter.name, text, word)?.is_some()),
        Some(_) => Ok(!shell.values(&parameter.name).is_empty()),
        None => match operand.parse::<usize>() {
            Ok(number) => Ok(number > 0 && number <= shell.state.positional.len()),
            Err(_) => Ok(shell.lookup(operand).is_some()),
        },
    }
}
