//! Commits as they are printed: in git's usual forms, or by a format of letters.

use crate::Stop;
use crate::date::Moment;
use crate::repository::{Commit, Person, Repository};

/// How a commit is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pretty {
    /// Only what it changed is.
    Nothing,
    Oneline,
    Short,
    Medium,
    Full,
    Fuller,
    /// A format; whether each line ends, or lines are only separated.
    Format(String, bool),
}

/// What it is printed with.
pub(crate) struct Printer<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) pretty: Pretty,
    pub(crate) abbreviate: bool,
    pub(crate) date: String,
    /// Names of commits, if they are shown.
    pub(crate) decorations: Option<Vec<(String, String)>>,
}

impl Pretty {
    pub(crate) fn parse(text: &str) -> Result<Self, Stop> {
        Ok(match text {
            "oneline" => Self::Oneline,
            "short" => Self::Short,
            "medium" | "" => Self::Medium,
            "full" => Self::Full,
            "fuller" => Self::Fuller,
            "reference" => Self::Format("%h (%s, %as)".to_owned(), true),
            _ => match (text.strip_prefix("format:"), text.strip_prefix("tformat:")) {
                (Some(format), _) => Self::Format(format.to_owned(), false),
                (_, Some(format)) => Self::Format(format.to_owned(), true),
                _ if text.contains('%') => Self::Format(text.to_owned(), true),
                _ => return Err(Stop::fatal(format!("invalid --pretty format: {text}"))),
            },
        })
    }
}

