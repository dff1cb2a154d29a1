//! Everything that a shell knows and that its subshells get a copy of, and the shell that holds it.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::ast::{Function, Script};
use crate::files::Files;
use crate::jobs::Jobs;
use crate::options::{Opt, Options, Shopt};
use crate::parse::{self, SyntaxError};
use crate::process;
use crate::stop::{Run, Stop};
use crate::vars::Vars;

/// How deep functions, sourced files, `eval` and substitutions may be within each other: the stack of a component is small, and
/// its end is a trap that says nothing.
pub(crate) const DEEPEST: u32 = if cfg!(target_arch = "wasm32") { 120 } else { 400 };

/// How deep commands may be within commands, counted over all functions: what 512 KiB of stack hold, with some room.
const DEEPEST_COMMAND: u32 = if cfg!(target_arch = "wasm32") { 330 } else { 3000 };

/// How deep a text may nest, which takes stack to read too.
const DEEPEST_TEXT: u32 = if cfg!(target_arch = "wasm32") { 200 } else { 1000 };

/// One function or sourced file that is being run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) function: String,
    pub(crate) source: String,
    /// Where it was called.
    pub(crate) line: u32,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) vars: Vars,
    pub(crate) functions: BTreeMap<String, Rc<Function>>,
    pub(crate) aliases: BTreeMap<String, String>,
    pub(crate) options: Options,
    pub(crate) positional: Vec<String>,
    /// `$0`
    pub(crate) name: String,
    pub(crate) directory: String,
    /// The directories below the current one, topmost first.
    pub(crate) stack: Vec<String>,
    pub(crate) umask: u32,
    pub(crate) status: i32,
    /// `$$`, the same in all subshells.
    pub(crate) number: u32,
    pub(crate) parent: u32,
    pub(crate) background: Option<u32>,
    pub(crate) traps: BTreeMap<String, String>,
    /// Those of the shell that this is a subshell of, which `trap` shows until it sets one.
    pub(crate) outer_traps: BTreeMap<String, String>,
    pub(crate) calls: Vec<Call>,
    /// The file that is read now.
    pub(crate) source: String,
    /// The file that the shell was started with.
    pub(crate) script: String,
    /// The script comes from standard input.
    pub(crate) from_input: bool,
    pub(crate) line: u32,
    /// Milliseconds since 1970 when the shell, not the subshell, began.
    /// Whether the script is one string, as with `-c`.
    pub(crate) one_string: bool,
    pub(crate) began: u64,
    pub(crate) seconds_offset: i64,
    pub(crate) random: u32,
    pub(crate) subshells: u32,
    /// Inside of how many conditions we are, where `set -e` sleeps.
    pub(crate) conditions: u32,
    pub(crate) loops: u32,
    /// Functions, sourced files and substitutions within each other.
    pub(crate) depth: u32,
    /// Commands within each other.
    pub(crate) nesting: u32,
    /// How far `getopts` is within a group of letters.
    pub(crate) getopts_letter: usize,
    pub(crate) disabled_builtins: Vec<String>,
}

pub(crate) struct Shell {
    pub(crate) state: State,
    pub(crate) files: Files,
    pub(crate) jobs: Jobs,
    /// Substituted commands that were parsed already.
    pub(crate) parsed: HashMap<Rc<str>, Rc<Script>>,
    /// The image's commands, asked for once.
    pub(crate) names: Option<Rc<Vec<String>>>,
    /// What the last command substitution of this command gave as status.
    pub(crate) substituted: Option<i32>,
    /// Output of process substitutions to feed, and files to remove, when the command is done.
    pub(crate) leftovers: Vec<crate::expand::process::Leftover>,
    pub(crate) in_trap: bool,
    /// The status that `exit` without one means within a trap.
    pub(crate) before_trap: Option<i32>,
    /// `exec` without a command: the redirections of this one stay.
    pub(crate) keeps_redirections: bool,
    pub(crate) temporary: u32,
    /// A builtin could not write; its status is 1 then.
    pub(crate) write_failed: bool,
}

impl Shell {
    pub(crate) fn new(state: State) -> Self {
        Shell {
            state,
            files: Files::given(),
            jobs: Jobs::default(),
            parsed: HashMap::new(),
            names: None,
            substituted: None,
            leftovers: Vec::new(),
            in_trap: false,
            before_trap: None,
            keeps_redirections: false,
            temporary: 0,
            write_failed: false,
        }
    }

    pub(crate) fn on(&self, option: Opt) -> bool {
        self.state.options.on(option)
    }

    pub(crate) fn shopt(&self, option: Shopt) -> bool {
        self.state.options.shopt(option)
    }

    /// A path as the operating system takes it: the current directory is the shell's own business.
    pub(crate) fn absolute(&self, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        format!("{}/{path}", self.state.directory.trim_end_matches('/'))
    }

    pub(crate) fn print(&mut self, text: &str) -> Run<()> {
        if text.is_empty() {
            return Ok(());
        }
        let Some(handle) = self.files.get(1) else {
            self.complain("write error: Bad file descriptor");
            self.write_failed = true;
            return Ok(());
        };
        match handle.write(&crate::text::to_bytes(text)) {
            Ok(()) => Ok(()),
            // A native shell would have been ended by SIGPIPE.
            Err(failure) if failure.kind == "broken-pipe" => Err(Stop::Exit(141)),
            Err(failure) => {
                self.complain(&format!("write error: {}", failure.message));
                self.write_failed = true;
                Ok(())
            }
        }
    }

    pub(crate) fn print_error(&mut self, text: &str) {
        if let Some(handle) = self.files.get(2) {
            // Nobody is left to be told when the error stream itself fails.
            handle.write(&crate::text::to_bytes(text)).unwrap_or_default();
        }
    }

    /// An error in bash's form.
    pub(crate) fn complain(&mut self, message: &str) {
        let source = if self.state.source.is_empty() { &self.state.name } else { &self.state.source };
        let text = format!("{source}: line {}: {message}\n", self.state.line);
        self.print_error(&text);
    }

    /// The image's commands, sorted.
    pub(crate) fn command_names(&mut self) -> Rc<Vec<String>> {
        self.names.get_or_insert_with(|| Rc::new(process::names())).clone()
    }

    /// Counts a command within a command; the last command that there is room for ends the shell.
    pub(crate) fn nested(&mut self, run: impl FnOnce(&mut Self) -> Run) -> Run {
        if self.state.nesting >= DEEPEST_COMMAND {
            self.complain(&format!("commands are nested too deeply (the most is {DEEPEST_COMMAND})"));
            return Err(Stop::Exit(1));
        }
        self.state.nesting += 1;
        let result = run(self);
        self.state.nesting -= 1;
        result
    }

    /// Reads a script with this shell's options, as deep as there is room for.
    pub(crate) fn parse(&self, text: &str, first_line: u32) -> Result<Script, SyntaxError> {
        let deepest = DEEPEST_TEXT.min(DEEPEST_COMMAND + 10 - self.state.nesting.min(DEEPEST_COMMAND));
        parse::script(text, first_line, parse::Dialect { extglob: self.shopt(Shopt::Extglob), deepest })
    }

    /// One level deeper into functions, sourced files or substitutions.
    pub(crate) fn deeper<T>(&mut self, what: &str, run: impl FnOnce(&mut Self) -> Run<T>) -> Run<T> {
        if self.state.depth >= DEEPEST {
            self.complain(&format!("{what}: maximum nesting level exceeded ({DEEPEST})"));
            return Err(Stop::Exit(1));
        }
        self.state.depth += 1;
        let result = run(self);
        self.state.depth -= 1;
        result
    }
}
