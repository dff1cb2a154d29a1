//! `ls -l`. uutils' asks for modes and owners that WASI does not tell, and shows others than `stat` and `find` do here; all that is
//! not a long listing is uutils' own.

mod options;
mod order;

use std::fs::{self, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::SystemTime;

use posix::date::Date;

use options::{Hidden, Options, Time};

/// What takes room takes it in these, as nearly everywhere.
const BLOCK: u64 = 4096;

/// Serious trouble: something that was named is not there.
const TROUBLE: i32 = 2;

/// The code of a long listing; nothing if the words ask for something else.
pub(crate) fn long(arguments: &[String]) -> Option<i32> {
    let options = options::read(arguments)?;
    let out = BufWriter::with_capacity(64 * 1024, io::stdout());
    let mut list = List { options: &options, now: SystemTime::now(), out, code: 0, any: false };
    // Nobody who reads no more is told so.
    list.operands().and_then(|()| list.out.flush()).unwrap_or_default();
    Some(list.code)
}

struct List<'a> {
    options: &'a Options,
    now: SystemTime,
    out: BufWriter<io::Stdout>,
    code: i32,
    /// Something was listed, from which the next folder is set off.
    any: bool,
}

/// A file as it is shown.
struct Shown {
    name: String,
    path: String,
    metadata: Metadata,
}

impl Shown {
    fn is_folder(&self) -> bool {
        self.metadata.is_dir()
    }

    fn blocks(&self) -> u64 {
        let bytes = if self.metadata.is_symlink() { 0 } else { self.metadata.len() };
        bytes.div_ceil(BLOCK) * BLOCK
    }
}

impl List<'_> {
    fn operands(&mut self) -> io::Result<()> {
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for path in &self.options.paths {
            // A folder is listed through a link to it only where that is asked for.
            let follows = self.options.follows || path.ends_with('/');
            match if follows { fs::metadata(path) } else { fs::symlink_metadata(path) } {
                Ok(metadata) => {
                    let shown = Shown { name: path.clone(), path: path.clone(), metadata };
                    let list =
                        if shown.is_folder() && !self.options.folders_themselves { &mut folders } else { &mut files };
                    list.push(shown);
                }
                Err(problem) => self.complain(&format!("cannot access '{path}'"), &problem),
            }
        }
        order::sort(&mut files, self.options);
        order::sort(&mut folders, self.options);
        self.any = !files.is_empty();
        self.lines(&files)?;
        let names = self.options.recurses || self.options.paths.len() > 1;
        folders.iter().try_for_each(|folder| self.folder(&folder.path, names))
    }

    fn complain(&mut self, what: &str, problem: &io::Error) {
        // What was listed before comes before what is said.
        self.out.flush().unwrap_or_default();
        eprintln!("ls: {what}: {}", posix::reason(problem));
        self.code = TROUBLE;
    }

    fn folder(&mut self, path: &str, named: bool) -> io::Result<()> {
        let names = match self.names(path) {
            Ok(names) => names,
            Err(problem) => {
                self.complain(&format!("cannot open directory '{path}'"), &problem);
                return Ok(());
            }
        };
        if named {
            writeln!(self.out, "{}{path}:", if self.any { "\n" } else { "" })?;
        }
        self.any = true;
        let mut files = Vec::new();
        for name in names {
            let separator = if path.ends_with('/') { "" } else { "/" };
            let below = format!("{path}{separator}{name}");
            let metadata = if self.options.follows { fs::metadata(&below) } else { fs::symlink_metadata(&below) };
            match metadata.or_else(|_| fs::symlink_metadata(&below)) {
                Ok(metadata) => files.push(Shown { name, path: below, metadata }),
                Err(problem) => self.complain(&format!("cannot access '{below}'"), &problem),
            }
        }
        order::sort(&mut files, self.options);
        let total: u64 = files.iter().map(Shown::blocks).sum();
        writeln!(self.out, "total {}", self.options.blocks(total))?;
        self.lines(&files)?;
        if self.options.recurses {
            let below = files.iter().filter(|file| file.is_folder() && file.name != "." && file.name != "..");
            return below.into_iter().try_for_each(|folder| self.folder(&folder.path, true));
        }
        Ok(())
    }

    fn names(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = place::entries(Path::new(path))?.into_iter().map(|entry| entry.name).collect();
        match self.options.hidden {
            Hidden::None => names.retain(|name| !name.starts_with('.')),
            Hidden::Most => {}
            Hidden::All => names.splice(0..0, [".".to_owned(), "..".to_owned()]).for_each(drop),
        }
        names.retain(|name| !self.options.ignored.iter().any(|pattern| pattern.is_match(name)));
        Ok(names)
    }

    fn lines(&mut self, files: &[Shown]) -> io::Result<()> {
        let rows: Vec<Vec<String>> = files.iter().map(|file| self.columns(file)).collect();
        let widest = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(widest).collect();
        for (row, file) in rows.iter().zip(files) {
            for (cell, width) in row.iter().zip(&widths) {
                // Owners are words, all else are numbers; dates are equally wide.
                let is_word = cell.starts_with(|first: char| first.is_ascii_lowercase());
                if is_word { write!(self.out, "{cell:<width$} ")? } else { write!(self.out, "{cell:>width$} ")? }
            }
            writeln!(self.out, "{}", self.name(file))?;
        }
        Ok(())
    }

    /// Everything before the name.
    fn columns(&self, file: &Shown) -> Vec<String> {
        let options = self.options;
        let path = Path::new(&file.path);
        let mut columns = Vec::new();
        if options.inodes {
            columns.push(posix::inode::of(path).0.to_string());
        }
        if options.shows_blocks {
            columns.push(options.blocks(file.blocks()));
        }
        let mode = posix::mode::of(path, &file.metadata);
        columns.push(posix::mode::written(posix::mode::kind(&file.metadata), mode));
        // Only folders are known to have several names without being asked.
        columns.push(if file.is_folder() { posix::inode::of(path).1 } else { 1 }.to_string());
        let owner = if options.numbers { posix::OWNER_NUMBER.to_string() } else { posix::OWNER.to_owned() };
        if options.owner {
            columns.push(owner.clone());
        }
        if options.group {
            columns.push(owner);
        }
        columns.push(options.size(file.metadata.len()));
        columns.push(self.time(file));
        columns
    }

    fn time(&self, file: &Shown) -> String {
        let time = order::time(file, self.options);
        let date = Date::of(time);
        match &self.options.time {
            Time::Locale => {
                let recent = self.now.duration_since(time).is_ok_and(|age| age.as_secs() < 31_556_952 / 2);
                date.format(if recent { "%b %e %H:%M" } else { "%b %e  %Y" })
            }
            Time::Format(format) => date.format(format),
            Time::Full => format!("{}.{:09} +0000", date.format("%Y-%m-%d %H:%M:%S"), date.nanosecond),
        }
    }

    fn name(&self, file: &Shown) -> String {
        let executable = file.metadata.is_file() && posix::mode::of(Path::new(&file.path), &file.metadata) == 0o755;
        let mark = match self.options.marks {
            options::Marks::None => "",
            options::Marks::Folders => {
                if file.is_folder() {
                    "/"
                } else {
                    ""
                }
            }
            options::Marks::All if file.is_folder() => "/",
            options::Marks::All if executable => "*",
            options::Marks::All => "",
        };
        let target = fs::read_link(&file.path).ok().filter(|_| file.metadata.is_symlink());
        let target = target.map(|target| format!(" -> {}", target.display())).unwrap_or_default();
        format!("{}{mark}{target}", file.name)
    }
}