impl Printer<'_> {
    /// The commit without an end of line where there is only one line.
    pub(crate) fn text(&self, commit: &Commit) -> String {
        let id = if self.abbreviate { self.repository.short(&commit.id) } else { commit.id.clone() };
        let names = self.names(&commit.id).map(|names| format!(" ({names})")).unwrap_or_default();
        match &self.pretty {
            Pretty::Nothing => String::new(),
            Pretty::Oneline => format!("{id}{names} {}", subject(&commit.message)),
            Pretty::Format(format, _) => self.formatted(format, commit),
            form => self.block(form, &id, &names, commit),
        }
    }

    fn block(&self, form: &Pretty, id: &str, names: &str, commit: &Commit) -> String {
        let mut text = format!("commit {id}{names}\n");
        if commit.parents.len() > 1 {
            let parents: Vec<_> = commit.parents.iter().map(|parent| self.repository.short(parent)).collect();
            text.push_str(&format!("Merge: {}\n", parents.join(" ")));
        }
        let who = |person: &Person| format!("{} <{}>", person.name, person.email);
        match form {
            Pretty::Short => text.push_str(&format!("Author: {}\n", who(&commit.author))),
            Pretty::Full => {
                text.push_str(&format!("Author: {}\nCommit: {}\n", who(&commit.author), who(&commit.committer)));
            }
            Pretty::Fuller => {
                for (label, person) in [("Author", &commit.author), ("Commit", &commit.committer)] {
                    text.push_str(&format!("{label}:     {}\n{label}Date: {}\n", who(person), self.date(person)));
                }
            }
            _ => text.push_str(&format!("Author: {}\nDate:   {}\n", who(&commit.author), self.date(&commit.author))),
        }
        text.push('\n');
        let message = String::from_utf8_lossy(&commit.message);
        let subject = subject(&commit.message);
        let lines: Vec<&str> =
            if *form == Pretty::Short { vec![&subject] } else { message.trim_end().lines().collect() };
        for line in lines {
            text.push_str(&if line.is_empty() { "    \n".to_owned() } else { format!("    {line}\n") });
        }
        text
    }

    fn date(&self, person: &Person) -> String {
        when(person).shown(&self.date)
    }

    fn names(&self, id: &str) -> Option<String> {
        let names: Vec<_> = self.decorations.as_ref()?.iter().filter(|(_, commit)| commit == id).collect();
        (!names.is_empty()).then(|| names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", "))
    }

    fn formatted(&self, format: &str, commit: &Commit) -> String {
        let mut text = String::new();
        let mut rest = format;
        while let Some(at) = rest.find('%') {
            text.push_str(&rest[..at]);
            let (taken, piece) = self.letter(&rest[at + 1..], commit);
            match piece {
                Some(piece) => text.push_str(&piece),
                None => text.push('%'),
            }
            rest = &rest[at + 1 + taken..];
        }
        text.push_str(rest);
        text
    }

    /// What stands for the letters after a percent sign, and how many of them.
    fn letter(&self, rest: &str, commit: &Commit) -> (usize, Option<String>) {
        let message = String::from_utf8_lossy(&commit.message).into_owned();
        let short = |id: &String| self.repository.short(id);
        let mut letters = rest.chars();
        let piece = match letters.next() {
            Some('H') => commit.id.clone(),
            Some('h') => short(&commit.id),
            Some('T') => commit.tree.clone(),
            Some('t') => commit.tree.chars().take(7).collect(),
            Some('P') => commit.parents.join(" "),
            Some('p') => commit.parents.iter().map(short).collect::<Vec<_>>().join(" "),
            Some('s') => subject(&commit.message),
            Some('f') => slug(&subject(&commit.message)),
            Some('b') => body(&message).to_owned(),
            Some('B') => message,
            Some('n') => "\n".to_owned(),
            Some('%') => "%".to_owned(),
            Some('e' | 'N') => String::new(),
            Some('d') => self.all_names(&commit.id).map(|names| format!(" ({names})")).unwrap_or_default(),
            Some('D') => self.all_names(&commit.id).unwrap_or_default(),
            Some('x') => {
                let digits = rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                return (if digits.is_some() { 3 } else { 0 }, digits.map(|byte| char::from(byte).to_string()));
            }
            Some('C') => return (colour(rest), Some(String::new())),
            Some(kind @ ('a' | 'c')) => {
                let person = if kind == 'a' { &commit.author } else { &commit.committer };
                let piece = letters.next().and_then(|letter| self.of_person(letter, person));
                return (if piece.is_some() { 2 } else { 0 }, piece);
            }
            _ => return (0, None),
        };
        (1, Some(piece))
    }

    fn all_names(&self, id: &str) -> Option<String> {
        let names = decorations(self.repository).unwrap_or_default();
        let names: Vec<_> = names.into_iter().filter(|(_, commit)| commit == id).map(|(name, _)| name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    fn of_person(&self, letter: char, person: &Person) -> Option<String> {
        let moment = when(person);
        Some(match letter {
            'n' | 'N' => person.name.clone(),
            'e' | 'E' => person.email.clone(),
            'l' | 'L' => person.email.split('@').next().unwrap_or_default().to_owned(),
            'd' => moment.shown(&self.date),
            'D' => moment.shown("rfc"),
            'i' => moment.shown("iso"),
            'I' => moment.shown("iso-strict"),
            's' => moment.shown("short"),
            't' => moment.shown("unix"),
            'r' => moment.shown("relative"),
            _ => return None,
        })
    }
}

/// Names of commits: HEAD and the branch that it is on first.
pub(crate) fn decorations(repository: &Repository) -> Result<Vec<(String, String)>, Stop> {
    let head = repository.head()?;
    let mut names = Vec::new();
    if let Some(commit) = head.commit {
        let name = head.branch.as_ref().map_or("HEAD".to_owned(), |branch| format!("HEAD -> {branch}"));
        names.push((name, commit));
    }
    let tags = repository.references("refs/tags/")?;
    names.extend(tags.into_iter().map(|(name, commit)| (format!("tag: {name}"), commit)));
    let others = repository.branches()?.into_iter().filter(|(name, _)| Some(name) != head.branch.as_ref());
    names.extend(others);
    Ok(names)
}

pub(crate) fn when(person: &Person) -> Moment {
    Moment { seconds: person.seconds, offset: person.offset }
}

/// The first paragraph as one line.
pub(crate) fn subject(message: &[u8]) -> String {
    let message = String::from_utf8_lossy(message);
    let lines = message.lines().skip_while(|line| line.trim().is_empty()).take_while(|line| !line.trim().is_empty());
    lines.map(str::trim_end).collect::<Vec<_>>().join(" ")
}

fn body(message: &str) -> &str {
    message.split_once("\n\n").map_or("", |(_, body)| body.trim_start_matches('\n'))
}

fn slug(subject: &str) -> String {
    let mut slug = String::new();
    for c in subject.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches(['-', '.']).to_owned()
}

/// The length of a colour's name, none of which is printed.
fn colour(rest: &str) -> usize {
    if rest[1..].starts_with('(') {
        return rest.find(')').map_or(1, |at| at + 1);
    }
    let names = ["red", "green", "blue", "reset", "yellow", "magenta", "cyan", "bold"];
    names.iter().find(|name| rest[1..].starts_with(**name)).map_or(1, |name| name.len() + 1)
}
