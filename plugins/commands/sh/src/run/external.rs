//! Starting other programs.

use super::program::Program;
use super::subshell::Work;
use crate::jobs::Started;
use crate::process::{self, Failure, Start};
use crate::state::Shell;
use crate::stop::Run;

impl Shell {
    pub(crate) fn run_external(&mut self, words: Vec<String>) -> Run {
        if words[0].is_empty() {
            self.complain(": command not found");
            return Ok(127);
        }
        if let Some(handler) = self.state.functions.get("command_not_found_handle").cloned()
            && self.program(&words[0]) == Program::Missing
            && !words[0].contains('/')
        {
            return self.call(&handler, words);
        }
        let started = self.start_external(&words);
        Ok(self.finished(started))
    }

    /// Starts a program, or says why not.
    pub(crate) fn start_external(&mut self, words: &[String]) -> Started {
        let name = words[0].as_str();
        let program = match self.program(name) {
            Program::Image(program) | Program::File(program) => program,
            Program::Script(path) => {
                let work = Work::File(path, words.to_vec());
                let files = self.files.clone();
                let child = self.start_subshell(&files, &work);
                return child.map_or(Started::Status(126), |child| Started::Child(child, name.to_owned()));
            }
            Program::Directory => return self.refused(name, "Is a directory", 126),
            Program::NotExecutable => return self.refused(name, "Permission denied", 126),
            Program::Missing if name.contains('/') => return self.refused(name, "No such file or directory", 127),
            Program::Missing => return self.missing(words),
        };
        match self.spawn(Some(program), words) {
            Ok(child) => Started::Child(child, name.to_owned()),
            Err(failure) => self.not_started(name, &failure),
        }
    }

    fn spawn(&mut self, program: Option<String>, words: &[String]) -> Result<process::Child, Failure> {
        process::spawn(Start {
            program,
            arguments: words.to_vec(),
            variables: self.environment(),
            directory: self.state.directory.clone(),
            handles: self.files.all(),
            payload: Vec::new(),
            time_limit_ms: None,
        })
    }

    /// The exported variables; always with PWD, from which a guest knows where it is.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let mut variables = self.state.vars.exported();
        if !variables.iter().any(|(name, _)| name == "PWD") {
            variables.push(("PWD".into(), self.state.directory.clone()));
        }
        variables
    }

    fn refused(&mut self, name: &str, message: &str, status: i32) -> Started {
        self.complain(&format!("{name}: {message}"));
        Started::Status(status)
    }

    fn not_started(&mut self, name: &str, failure: &Failure) -> Started {
        match failure.kind.as_str() {
            "not-found" => self.refused(name, &failure.message, 127),
            _ => self.refused(name, &failure.message, 126),
        }
    }

    /// A name that leads nowhere: the host knows the nearest command, we know what agents try.
    fn missing(&mut self, words: &[String]) -> Started {
        let name = words[0].as_str();
        let message = match instead_of(name) {
            Some(hint) => format!("command not found ({hint})"),
            None => match process::spawn(Start {
                program: Some(name.to_owned()),
                arguments: words.to_vec(),
                variables: Vec::new(),
                directory: self.state.directory.clone(),
                handles: Vec::new(),
                payload: Vec::new(),
                time_limit_ms: Some(1),
            }) {
                // `command not found (did you mean grep?)`
                Err(failure) if failure.message.starts_with("command not found") => failure.message,
                _ => "command not found".into(),
            },
        };
        self.refused(name, &message, 127)
    }
}

/// Commands that need a native machine, and what to do here instead.
pub(crate) fn instead_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "gcc" | "g++" | "cc" | "c++" | "clang" | "clang++" | "ld" | "make" | "cmake" | "ninja" => {
            "native compilers do not run in this sandbox; edit and check the sources here, and let the project's CI build them"
        }
        "cargo" | "rustc" | "rustup" => {
            "Rust's toolchain does not run in this sandbox; read and edit the sources, and let CI build them"
        }
        "go" | "javac" | "java" | "mvn" | "gradle" | "dotnet" | "swift" => {
            "this toolchain does not run in this sandbox; read and edit the sources, and let CI build them"
        }
        "npm" | "npx" | "yarn" | "pnpm" | "bun" | "deno" => {
            "package managers do not run in this sandbox; where the image has js, run a script with `js file.js`"
        }
        "node" | "nodejs" => "Node.js is not here; where the image has js, run a script with `js file.js`",
        "docker" | "podman" | "kubectl" | "systemctl" | "service" => {
            "containers and services cannot be run inside this sandbox"
        }
        "apt" | "apt-get" | "dpkg" | "yum" | "dnf" | "apk" | "brew" | "pacman" | "snap" => {
            "nothing can be installed here; commands come with the environment's image"
        }
        "pip" | "pip3" => "packages come with the environment's image; pure-Python code can be put beside the script",
        "ssh" | "scp" | "sftp" | "rsync" | "nc" | "netcat" | "telnet" => {
            "there are no sockets here; use curl for the hosts that the environment grants"
        }
        "sudo" | "su" | "doas" => "there is only one user here; run the command itself",
        "vi" | "vim" | "nano" | "emacs" | "less" | "more" => {
            "no terminal program runs here; use sed, cat, head or tail"
        }
        "ps" | "top" | "htop" | "strace" | "gdb" | "lsof" => {
            "there are no native processes here to look at; see `jobs`"
        }
        _ => return None,
    })
}
