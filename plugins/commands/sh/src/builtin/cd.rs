//! The current directory and the stack of those before it.

use crate::options::Opt;
use crate::state::Shell;
use crate::stop::Run;

/// A path without `.`, `..` and doubled slashes, as text.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

impl Shell {
    /// Goes to a directory. False: there is none, and that was told.
    fn enter(&mut self, name: &str, path: &str, physical: bool) -> Run<bool> {
        let absolute = self.absolute(path);
        let target = if physical { real(&absolute) } else { normal(&absolute) };
        // Out of a directory that is gone, the text of the path is all there is to go by.
        let gone = || !std::path::Path::new(&self.state.directory).is_dir();
        let there = match std::fs::metadata(&absolute) {
            Err(error) if !gone() => Err(error),
            _ => std::fs::metadata(&target),
        };
        let problem = match there {
            Ok(metadata) if metadata.is_dir() => None,
            Ok(_) => Some("Not a directory"),
            Err(_) => Some("No such file or directory"),
        };
        if let Some(problem) = problem {
            self.complain(&format!("{name}: {path}: {problem}"));
            return Ok(false);
        }
        let before = std::mem::replace(&mut self.state.directory, target.clone());
        self.assign("OLDPWD", None, before, false)?;
        self.assign("PWD", None, target, false)?;
        Ok(true)
    }
}

fn real(path: &str) -> String {
    std::fs::canonicalize(path)
        .ok()
        .and_then(|path| path.into_os_string().into_string().ok())
        .unwrap_or_else(|| normal(path))
}

pub(super) fn cd(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "LPe@") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "cd", &problem),
    };
    let physical = given.has('P') || shell.on(Opt::Physical);
    let (path, shows) = match given.operands.as_slice() {
        [] => match shell.state.vars.scalar("HOME") {
            Some(home) => (home.to_owned(), false),
            None => return super::misuse(shell, "cd", "HOME not set").map(|_| 1),
        },
        [dash] if dash == "-" => match shell.state.vars.scalar("OLDPWD") {
            Some(old) => (old.to_owned(), true),
            None => return super::misuse(shell, "cd", "OLDPWD not set").map(|_| 1),
        },
        [path] => found_by_path(shell, path),
        _ => return super::misuse(shell, "cd", "too many arguments").map(|_| 1),
    };
    if path.is_empty() {
        return Ok(0);
    }
    if !shell.enter("cd", &path, physical)? {
        return Ok(1);
    }
    if shows {
        let text = format!("{}\n", shell.state.directory);
        shell.print(&text)?;
    }
    Ok(0)
}

/// CDPATH, for a path that does not say where it begins; and whether to show what was found.
fn found_by_path(shell: &Shell, path: &str) -> (String, bool) {
    let relative =
        !path.starts_with('/') && path != "." && path != ".." && !path.starts_with("./") && !path.starts_with("../");
    if relative && let Some(folders) = shell.state.vars.scalar("CDPATH") {
        for folder in folders.split(':') {
            let candidate = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
            if std::path::Path::new(&shell.absolute(&candidate)).is_dir() {
                return (candidate, !folder.is_empty() && folder != ".");
            }
        }
    }
    (path.to_owned(), false)
}

pub(super) fn pwd(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "LP") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "pwd", &problem),
    };
    let physical = given.letters.last().is_some_and(|(letter, _)| *letter == 'P');
    let text = if physical { real(&shell.state.directory) } else { shell.state.directory.clone() };
    shell.print(&format!("{text}\n"))?;
    Ok(0)
}

fn show_stack(shell: &mut Shell) -> Run {
    let home = shell.state.vars.scalar("HOME").unwrap_or_default().to_owned();
    let entries = std::iter::once(&shell.state.directory).chain(&shell.state.stack);
    let shown: Vec<String> = entries.map(|path| with_tilde(path, &home)).collect();
    shell.print(&format!("{}\n", shown.join(" ")))?;
    Ok(0)
}

