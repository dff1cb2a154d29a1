//! `-exec`, `-execdir` and `-ok`: commands over what was found.

use std::io::{BufRead, Write};

use place::{Input, Start};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exec {
    /// With `{}` where the file goes; without the `{}` that ends a batch.
    pub(super) words: Vec<String>,
    /// In the file's own folder.
    pub(super) in_folder: bool,
    /// A person says yes first.
    pub(super) asks: bool,
}

/// The folder to run in, and the file's name as seen from there.
fn seen_from_folder(path: &str) -> (String, String) {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        Some(("", name)) => ("/".into(), format!("./{name}")),
        Some((folder, name)) => (folder.into(), format!("./{name}")),
        None if trimmed.is_empty() => ("/".into(), "/".into()),
        None => (".".into(), format!("./{trimmed}")),
    }
}

impl Exec {
    /// Whether the command ended well.
    pub(super) fn once(&self, path: &str) -> bool {
        let (folder, name) = self.place_of(path);
        let words: Vec<String> = self.words.iter().map(|word| word.replace("{}", &name)).collect();
        (!self.asks || confirmed(&words)) && run(words, folder.as_deref())
    }

    /// All of these files with one command, or one a folder.
    pub(super) fn many(&self, paths: &[String]) -> bool {
        let mut well = true;
        let mut folders: Vec<(Option<String>, Vec<String>)> = Vec::new();
        for path in paths {
            let (folder, name) = self.place_of(path);
            match folders.last_mut() {
                Some((last, names)) if *last == folder => names.push(name),
                _ => folders.push((folder, vec![name])),
            }
        }
        for (folder, names) in folders {
            let words = self.words.iter().cloned().chain(names).collect();
            well &= run(words, folder.as_deref());
        }
        well
    }

    fn place_of(&self, path: &str) -> (Option<String>, String) {
        if !self.in_folder {
            return (None, path.to_owned());
        }
        let (folder, name) = seen_from_folder(path);
        (Some(folder), name)
    }
}

fn confirmed(words: &[String]) -> bool {
    eprint!("< {} > ? ", words.join(" "));
    std::io::stderr().flush().unwrap_or_default();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim_start().starts_with(['y', 'Y'])
}

fn run(words: Vec<String>, folder: Option<&str>) -> bool {
    let name = words.first().cloned().unwrap_or_default();
    let mut start = Start { input: Input::Given, ..Start::new(words) };
    if let Some(folder) = folder {
        let folder = std::path::Path::new(&start.directory).join(folder).to_string_lossy().into_owned();
        start.variables.retain(|(name, _)| name != "PWD");
        start.variables.push(("PWD".into(), folder.clone()));
        start.directory = folder;
    }
    match start.finish() {
        Ok(ending) => ending.code == 0,
        Err(failure) => {
            eprintln!("find: '{name}': {}", failure.message);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_from_its_own_folder() {
        assert_eq!(seen_from_folder("./a/b"), ("./a".into(), "./b".into()));
        assert_eq!(seen_from_folder("/b"), ("/".into(), "./b".into()));
        assert_eq!(seen_from_folder("b"), (".".into(), "./b".into()));
    }

    #[test]
    fn the_file_takes_the_place_of_the_braces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let words = ["sh", "-c", "printf %s \"$1\" >\"$0.seen\"", "{}", "<{}>"].map(str::to_owned).to_vec();
        let exec = Exec { words, in_folder: false, asks: false };
        assert!(exec.once(path.to_str().unwrap()));
        let seen = std::fs::read_to_string(folder.path().join("x.seen")).unwrap();
        assert_eq!(seen, format!("<{}>", path.display()));
    }

    #[test]
    fn a_command_that_fails_or_is_not_there_is_false() {
        let exec = |word: &str| Exec { words: vec![word.into()], in_folder: false, asks: false };
        assert!(exec("true").once("x") && !exec("false").once("x") && !exec("no-such-command").once("x"));
    }

    #[test]
    fn a_batch_in_folders_is_one_command_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        let words = ["sh", "-c", "echo \"$@\" >>list", "sh"].map(str::to_owned).to_vec();
        let exec = Exec { words, in_folder: true, asks: false };
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        assert!(exec.many(&[path("a/x"), path("a/y"), path("z")]));
        assert_eq!(std::fs::read_to_string(folder.path().join("a/list")).unwrap(), "./x ./y\n");
        assert_eq!(std::fs::read_to_string(folder.path().join("list")).unwrap(), "./z\n");
    }
}
