//! `git ls-tree`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use crate::Stop;
use crate::arguments::{Argument, Arguments, unknown};
use crate::quote::{Style, quoted};
use crate::repository::{Repository, SUBMODULE, Side, names_only};

const FOLDER: u32 = 0o040_000;

#[derive(Default)]
struct Options {
    recursive: bool,
    folders: bool,
    only_folders: bool,
    long: bool,
    names: bool,
    ids: bool,
    zero: bool,
    whole_names: bool,
    from_top: bool,
    words: Vec<String>,
}

/// One line: a file, a submodule or a folder.
pub(crate) struct Row {
    pub(crate) mode: u32,
    pub(crate) path: Vec<u8>,
    id: String,
}

impl Row {
    /// As git tells it, without the path.
    pub(crate) fn label(&self) -> String {
        format!("{:06o} {} {}", self.mode, kind(self.mode), self.id)
    }
}

pub(crate) fn ls_tree(repository: &Repository, arguments: &[String]) -> Result<i32, Stop> {
    let options = read(arguments)?;
    let Some((revision, paths)) = options.words.split_first() else {
        return Err(Stop::usage("usage: git ls-tree [<options>] <tree-ish> [<path>...]"));
    };
    match repository.resolve(revision) {
        None => return Err(Stop::fatal(format!("Not a valid object name {revision}"))),
        Some((_, kind)) if kind == "blob" => return Err(Stop::fatal("not a tree object")),
        Some(_) => {}
    }
    let wanted = wanted(repository, &options, revision, paths)?;
    let rows = rows(repository, &options, revision, &wanted)?;
    let sizes = if options.long { sizes(repository, revision)? } else { BTreeMap::new() };
    let mut out = std::io::stdout().lock();
    for row in rows {
        let name = name(repository, &options, revision, &row.path);
        let end: &[u8] = if options.zero { b"\0" } else { b"\n" };
        out.write_all(&[label(&options, &row, &sizes).as_bytes(), &name, end].concat())?;
    }
    Ok(0)
}

/// A path as it is shown: from the top, or from the current folder.
fn name(repository: &Repository, options: &Options, revision: &str, path: &[u8]) -> Vec<u8> {
    let from_top = options.whole_names || options.from_top || revision.contains(':');
    let name = match repository.prefix.as_bytes().strip_suffix(b"/") {
        _ if options.ids => return Vec::new(),
        _ if from_top => path.to_vec(),
        Some(current) if current == path => b"./".to_vec(),
        _ => repository.relative(path),
    };
    if options.zero { name } else { quoted(&name, Style::Plain).into_bytes() }
}

fn read(arguments: &[String]) -> Result<Options, Stop> {
    let mut options = Options::default();
    let mut arguments = Arguments::new(arguments, "");
    while let Some(argument) = arguments.next() {
        match argument {
            Argument::Word(word) | Argument::Path(word) => options.words.push(word),
            Argument::Option(option) => match option.as_str() {
                "-r" => options.recursive = true,
                "-t" => options.folders = true,
                "-d" => options.only_folders = true,
                "-l" | "--long" => options.long = true,
                "-z" => options.zero = true,
                "--name-only" | "--name-status" => options.names = true,
                "--object-only" => options.ids = true,
                "--full-name" => options.whole_names = true,
                "--full-tree" => options.from_top = true,
                _ => return Err(unknown(&option)),
            },
        }
    }
    Ok(options)
}

/// The paths that are looked for; one with a slash at its end means what is in it.
fn wanted(repository: &Repository, options: &Options, revision: &str, paths: &[String]) -> Result<Vec<Vec<u8>>, Stop> {
    let from_top = options.from_top || revision.contains(':');
    let prefix = if from_top { "" } else { repository.prefix.as_str() };
    let one = |path: &String| {
        let slash: &[u8] = if path.ends_with('/') || path == "." { b"/" } else { b"" };
        let path = if from_top { path.trim_matches('/').as_bytes().to_vec() } else { repository.path(path)? };
        Ok(if path.is_empty() { path } else { [&path, slash].concat() })
    };
    if paths.is_empty() { Ok(vec![prefix.as_bytes().to_vec()]) } else { paths.iter().map(one).collect() }
}

fn rows(repository: &Repository, options: &Options, revision: &str, wanted: &[Vec<u8>]) -> Result<Vec<Row>, Stop> {
    let (mut rows, mut seen) = (Vec::new(), BTreeSet::new());
    for entry in repository.entries(&Side::Revision(revision.to_owned()))? {
        let Some(shown) = wanted.iter().filter_map(|wanted| shown(wanted, &entry.path)).min() else { continue };
        let slashes = entry.path.iter().enumerate().filter(|(at, byte)| **byte == b'/' && *at >= shown);
        let descends = options.recursive && (options.folders || options.only_folders);
        let folders = slashes.map(|(at, _)| at).take_while(|at| descends || *at == shown);
        for at in folders.filter(|_| descends || !options.recursive) {
            if seen.insert(entry.path[..at].to_vec()) {
                rows.push(folder(repository, revision, &entry.path[..at])?);
            }
        }
        let is_file = options.recursive || shown == entry.path.len();
        if is_file && !options.only_folders {
            rows.push(Row { mode: entry.mode, path: entry.path, id: entry.id });
        }
    }
    Ok(rows)
}

/// How much of a path is shown where folders stand for what is in them; none if it is not wanted.
fn shown(wanted: &[u8], path: &[u8]) -> Option<usize> {
    let rest = path.strip_prefix(wanted)?;
    if wanted.is_empty() || wanted.ends_with(b"/") {
        let slash = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
        return Some(wanted.len() + slash);
    }
    (rest.is_empty() || rest[0] == b'/').then_some(wanted.len())
}

fn folder(repository: &Repository, revision: &str, path: &[u8]) -> Result<Row, Stop> {
    let between = match revision.split_once(':') {
        None => ":",
        Some((_, "")) => "",
        Some(_) => "/",
    };
    let name = format!("{revision}{between}{}", String::from_utf8_lossy(path));
    let (id, _) = repository.resolve(&name).ok_or_else(|| Stop::fatal(format!("Not a valid object name {name}")))?;
    Ok(Row { mode: FOLDER, path: path.to_vec(), id })
}

fn label(options: &Options, row: &Row, sizes: &BTreeMap<Vec<u8>, u64>) -> String {
    let size = sizes.get(&row.path).filter(|_| kind(row.mode) == "blob").map_or("-".to_owned(), u64::to_string);
    match () {
        () if options.names => String::new(),
        () if options.ids => row.id.clone(),
        () if options.long => format!("{} {size:>7}\t", row.label()),
        () => format!("{}\t", row.label()),
    }
}

fn kind(mode: u32) -> &'static str {
    match mode {
        FOLDER => "tree",
        SUBMODULE => "commit",
        _ => "blob",
    }
}

/// How many bytes each file has.
fn sizes(repository: &Repository, revision: &str) -> Result<BTreeMap<Vec<u8>, u64>, Stop> {
    let side = Side::Revision(revision.to_owned());
    let found = repository.differences(&Side::Nothing, &side, &names_only(Vec::new()))?;
    Ok(found.into_iter().map(|difference| (difference.new_path, difference.sizes.1)).collect())
}

/// What is at once in a folder of a revision, as `cat-file -p` has it.
pub(crate) fn listed(repository: &Repository, revision: &str) -> Result<Vec<Row>, Stop> {
    rows(repository, &Options::default(), revision, &[Vec::new()])
}
