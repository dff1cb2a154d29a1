//! `tar -c`. Headers are made here, since the library asks for what WASI does not know.

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use super::options::Options;
use crate::{Stop, inside};

pub(super) fn run(options: &Options) -> Result<bool, Stop> {
    let writer = super::writer(options)?;
    if options.compresses {
        let (encoder, clean) = packed(GzEncoder::new(writer, Compression::default()), options)?;
        encoder.finish()?.flush()?;
        return Ok(clean);
    }
    let (mut writer, clean) = packed(writer, options)?;
    writer.flush()?;
    Ok(clean)
}

/// The writer again, and whether everything could be read.
fn packed<W: Write>(writer: W, options: &Options) -> Result<(W, bool), Stop> {
    let mut packing = Packing { builder: Builder::new(writer), options, clean: true };
    for (folder, member) in &options.members {
        let folder = PathBuf::from(folder.as_deref().unwrap_or_default());
        packing.add(&folder, member)?;
    }
    Ok((packing.builder.into_inner()?, packing.clean))
}

struct Packing<'a, W: Write> {
    builder: Builder<W>,
    options: &'a Options,
    clean: bool,
}

impl<W: Write> Packing<'_, W> {
    fn complain(&mut self, name: &str, problem: &io::Error) {
        eprintln!("tar: {name}: {}", posix::reason(problem));
        self.clean = false;
    }

    /// Problems with files are reported, those with the archive end everything.
    fn add(&mut self, folder: &Path, name: &str) -> Result<(), Stop> {
        if self.options.excludes(name) {
            return Ok(());
        }
        let path = folder.join(name);
        let metadata = if self.options.follows_links { fs::metadata(&path) } else { fs::symlink_metadata(&path) };
        let metadata = match metadata {
            Ok(metadata) => metadata,
            Err(problem) => {
                self.complain(name, &problem);
                return Ok(());
            }
        };
        let Some(stored) = inside::relative(Path::new(name)) else {
            return Err(Stop::Problem(format!("{name}: a member's name may not lead out with '..'; use -C")));
        };
        let stored = if stored.as_os_str().is_empty() { PathBuf::from("./") } else { stored };
        if self.options.verbose {
            eprintln!("{name}{}", if metadata.is_dir() && !name.ends_with('/') { "/" } else { "" });
        }
        let mut header = header(&metadata);
        if metadata.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            self.builder.append_link(&mut header, &stored, fs::read_link(&path)?)?;
        } else if metadata.is_dir() {
            header.set_entry_type(EntryType::Directory);
            let stored = format!("{}/", stored.to_string_lossy().trim_end_matches('/'));
            self.builder.append_data(&mut header, stored, io::empty())?;
            self.below(folder, name)?;
        } else {
            self.file(header, &stored, &path, metadata.len())?;
        }
        Ok(())
    }

    fn file(&mut self, mut header: Header, stored: &Path, path: &Path, length: u64) -> Result<(), Stop> {
        // An archive in the folder that it is made of would hold itself.
        if self
            .options
            .archive
            .as_deref()
            .is_some_and(|archive| fs::canonicalize(archive).ok() == fs::canonicalize(path).ok())
        {
            eprintln!("tar: {}: file is the archive; not dumped", path.display());
            return Ok(());
        }
        match File::open(path) {
            Ok(file) => {
                let mut content = BufReader::with_capacity(64 * 1024, file);
                header.set_mode(posix::mode::of_file(content.fill_buf().unwrap_or_default()));
                header.set_size(length);
                self.builder.append_data(&mut header, stored, content.take(length))?;
            }
            Err(problem) => self.complain(&path.to_string_lossy(), &problem),
        }
        Ok(())
    }

    fn below(&mut self, folder: &Path, name: &str) -> Result<(), Stop> {
        let entries = match place::entries(&folder.join(name)) {
            Ok(entries) => entries,
            Err(problem) => {
                self.complain(name, &problem);
                return Ok(());
            }
        };
        let name = name.trim_end_matches('/');
        entries.iter().try_for_each(|entry| self.add(folder, &format!("{name}/{}", entry.name)))
    }
}

/// A file's mode is set when its content is known.
fn header(metadata: &Metadata) -> Header {
    let mut header = Header::new_gnu();
    let written = metadata.modified().map(posix::date::since_epoch).map_or(0, |(seconds, _)| seconds.max(0));
    header.set_entry_type(EntryType::Regular);
    header.set_size(0);
    header.set_mode(if metadata.is_symlink() { posix::mode::LINK } else { posix::mode::EXECUTABLE });
    header.set_mtime(written as u64);
    header.set_uid(u64::from(posix::OWNER_NUMBER));
    header.set_gid(u64::from(posix::OWNER_NUMBER));
    header
}