fn with_tilde(path: &str, home: &str) -> String {
    match path.strip_prefix(home) {
        Some(rest) if !home.is_empty() && (rest.is_empty() || rest.starts_with('/')) => format!("~{rest}"),
        _ => path.to_owned(),
    }
}

fn without_separator(words: &[String]) -> Vec<String> {
    words.iter().filter(|word| *word != "--" && *word != "-n").cloned().collect()
}

/// `+n` from the top, `-n` from the bottom, of the stack with the current directory on it.
fn position(shell: &Shell, word: &str) -> Option<usize> {
    let count = shell.state.stack.len() + 1;
    let number = word.get(1..)?.parse::<usize>().ok()?;
    match word.as_bytes()[0] {
        b'+' => (number < count).then_some(number),
        b'-' => (count - 1).checked_sub(number),
        _ => None,
    }
}

pub(super) fn pushd(shell: &mut Shell, words: &[String]) -> Run {
    let words = &without_separator(words)[..];
    let here = shell.state.directory.clone();
    match words.get(1).map(String::as_str) {
        None => {
            if shell.state.stack.is_empty() {
                return super::misuse(shell, "pushd", "no other directory").map(|_| 1);
            }
            let other = shell.state.stack[0].clone();
            if !shell.enter("pushd", &other, false)? {
                return Ok(1);
            }
            shell.state.stack[0] = here;
        }
        Some(word) if word.len() > 1 && word.starts_with(['+', '-']) => {
            let Some(position) = position(shell, word) else {
                return super::misuse(shell, "pushd", &format!("{word}: directory stack index out of range"))
                    .map(|_| 1);
            };
            let mut entries: Vec<String> = std::iter::once(here).chain(shell.state.stack.drain(..)).collect();
            entries.rotate_left(position);
            let top = entries.remove(0);
            shell.state.stack = entries;
            if !shell.enter("pushd", &top, false)? {
                return Ok(1);
            }
        }
        Some(path) => {
            let path = path.to_owned();
            if !shell.enter("pushd", &path, false)? {
                return Ok(1);
            }
            shell.state.stack.insert(0, here);
        }
    }
    show_stack(shell)
}

pub(super) fn popd(shell: &mut Shell, words: &[String]) -> Run {
    let words = &without_separator(words)[..];
    if shell.state.stack.is_empty() {
        return super::misuse(shell, "popd", "directory stack empty").map(|_| 1);
    }
    match words.get(1).map(|word| position(shell, word)) {
        None | Some(Some(0)) => {
            let top = shell.state.stack.remove(0);
            if !shell.enter("popd", &top, false)? {
                return Ok(1);
            }
        }
        Some(Some(position)) => {
            shell.state.stack.remove(position - 1);
        }
        Some(None) => return super::misuse(shell, "popd", "directory stack index out of range").map(|_| 1),
    }
    show_stack(shell)
}

pub(super) fn dirs(shell: &mut Shell, words: &[String]) -> Run {
    let entries: Vec<String> =
        std::iter::once(shell.state.directory.clone()).chain(shell.state.stack.iter().cloned()).collect();
    let home = shell.state.vars.scalar("HOME").unwrap_or_default().to_owned();
    let text = match words.get(1).map(String::as_str) {
        Some("-c") => {
            shell.state.stack.clear();
            String::new()
        }
        Some("-p") => entries.iter().map(|path| with_tilde(path, &home)).map(|path| format!("{path}\n")).collect(),
        Some("-v") => entries
            .iter()
            .map(|path| with_tilde(path, &home))
            .enumerate()
            .map(|(at, path)| format!("{at:2}  {path}\n"))
            .collect(),
        Some("-l") => format!("{}\n", entries.join(" ")),
        Some(word) => match position(shell, word) {
            Some(position) => format!("{}\n", entries[position]),
            None => {
                return super::misuse(shell, "dirs", &format!("{word}: directory stack index out of range")).map(|_| 1);
            }
        },
        None => return show_stack(shell),
    };
    shell.print(&text)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_are_normal() {
        assert_eq!(super::normal("/a/./b//../c/"), "/a/c");
        assert_eq!(super::normal("/../.."), "/");
    }
}
