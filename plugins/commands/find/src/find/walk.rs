//! Goes through the folders and does with each file what the expression says.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::time::SystemTime;

use super::expression::{Action, Expression, Links, Search, Test};
use super::visit::Visited;

/// How many bytes of names one command gets, and how many names.
const BATCH_BYTES: usize = 96 * 1024;
const BATCH_FILES: usize = 4096;

struct Walk<'a> {
    search: &'a Search,
    out: BufWriter<io::Stdout>,
    files: Vec<Option<fs::File>>,
    waiting: Vec<Vec<String>>,
    failed: bool,
    quits: bool,
    /// The folder that is looked at is not entered.
    prunes: bool,
}

pub(super) fn run(search: Search) -> i32 {
    let waiting = search.batches.iter().map(|_| Vec::new()).collect();
    let out = BufWriter::with_capacity(32 * 1024, io::stdout());
    let mut walk =
        Walk { search: &search, out, files: Vec::new(), waiting, failed: false, quits: false, prunes: false };
    walk.files = search.files.iter().map(|path| walk.create(path)).collect();
    for root in &search.roots {
        if !walk.quits {
            walk.root(root);
        }
    }
    (0..search.batches.len()).for_each(|batch| walk.run_batch(batch));
    if walk.out.flush().is_err() {
        return 1;
    }
    i32::from(walk.failed)
}

impl<'a> Walk<'a> {
    fn create(&mut self, path: &str) -> Option<fs::File> {
        let file = fs::File::create(path);
        file.map_err(|problem| self.complain(path, &problem)).ok()
    }

    fn complain(&mut self, path: &str, problem: &io::Error) {
        self.failed = true;
        eprintln!("find: '{path}': {}", posix::reason(problem));
    }

    fn root(&mut self, root: &'a str) {
        match Visited::root(root, self.search.links != Links::Never) {
            Ok(visited) => self.visit(&visited),
            Err(problem) => self.complain(root, &problem),
        }
    }

    fn visit(&mut self, visited: &Visited<'a>) {
        let looked_at = visited.depth >= self.search.least_depth;
        self.prunes = false;
        if looked_at && !self.search.contents_first {
            self.decide(visited);
        }
        let entered = visited.kind == 'd' && visited.depth < self.search.most_depth && !self.prunes;
        if entered && !self.quits {
            self.enter(visited);
        }
        if looked_at && self.search.contents_first && !self.quits {
            self.decide(visited);
        }
    }

    /// Names in order, so that the same tree always gives the same output.
    fn enter(&mut self, folder: &Visited<'a>) {
        let entries = match place::entries(folder.file()) {
            Ok(entries) => entries,
            Err(problem) => return self.complain(&folder.path, &problem),
        };
        for entry in entries {
            if self.quits {
                return;
            }
            self.visit(&Visited::entry(folder, &entry, self.search.links == Links::Always));
        }
    }

    fn decide(&mut self, visited: &Visited<'_>) {
        let search = self.search;
        self.holds(&search.expression, visited);
    }

    fn holds(&mut self, expression: &Expression, visited: &Visited<'_>) -> bool {
        if self.quits {
            return false;
        }
        match expression {
            Expression::And(all) => all.iter().all(|one| self.holds(one, visited)),
            Expression::Or(all) => all.iter().any(|one| self.holds(one, visited)),
            Expression::List(all) => all.iter().fold(false, |_, one| self.holds(one, visited)),
            Expression::Not(one) => !self.holds(one, visited),
            Expression::Test(test) => test.holds(visited, self.search.now),
            Expression::Action(action) => self.act(action, visited),
        }
    }

    fn act(&mut self, action: &Action, visited: &Visited<'_>) -> bool {
        let written = match action {
            Action::Print { end } => write!(self.out, "{}{end}", visited.path),
            Action::Format(format) => self.out.write_all(format.of(visited).as_bytes()),
            Action::List => writeln!(self.out, "{}", super::print::listed(visited, self.search.now)),
            Action::PrintInto { file, end } => self.write_into(*file, &format!("{}{end}", visited.path)),
            Action::FormatInto { file, format } => self.write_into(*file, &format.of(visited)),
            Action::Delete => return self.delete(visited),
            Action::Prune => {
                self.prunes = true;
                Ok(())
            }
            Action::Quit => {
                self.quits = true;
                Ok(())
            }
            Action::Exec(exec) => {
                // What was printed comes before what the command prints.
                return self.out.flush().is_ok() && exec.once(&visited.path);
            }
            Action::Batch(batch) => {
                self.add_to_batch(*batch, &visited.path);
                Ok(())
            }
        };
        if written.is_err() {
            // Nobody reads it any longer.
            (self.quits, self.failed) = (true, true);
        }
        true
    }

    fn write_into(&mut self, file: usize, text: &str) -> io::Result<()> {
        self.files[file].as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()))
    }

    fn delete(&mut self, visited: &Visited<'_>) -> bool {
        // The folder in which everything is looked for stays, as everywhere.
        if visited.path == "." {
            return true;
        }
        let folder = visited.kind == 'd';
        let removed = if folder { fs::remove_dir(&visited.path) } else { fs::remove_file(&visited.path) };
        if let Err(problem) = &removed {
            self.failed = true;
            eprintln!("find: cannot delete '{}': {}", visited.path, posix::reason(problem));
        }
        removed.is_ok()
    }

    fn add_to_batch(&mut self, batch: usize, path: &str) {
        let waiting = &mut self.waiting[batch];
        waiting.push(path.to_owned());
        let bytes: usize = waiting.iter().map(|path| path.len() + 1).sum();
        if bytes > BATCH_BYTES || waiting.len() >= BATCH_FILES {
            self.run_batch(batch);
        }
    }

    fn run_batch(&mut self, batch: usize) {
        let paths = std::mem::take(&mut self.waiting[batch]);
        if !paths.is_empty() {
            self.failed |= self.out.flush().is_err() || !self.search.batches[batch].many(&paths);
        }
    }
}

impl Test {
    fn holds(&self, visited: &Visited<'_>, now: SystemTime) -> bool {
        match self {
            Self::Always(value) | Self::Owner(value) => *value,
            Self::Name(pattern) => pattern.is_match(visited.name()),
            Self::Path(pattern) => pattern.is_match(&visited.path),
            Self::LinkName(pattern) => visited.link_target().is_some_and(|target| pattern.is_match(&target)),
            Self::Type(letters) => letters.contains(visited.kind),
            Self::TargetType(letters) => letters.contains(visited.target_kind()),
            Self::Size(size) => size.accepts(visited.bytes()),
            Self::Empty => visited.is_empty(),
            Self::Age { clock, number, unit } => {
                let age = now.duration_since(visited.time(*clock)).map_or(0, |age| age.as_secs() as i64);
                number.accepts(if *unit == 60 { (age + 59) / 60 } else { age / unit })
            }
            Self::Newer { clock, than } => visited.time(*clock) > *than,
            Self::Mode(mode) => mode.accepts(visited.mode()),
            Self::Allows(bits) => visited.mode() & bits != 0,
            Self::Links(number) => number.accepts(visited.identity().1 as i64),
            Self::Inode(number) => number.accepts(visited.identity().0 as i64),
            Self::SameFile(inode) => visited.identity().0 == *inode,
        }
    }
}
