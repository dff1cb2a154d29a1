//! Which files an argument stands for: itself, or with `-r` everything below it.

use std::path::{Path, PathBuf};

use globset::GlobSet;
use place::Kind;

use super::options::{Directories, Options};

/// A file that can be read, or a problem to report.
type Found = Result<PathBuf, String>;

/// The files of one argument in the order of their names.
pub(super) fn below<'a>(argument: &str, options: &'a Options) -> Box<dyn Iterator<Item = Found> + 'a> {
    let path = PathBuf::from(argument);
    let folder = std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir());
    match options.directories {
        _ if !folder => Box::new(wanted(&path, options).then(|| Ok(path.clone())).into_iter()),
        Directories::Read => Box::new(std::iter::once(Err(format!("{argument}: Is a directory")))),
        Directories::Skip => Box::new(std::iter::empty()),
        Directories::Recurse { follow_links } => {
            let mut walk = Walk { options, follow_links, waiting: Vec::new(), open: Vec::new() };
            walk.enter(path);
            Box::new(walk)
        }
    }
}

/// Goes through folders, each one's entries in the order of their names.
struct Walk<'a> {
    options: &'a Options,
    follow_links: bool,
    /// What comes next, last.
    waiting: Vec<Step>,
    /// The folders that the next step is in, as they are called when all links are followed.
    open: Vec<PathBuf>,
}

enum Step {
    Found(Found),
    Enter(PathBuf),
    /// Everything in a folder has been seen.
    Leave,
}

impl Walk<'_> {
    fn enter(&mut self, folder: PathBuf) {
        if self.follow_links {
            let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            if self.open.contains(&real) {
                let problem = format!("{}: warning: recursive directory loop", folder.display());
                return self.waiting.push(Step::Found(Err(problem)));
            }
            self.open.push(real);
            self.waiting.push(Step::Leave);
        }
        match place::entries(&folder) {
            Ok(entries) => {
                let steps = entries.into_iter().rev().filter_map(|entry| self.step(&folder, &entry.name, entry.kind));
                let steps: Vec<Step> = steps.collect();
                self.waiting.extend(steps);
            }
            Err(problem) => {
                let problem = format!("{}: {}", folder.display(), posix::reason(&problem));
                self.waiting.push(Step::Found(Err(problem)));
            }
        }
    }

    fn step(&self, folder: &Path, name: &str, kind: Kind) -> Option<Step> {
        // What is searched without being named is called as if it were.
        let nameless = self.options.implied_folder && folder == Path::new(".");
        let path = if nameless { PathBuf::from(name) } else { folder.join(name) };
        match if kind == Kind::Link && self.follow_links { behind(&path) } else { kind } {
            Kind::Folder => (!matches(&self.options.excluded_folders, &path)).then_some(Step::Enter(path)),
            Kind::File => wanted(&path, self.options).then_some(Step::Found(Ok(path))),
            Kind::Link | Kind::Other => None,
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            match self.waiting.pop()? {
                Step::Found(found) => return Some(found),
                Step::Enter(folder) => self.enter(folder),
                Step::Leave => drop(self.open.pop()),
            }
        }
    }
}

/// What a link leads to.
fn behind(link: &Path) -> Kind {
    match std::fs::metadata(link) {
        Ok(metadata) if metadata.is_dir() => Kind::Folder,
        Ok(metadata) if metadata.is_file() => Kind::File,
        _ => Kind::Other,
    }
}

fn wanted(path: &Path, options: &Options) -> bool {
    let included = options.included.is_empty() || matches(&options.included, path);
    included && !matches(&options.excluded, path)
}

/// A glob is held against the whole path, and against its last name.
fn matches(globs: &GlobSet, path: &Path) -> bool {
    !globs.is_empty() && (globs.is_match(path) || path.file_name().is_some_and(|name| globs.is_match(name)))
}
