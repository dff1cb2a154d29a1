//! Tests, actions and options.

use regex_lite::Regex;

use super::super::exec::Exec;
use super::super::expression::{Action, Clock, Expression, Test};
use super::super::newer;
use super::super::number::{Mode, Number, Size};
use super::super::print::Format;
use super::{HELP, Parser, Stop};

fn unknown(word: &str) -> Stop {
    Stop::Problem(format!("unknown predicate '{word}'"))
}

fn glob(pattern: &str, folds_case: bool) -> Result<Regex, Stop> {
    compiled(&posix::glob::to_regex(pattern, folds_case, false))
}

fn compiled(pattern: &str) -> Result<Regex, Stop> {
    Regex::new(pattern).map_err(|problem| Stop::Problem(problem.to_string()))
}

impl Parser<'_> {
    pub(super) fn primary(&mut self, word: &str) -> Result<Expression, Stop> {
        if let Some(test) = self.test(word)? {
            return Ok(Expression::Test(test));
        }
        if let Some(action) = self.action(word)? {
            // These two only steer: a search that does nothing else prints.
            self.acts |= !matches!(action, Action::Prune | Action::Quit);
            return Ok(Expression::Action(action));
        }
        self.option(word)?;
        Ok(Expression::Test(Test::Always(true)))
    }

    fn test(&mut self, word: &str) -> Result<Option<Test>, Stop> {
        Ok(Some(match word {
            "-true" => Test::Always(true),
            "-false" => Test::Always(false),
            "-name" | "-iname" => Test::Name(glob(self.argument(word)?, word == "-iname")?),
            "-path" | "-wholename" => Test::Path(glob(self.argument(word)?, false)?),
            "-ipath" | "-iwholename" => Test::Path(glob(self.argument(word)?, true)?),
            "-lname" | "-ilname" => Test::LinkName(glob(self.argument(word)?, word == "-ilname")?),
            "-regex" | "-iregex" => Test::Path(self.regex(word)?),
            "-type" => Test::Type(self.kinds(word)?),
            "-xtype" => Test::TargetType(self.kinds(word)?),
            "-empty" => Test::Empty,
            "-size" => Test::Size(self.read(word, Size::read)?),
            "-perm" => Test::Mode(self.read(word, Mode::read)?),
            "-links" => Test::Links(self.read(word, Number::read)?),
            "-inum" => Test::Inode(self.read(word, Number::read)?),
            "-samefile" => Test::SameFile(posix::inode::of(self.argument(word)?.as_ref()).0),
            "-readable" => Test::Allows(0o400),
            "-writable" => Test::Allows(0o200),
            "-executable" => Test::Allows(0o100),
            "-user" | "-uid" | "-group" | "-gid" => Test::Owner(is_owner(self.argument(word)?)),
            "-nouser" | "-nogroup" => Test::Owner(false),
            "-mtime" | "-ctime" => self.age(word, Clock::Written, 86_400)?,
            "-mmin" | "-cmin" => self.age(word, Clock::Written, 60)?,
            "-atime" => self.age(word, Clock::Read, 86_400)?,
            "-amin" => self.age(word, Clock::Read, 60)?,
            "-newer" | "-cnewer" => newer::test("mm", self.argument(word)?, self.now)?,
            "-anewer" => newer::test("am", self.argument(word)?, self.now)?,
            _ => match word.strip_prefix("-newer") {
                Some(letters) => newer::test(letters, self.argument(word)?, self.now)?,
                None => return Ok(None),
            },
        }))
    }

    fn action(&mut self, word: &str) -> Result<Option<Action>, Stop> {
        Ok(Some(match word {
            "-print" => Action::Print { end: '\n' },
            "-print0" => Action::Print { end: '\0' },
            "-printf" => Action::Format(Format::read(self.argument(word)?)),
            "-fprint" => Action::PrintInto { file: self.file(word)?, end: '\n' },
            "-fprint0" => Action::PrintInto { file: self.file(word)?, end: '\0' },
            "-fprintf" => Action::FormatInto { file: self.file(word)?, format: Format::read(self.argument(word)?) },
            "-ls" => Action::List,
            "-prune" => Action::Prune,
            "-quit" => Action::Quit,
            "-delete" => {
                self.contents_first = true;
                Action::Delete
            }
            "-exec" | "-execdir" => self.exec(word, word == "-execdir", false)?,
            "-ok" | "-okdir" => self.exec(word, word == "-okdir", true)?,
            _ => return Ok(None),
        }))
    }

    fn option(&mut self, word: &str) -> Result<(), Stop> {
        match word {
            "-maxdepth" => self.most_depth = self.depth(word)?,
            "-mindepth" => self.least_depth = self.depth(word)?,
            "-depth" | "-d" => self.contents_first = true,
            "-follow" => self.follows_links = true,
            "-regextype" => {
                self.extended = !["emacs", "posix-basic", "ed", "sed", "grep"].contains(&self.argument(word)?)
            }
            // One file system, no automatic mounts, no leaf counts: there is nothing to choose here.
            "-xdev" | "-mount" | "-noleaf" | "-nowarn" | "-warn" | "-daystart" | "-ignore_readdir_race" => {}
            "-help" | "--help" => return Err(Stop::Said(HELP.into())),
            "-version" | "--version" => {
                return Err(Stop::Said(format!("find (skep {})\n", env!("CARGO_PKG_VERSION"))));
            }
            other => return Err(unknown(other)),
        }
        Ok(())
    }

    fn read<T>(&mut self, word: &str, read: fn(&str) -> Option<T>) -> Result<T, Stop> {
        let text = self.argument(word)?;
        read(text).ok_or_else(|| Stop::Problem(format!("invalid argument '{text}' to '{word}'")))
    }

    fn depth(&mut self, word: &str) -> Result<usize, Stop> {
        self.read(word, |text| text.parse().ok())
    }

    fn age(&mut self, word: &str, clock: Clock, unit: i64) -> Result<Test, Stop> {
        Ok(Test::Age { clock, number: self.read(word, Number::read)?, unit })
    }

    fn kinds(&mut self, word: &str) -> Result<String, Stop> {
        let text = self.argument(word)?;
        let known = |letter: &str| matches!(letter, "f" | "d" | "l" | "b" | "c" | "p" | "s" | "D");
        if !text.split(',').all(known) {
            return Err(Stop::Problem(format!("unknown argument to {word}: {text}")));
        }
        Ok(text.replace(',', ""))
    }

    /// The whole path must match.
    fn regex(&mut self, word: &str) -> Result<Regex, Stop> {
        let text = self.argument(word)?;
        // The default dialect is Emacs': groups as in basic expressions, but + and ? bare.
        let text = if self.extended { text.to_owned() } else { bare_repetitions_escaped(text) };
        let pattern = posix::regex::translate(&text, self.extended).pattern;
        let flags = if word == "-iregex" { "(?si)" } else { "(?s)" };
        compiled(&format!("{flags}^(?:{pattern})$"))
    }

    fn file(&mut self, word: &str) -> Result<usize, Stop> {
        let path = self.argument(word)?.to_owned();
        if let Some(known) = self.files.iter().position(|known| *known == path) {
            return Ok(known);
        }
        self.files.push(path);
        Ok(self.files.len() - 1)
    }

    /// The words up to `;`, or up to a `+` that comes after `{}`.
    fn exec(&mut self, word: &str, in_folder: bool, asks: bool) -> Result<Action, Stop> {
        let mut words: Vec<String> = Vec::new();
        for next in self.words.by_ref() {
            if next == ";" && !words.is_empty() {
                return Ok(Action::Exec(Exec { words, in_folder, asks }));
            }
            if next == "+" && !asks && words.len() > 1 && words.last().is_some_and(|last| last == "{}") {
                words.pop();
                self.batches.push(Exec { words, in_folder, asks });
                return Ok(Action::Batch(self.batches.len() - 1));
            }
            words.push(next.clone());
        }
        Err(Stop::Problem(format!("missing argument to '{word}'")))
    }
}

fn is_owner(name: &str) -> bool {
    name == posix::OWNER || name.parse() == Ok(posix::OWNER_NUMBER)
}

fn bare_repetitions_escaped(text: &str) -> String {
    let mut escaped = String::new();
    let mut left = text.chars();
    while let Some(character) = left.next() {
        match character {
            '\\' => escaped.extend(std::iter::once('\\').chain(left.next())),
            '+' | '?' => escaped.extend(['\\', character]),
            other => escaped.push(other),
        }
    }
    escaped
}
