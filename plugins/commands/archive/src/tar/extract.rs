//! `tar -x` and `tar -t`. Nothing is written outside the folder that is unpacked in.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use posix::date::Date;
use tar::{Archive, Entry, EntryType};

use super::options::{Mode, Options};
use crate::{Stop, inside};

pub(super) fn run(options: &Options) -> Result<bool, Stop> {
    let mut archive = Archive::new(super::reader(options)?);
    let folder = PathBuf::from(options.folder.as_deref().unwrap_or("."));
    if !folder.is_dir() {
        return Err(Stop::Problem(format!("{}: Cannot open: No such file or directory", folder.display())));
    }
    let mut unpacking = Unpacking { options, folder, found: vec![false; options.members.len()], clean: true };
    for entry in archive.entries()? {
        let mut entry =
            entry.map_err(|problem| Stop::Problem(format!("this does not look like a tar archive: {problem}")))?;
        unpacking.take(&mut entry)?;
    }
    for ((_, member), found) in options.members.iter().zip(&unpacking.found) {
        if !found {
            eprintln!("tar: {member}: Not found in archive");
            unpacking.clean = false;
        }
    }
    Ok(unpacking.clean)
}

struct Unpacking<'a> {
    options: &'a Options,
    folder: PathBuf,
    /// Which of the members that were named have come.
    found: Vec<bool>,
    clean: bool,
}

impl Unpacking<'_> {
    fn wants(&mut self, name: &str) -> bool {
        if self.options.excludes(name) {
            return false;
        }
        let plain = |name: &str| name.trim_start_matches("./").trim_end_matches('/').to_owned();
        let name = plain(name);
        let mut wanted = self.options.members.is_empty();
        for ((_, member), found) in self.options.members.iter().zip(&mut self.found) {
            let member = plain(member);
            if name == member || name.strip_prefix(&member).is_some_and(|rest| rest.starts_with('/')) {
                (wanted, *found) = (true, true);
            }
        }
        wanted
    }

    fn take<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<(), Stop> {
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !self.wants(&name) {
            return Ok(());
        }
        if self.options.mode == Mode::List {
            println!("{}", if self.options.verbose { listed(entry, &name) } else { name });
            return Ok(());
        }
        if self.options.verbose {
            println!("{name}");
        }
        if let Err(problem) = self.unpack(entry, &name) {
            eprintln!("tar: {name}: {problem}");
            self.clean = false;
        }
        Ok(())
    }

    fn unpack<R: Read>(&self, entry: &mut Entry<'_, R>, name: &str) -> Result<(), String> {
        let said = |problem: io::Error| posix::reason(&problem);
        if self.options.to_output {
            let mut out = io::stdout().lock();
            return io::copy(entry, &mut out).and_then(|_| out.flush()).map_err(said);
        }
        let whole = inside::relative(Path::new(name)).ok_or("the member's name leads out with '..'; it is left out")?;
        let inside: PathBuf = whole.components().skip(self.options.strip).collect();
        if inside.as_os_str().is_empty() {
            return Ok(());
        }
        if inside::passes_link(&self.folder, &inside) {
            return Err("a link stands in its way; it is left out".into());
        }
        let path = self.folder.join(&inside);
        if self.options.keeps_old && path.exists() && !path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(said)?;
        }
        match entry.header().entry_type() {
            EntryType::Directory => fs::create_dir_all(&path).map_err(said),
            EntryType::Symlink => symlink(entry, &inside, &path),
            EntryType::Link => self.hard_link(entry, &path),
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => write(entry, &path).map_err(said),
            other => Err(format!("a member of type {other:?} is left out")),
        }
    }

    /// A copy, since nobody can see the difference here.
    fn hard_link<R: Read>(&self, entry: &Entry<'_, R>, path: &Path) -> Result<(), String> {
        let target = target(entry)?;
        let inside = inside::relative(&target).ok_or("its link leads out; it is left out")?;
        let inside: PathBuf = inside.components().skip(self.options.strip).collect();
        if inside::passes_link(&self.folder, &inside) {
            return Err("a link stands in its way; it is left out".into());
        }
        fs::copy(self.folder.join(inside), path).map(drop).map_err(|problem| posix::reason(&problem))
    }
}

fn target<R: Read>(entry: &Entry<'_, R>) -> Result<PathBuf, String> {
    let target = entry.link_name().map_err(|problem| problem.to_string())?;
    target.map(|target| target.into_owned()).ok_or_else(|| "a link without a target".into())
}

fn symlink<R: Read>(entry: &Entry<'_, R>, inside: &Path, path: &Path) -> Result<(), String> {
    let target = target(entry)?;
    if !inside::link_stays(inside, &target) {
        return Err(format!("its link to {} leads out; it is left out", target.display()));
    }
    fs::remove_file(path).unwrap_or_default();
    rustix::fs::symlink(&target, path).map_err(|problem| posix::reason(&problem.into()))
}

fn write<R: Read>(entry: &mut Entry<'_, R>, path: &Path) -> io::Result<()> {
    // What is there is replaced, and not written through if it is a link.
    if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_dir()) {
        fs::remove_file(path)?;
    }
    let written = posix::date::to_time(i64::try_from(entry.header().mtime().unwrap_or(0)).unwrap_or(0));
    let mut file = File::create(path)?;
    io::copy(entry, &mut file)?;
    // A file system without times has none to set.
    file.set_modified(written).unwrap_or_default();
    Ok(())
}

fn listed<R: Read>(entry: &Entry<'_, R>, name: &str) -> String {
    let header = entry.header();
    let kind = match header.entry_type() {
        EntryType::Directory => 'd',
        EntryType::Symlink => 'l',
        EntryType::Link => 'h',
        _ => '-',
    };
    let mode = posix::mode::written(kind, header.mode().unwrap_or(0o644));
    let owner = match (header.username(), header.groupname()) {
        (Ok(Some(user)), Ok(Some(group))) if !user.is_empty() => format!("{user}/{group}"),
        _ => format!("{}/{}", header.uid().unwrap_or(0), header.gid().unwrap_or(0)),
    };
    let date = Date::of_seconds(header.mtime().unwrap_or(0) as i64).format("%Y-%m-%d %H:%M");
    let target = match (kind, target(entry)) {
        ('l', Ok(target)) => format!(" -> {}", target.display()),
        ('h', Ok(target)) => format!(" link to {}", target.display()),
        _ => String::new(),
    };
    format!("{mode} {owner} {:>9} {date} {name}{target}", entry.size())
}
