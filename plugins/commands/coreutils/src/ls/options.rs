//! What a long listing is asked for. Words that are not known here leave the whole listing to uutils.

use lexopt::{Arg, Parser, ValueExt};
use regex_lite::Regex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    None,
    /// But `.` and `..`.
    Most,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    None,
    Name,
    Time,
    Size,
    Extension,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Time {
    /// The time of the day, or for old files the year.
    Locale,
    Full,
    Format(String),
}

/// What stands behind names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    None,
    Folders,
    All,
}

#[derive(Debug)]
pub(super) struct Options {
    pub(super) paths: Vec<String>,
    pub(super) hidden: Hidden,
    pub(super) order: Order,
    pub(super) time: Time,
    pub(super) marks: Marks,
    pub(super) ignored: Vec<Regex>,
    pub(super) reversed: bool,
    pub(super) folders_first: bool,
    pub(super) folders_themselves: bool,
    pub(super) recurses: bool,
    pub(super) follows: bool,
    pub(super) read_time: bool,
    pub(super) inodes: bool,
    pub(super) shows_blocks: bool,
    pub(super) numbers: bool,
    pub(super) owner: bool,
    pub(super) group: bool,
    /// The step from one unit to the next of sizes that people read.
    human: Option<u64>,
    is_long: bool,
}

pub(super) fn read(arguments: &[String]) -> Option<Options> {
    let mut options = Options {
        paths: Vec::new(),
        hidden: Hidden::None,
        order: Order::Name,
        time: Time::Locale,
        marks: Marks::None,
        ignored: Vec::new(),
        reversed: false,
        folders_first: false,
        folders_themselves: false,
        recurses: false,
        follows: false,
        read_time: false,
        inodes: false,
        shows_blocks: false,
        numbers: false,
        owner: true,
        group: true,
        human: None,
        // `vdir` is `ls -l` under another name.
        is_long: place::name_of(arguments) == "vdir",
    };
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next().ok()? {
        match argument {
            Arg::Value(path) => options.paths.push(path.string().ok()?),
            Arg::Short(letter) => options.letter(letter, &mut parser)?,
            Arg::Long(name) => {
                let name = name.to_owned();
                options.word(&name, &mut parser)?;
            }
        }
    }
    if options.paths.is_empty() {
        options.paths.push(".".into());
    }
    options.is_long.then_some(options)
}

impl Options {
    fn letter(&mut self, letter: char, parser: &mut Parser) -> Option<()> {
        match letter {
            'l' => self.is_long = true,
            'g' => (self.is_long, self.owner) = (true, false),
            'o' => (self.is_long, self.group) = (true, false),
            'n' => (self.is_long, self.numbers) = (true, true),
            'G' => self.group = false,
            'a' => self.hidden = Hidden::All,
            'A' => self.hidden = Hidden::Most,
            't' => self.order = Order::Time,
            'S' => self.order = Order::Size,
            'X' => self.order = Order::Extension,
            'U' => self.order = Order::None,
            'r' => self.reversed = true,
            'd' => self.folders_themselves = true,
            'R' => self.recurses = true,
            'L' => self.follows = true,
            'u' => self.read_time = true,
            'i' => self.inodes = true,
            's' => self.shows_blocks = true,
            'h' => self.human = Some(1024),
            'F' => self.marks = Marks::All,
            'p' => self.marks = Marks::Folders,
            'I' => self.ignored.push(glob(&parser.value().ok()?.string().ok()?)?),
            // Times of change are those of writing here; names are written as they are, one a line.
            'c' | '1' | 'k' | 'N' | 'q' | 'H' => {}
            _ => return None,
        }
        Some(())
    }

    fn word(&mut self, name: &str, parser: &mut Parser) -> Option<()> {
        match name {
            "all" => self.hidden = Hidden::All,
            "almost-all" => self.hidden = Hidden::Most,
            "human-readable" => self.human = Some(1024),
            "si" => self.human = Some(1000),
            "reverse" => self.reversed = true,
            "recursive" => self.recurses = true,
            "directory" => self.folders_themselves = true,
            "inode" => self.inodes = true,
            "size" => self.shows_blocks = true,
            "no-group" => self.group = false,
            "numeric-uid-gid" => (self.is_long, self.numbers) = (true, true),
            "classify" => self.marks = Marks::All,
            "group-directories-first" => self.folders_first = true,
            "full-time" => (self.is_long, self.time) = (true, Time::Full),
            "color" => return parser.optional_value().is_none_or(|when| when != "always").then_some(()),
            "format" => self.is_long = parser.value().ok()? == "long",
            "ignore" => self.ignored.push(glob(&parser.value().ok()?.string().ok()?)?),
            "sort" => {
                self.order = match parser.value().ok()?.to_str()? {
                    "none" => Order::None,
                    "name" => Order::Name,
                    "time" => Order::Time,
                    "size" => Order::Size,
                    "extension" => Order::Extension,
                    _ => return None,
                }
            }
            "time-style" => {
                self.time = match parser.value().ok()?.to_str()? {
                    "full-iso" => Time::Full,
                    "long-iso" => Time::Format("%Y-%m-%d %H:%M".into()),
                    "locale" => Time::Locale,
                    format => Time::Format(format.strip_prefix('+')?.to_owned()),
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Of a file.
    pub(super) fn size(&self, bytes: u64) -> String {
        self.human.map_or_else(|| bytes.to_string(), |step| posix::size::human(bytes, step))
    }

    /// Of what takes room, in blocks of a kibibyte.
    pub(super) fn blocks(&self, bytes: u64) -> String {
        self.human.map_or_else(|| (bytes / 1024).to_string(), |step| posix::size::human(bytes, step))
    }
}

fn glob(pattern: &str) -> Option<Regex> {
    Regex::new(&posix::glob::to_regex(pattern, false, false)).ok()
}
