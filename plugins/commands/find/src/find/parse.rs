//! From words to an expression.

mod primary;

use std::time::SystemTime;

use posix::stop::Stop;

use super::exec::Exec;
use super::expression::{Action, Expression, Links, Search};

const HELP: &str = "\
Usage: find [-H] [-L] [-P] [path...] [expression]
operators: ( EXPR )   ! EXPR   -not EXPR   EXPR -a EXPR   EXPR -o EXPR   EXPR , EXPR
tests:     -name -iname -path -ipath -regex -iregex -lname -type -xtype -size -empty -mtime -mmin -atime -amin -ctime -cmin
           -newer FILE -newerXY REF -perm -readable -writable -executable -user -group -links -inum -samefile -true -false
options:   -maxdepth N -mindepth N -depth -regextype TYPE
actions:   -print -print0 -printf FORMAT -fprint -fprint0 -fprintf -ls -delete -prune -quit
           -exec CMD ; -exec CMD {} + -execdir CMD ; -execdir CMD {} + -ok CMD ; -okdir CMD ;
";

struct Parser<'a> {
    words: std::iter::Peekable<std::slice::Iter<'a, String>>,
    batches: Vec<Exec>,
    files: Vec<String>,
    least_depth: usize,
    most_depth: usize,
    contents_first: bool,
    extended: bool,
    acts: bool,
    follows_links: bool,
    now: SystemTime,
}

pub(super) fn read(words: &[String]) -> Result<Search, Stop> {
    let mut words = words.iter().peekable();
    let mut links = Links::Never;
    while let Some(word) = words.next_if(|word| ["-H", "-L", "-P"].contains(&word.as_str())) {
        links = match word.as_str() {
            "-H" => Links::OnCommandLine,
            "-L" => Links::Always,
            _ => Links::Never,
        };
    }
    let mut roots = Vec::new();
    while let Some(root) = words.next_if(|word| !begins_expression(word)) {
        roots.push(root.clone());
    }
    if roots.is_empty() {
        roots.push(".".into());
    }
    let mut parser = Parser::new(words);
    let expression = parser.whole()?;
    if parser.follows_links {
        links = Links::Always;
    }
    Ok(Search {
        roots,
        expression,
        batches: parser.batches,
        files: parser.files,
        links,
        least_depth: parser.least_depth,
        most_depth: parser.most_depth,
        contents_first: parser.contents_first,
        now: parser.now,
    })
}

fn begins_expression(word: &str) -> bool {
    (word.len() > 1 && word.starts_with('-')) || ["(", ")", "!", ","].contains(&word)
}

impl<'a> Parser<'a> {
    fn new(words: std::iter::Peekable<std::slice::Iter<'a, String>>) -> Self {
        Self {
            words,
            batches: Vec::new(),
            files: Vec::new(),
            least_depth: 0,
            most_depth: usize::MAX,
            contents_first: false,
            extended: false,
            acts: false,
            follows_links: false,
            now: SystemTime::now(),
        }
    }

    /// An expression that does nothing prints.
    fn whole(&mut self) -> Result<Expression, Stop> {
        let print = Expression::Action(Action::Print { end: '\n' });
        if self.words.peek().is_none() {
            return Ok(print);
        }
        let expression = self.list()?;
        if let Some(word) = self.words.next() {
            return Err(Stop::Problem(format!("you have too many '{word}'")));
        }
        Ok(if self.acts { expression } else { Expression::And(vec![expression, print]) })
    }

    fn list(&mut self) -> Result<Expression, Stop> {
        let mut all = vec![self.any()?];
        while self.words.next_if(|word| *word == ",").is_some() {
            all.push(self.any()?);
        }
        Ok(single(all, Expression::List))
    }

    fn any(&mut self) -> Result<Expression, Stop> {
        let mut all = vec![self.every()?];
        while self.words.next_if(|word| ["-o", "-or"].contains(&word.as_str())).is_some() {
            all.push(self.every()?);
        }
        Ok(single(all, Expression::Or))
    }

    fn every(&mut self) -> Result<Expression, Stop> {
        let mut all = vec![self.negation()?];
        loop {
            let joined = self.words.next_if(|word| ["-a", "-and"].contains(&word.as_str())).is_some();
            let ends = self.words.peek().is_none_or(|word| ["-o", "-or", ",", ")"].contains(&word.as_str()));
            if ends && !joined {
                return Ok(single(all, Expression::And));
            }
            all.push(self.negation()?);
        }
    }

    fn negation(&mut self) -> Result<Expression, Stop> {
        if self.words.next_if(|word| ["!", "-not"].contains(&word.as_str())).is_some() {
            return Ok(Expression::Not(Box::new(self.negation()?)));
        }
        let Some(word) = self.words.next() else {
            return Err(Stop::Problem("an expression is missing at the end".into()));
        };
        if word == "(" {
            let inner = self.list()?;
            return match self.words.next().map(String::as_str) {
                Some(")") => Ok(inner),
                _ => Err(Stop::Problem("a '(' has no ')'".into())),
            };
        }
        self.primary(word)
    }

    fn argument(&mut self, of: &str) -> Result<&'a str, Stop> {
        self.words.next().map(String::as_str).ok_or_else(|| Stop::Problem(format!("missing argument to '{of}'")))
    }
}

fn single(mut all: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    if all.len() == 1 { all.remove(0) } else { several(all) }
}
