//! The command line. An option may begin with one dash or with two.

use crate::show::{Mode, Show};

#[derive(Default)]
pub(crate) struct Options {
    /// The database; one in memory if there is none.
    pub(crate) file: Option<String>,
    /// SQL and dot commands, those of `-cmd` first; without others, standard input is read.
    pub(crate) first: Vec<String>,
    pub(crate) texts: Vec<String>,
    pub(crate) show: Show,
    pub(crate) read_only: bool,
    pub(crate) bails: bool,
    pub(crate) echoes: bool,
}

pub(crate) enum Wanted {
    Text(String),
    Shell(Box<Options>),
}

const HELP: &str = "\
Usage: sqlite3 [OPTIONS] [FILENAME [SQL...]]
Options: -header -noheader -csv -json -column -line -list -table -box -markdown -tabs -quote -html
         -separator SEP -newline SEP -nullvalue TEXT -cmd COMMAND -init FILENAME -readonly -bail -batch -echo -version
";

pub(crate) fn read(arguments: &[String]) -> Result<Wanted, String> {
    let mut options = Options::default();
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) else {
            match options.file {
                None => options.file = Some(word.clone()),
                Some(_) => options.texts.push(word.clone()),
            }
            continue;
        };
        let name = name.strip_prefix('-').unwrap_or(name);
        let mut argument = || words.next().cloned().ok_or_else(|| format!("missing argument to -{name}"));
        match name {
            "version" => return Ok(Wanted::Text(format!("{}\n", rusqlite::version()))),
            "help" => return Ok(Wanted::Text(HELP.into())),
            "header" => options.show.headers = Some(true),
            "noheader" => options.show.headers = Some(false),
            "separator" => options.show.separator = crate::commands::unescaped(&argument()?),
            "newline" => options.show.line_end = crate::commands::unescaped(&argument()?),
            "nullvalue" => options.show.null = argument()?,
            "cmd" => options.first.push(argument()?),
            "init" => options.first.push(format!(".read {}", argument()?)),
            "readonly" => options.read_only = true,
            "bail" => options.bails = true,
            "echo" => options.echoes = true,
            "batch" | "interactive" | "nofollow" | "safe" | "stats" => {}
            other => match Mode::named(other) {
                // Unlike `.mode`, an option keeps the end of lines.
                Some(mode) => options.show.set(mode, false),
                None => return Err(format!("unknown option: {word}\nUse -help for a list of options.")),
            },
        }
    }
    Ok(Wanted::Shell(Box::new(options)))
}
