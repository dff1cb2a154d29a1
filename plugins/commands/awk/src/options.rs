//! What an awk command line asks for.

pub(crate) struct Options {
    pub(crate) source: String,
    pub(crate) field_separator: Option<String>,
    /// Set before the program begins, their escapes not yet read.
    pub(crate) assignments: Vec<(String, String)>,
    /// `awk`, and the files and assignments that follow the program.
    pub(crate) operands: Vec<String>,
}

pub(crate) enum Wanted {
    Text(String),
    Program(Box<Options>),
}

const HELP: &str = "\
Usage: awk [-F fs] [-v var=value] 'program' [file ...]
       awk [-F fs] [-v var=value] -f progfile [file ...]
";

pub(crate) fn read(arguments: &[String]) -> Result<Wanted, String> {
    let mut options = Options {
        source: String::new(),
        field_separator: None,
        assignments: Vec::new(),
        operands: vec![place::name_of(arguments).to_owned()],
    };
    let mut words = arguments.iter().skip(1).peekable();
    let mut from_files = false;
    while let Some(word) = words.next_if(|word| word.len() > 1 && word.starts_with('-')) {
        if word == "--" {
            break;
        }
        let mut argument = |prefix: &str| match word.strip_prefix(prefix) {
            Some(rest) if !rest.is_empty() => {
                Ok(rest.trim_start_matches(if prefix.len() > 2 { "=" } else { "" }).to_owned())
            }
            _ => words.next().cloned().ok_or_else(|| format!("option {prefix} requires an argument\n{HELP}")),
        };
        match word.as_str() {
            "--version" | "-V" => return Ok(Wanted::Text(format!("awk (skep {})\n", env!("CARGO_PKG_VERSION")))),
            "--help" | "-h" => return Ok(Wanted::Text(HELP.into())),
            // One dialect, and numbers as everybody writes them.
            "--posix" | "-P" | "--traditional" | "-c" | "--re-interval" | "-r" | "--sandbox" | "-b" | "-M" | "-n"
            | "-S" => {}
            _ if word.starts_with("--field-separator") => {
                options.field_separator = Some(argument("--field-separator")?)
            }
            _ if word.starts_with("--assign") => options.assign(&argument("--assign")?)?,
            _ if word.starts_with("--file") => (from_files, _) = (true, options.add_file(&argument("--file")?)?),
            _ if word.starts_with("-F") => options.field_separator = Some(argument("-F")?),
            _ if word.starts_with("-v") => options.assign(&argument("-v")?)?,
            _ if word.starts_with("-f") => (from_files, _) = (true, options.add_file(&argument("-f")?)?),
            _ if word.starts_with("-e") => (from_files, options.source) = (true, argument("-e")?),
            other => return Err(format!("unknown option {other}\n{HELP}")),
        }
    }
    if !from_files {
        options.source = words.next().cloned().ok_or_else(|| format!("a program is needed\n{HELP}"))?;
    }
    options.operands.extend(words.cloned());
    Ok(Wanted::Program(Box::new(options)))
}

/// `NAME` and value, if the word is an assignment.
pub(crate) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    is_name.then_some((name, value))
}

impl Options {
    fn assign(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = assignment(text).ok_or_else(|| format!("'{text}' is not of the form name=value"))?;
        self.assignments.push((name.into(), value.into()));
        Ok(())
    }

    fn add_file(&mut self, path: &str) -> Result<(), String> {
        let text = match path {
            "-" | "/dev/stdin" => std::io::read_to_string(std::io::stdin()),
            path => std::fs::read_to_string(path),
        };
        let text = text.map_err(|problem| format!("cannot open {path}: {}", posix::reason(&problem)))?;
        self.source.push_str(&text);
        self.source.push('\n');
        Ok(())
    }
}
