//! Ways to fill a workspace.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, DirectoryEntryStream, OpenFlags, PathFlags};

const PIECE: usize = 64 << 10;

fn path(name: &str) -> PathBuf {
    Path::new("/workspace").join(name)
}

fn pieces(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX) / PIECE
}

pub(crate) fn fill(way: &str, bytes: u64, times: u64) -> skep::Result<u64> {
    match way {
        // One piece after the other.
        "write" => write(&mut File::create(path("full"))?, bytes)?,
        "append" => write(&mut OpenOptions::new().append(true).create(true).open(path("full"))?, bytes)?,
        // Without a stream.
        "direct" => direct(bytes)?,
        // A hole.
        "size" => File::create(path("full"))?.set_len(bytes)?,
        // A hole up to the last byte, by writing behind it.
        "seek" => seek(bytes)?,
        // Into what is there already, which takes no more room.
        "over" => (0..times).try_for_each(|_| write(&mut OpenOptions::new().write(true).open(path("full"))?, bytes))?,
        // The same file again and again, cut before each time.
        "again" => (0..times).try_for_each(|_| write(&mut File::create(path("full"))?, bytes))?,
        // Files that are deleted while they are open, and kept so.
        "nameless" => (0..times).try_for_each(|_| nameless(bytes).map(std::mem::forget))?,
        // The same, but closed before the next.
        "passing" => (0..times).try_for_each(|_| nameless(bytes).map(drop))?,
        other => return Err(format!("no way named `{other}`").into()),
    }
    Ok(fs::metadata(path("full")).map_or(0, |full| full.len()))
}

fn write(file: &mut File, bytes: u64) -> skep::Result<()> {
    let piece = vec![b'g'; PIECE];
    Ok((0..pieces(bytes)).try_for_each(|_| file.write_all(&piece))?)
}

fn nameless(bytes: u64) -> skep::Result<File> {
    let mut file = File::create(path("nameless"))?;
    fs::remove_file(path("nameless"))?;
    write(&mut file, bytes)?;
    Ok(file)
}

fn seek(bytes: u64) -> skep::Result<()> {
    use std::io::{Seek, SeekFrom};
    let mut file = File::create(path("full"))?;
    file.seek(SeekFrom::Start(bytes - 1))?;
    Ok(file.write_all(b"g")?)
}

fn workspace() -> skep::Result<Descriptor> {
    let (folder, _) = get_directories().into_iter().next().ok_or("there is no directory")?;
    Ok(folder)
}

fn direct(bytes: u64) -> skep::Result<()> {
    let file = workspace()?.open_at(PathFlags::empty(), "full", OpenFlags::CREATE, DescriptorFlags::WRITE);
    let file = file.map_err(|error| error.to_string())?;
    let (piece, mut at) = (vec![b'g'; PIECE], 0);
    while at < bytes {
        at += file.write(&piece, at).map_err(|error| error.to_string())?;
    }
    Ok(())
}

pub(crate) fn create(kind: &str, count: u64, removed: bool) -> skep::Result<u64> {
    let folder = workspace()?;
    let origin = File::create(path("origin"))?;
    drop(origin);
    for number in 0..count {
        let name = format!("{kind}-{number}");
        match kind {
            "file" => drop(File::create(path(&name))?),
            "folder" => fs::create_dir(path(&name))?,
            "symlink" => folder.symlink_at("origin", &name).map_err(|error| error.to_string())?,
            "hardlink" => fs::hard_link(path("origin"), path(&name))?,
            other => return Err(format!("no kind named `{other}`").into()),
        }
        if removed {
            if kind == "folder" { fs::remove_dir(path(&name))? } else { fs::remove_file(path(&name))? }
        }
    }
    Ok(count)
}

pub(crate) fn open(count: u64) -> skep::Result<u64> {
    (0..count).try_for_each(|_| File::create(path("full")).map(std::mem::forget))?;
    Ok(count)
}

pub(crate) fn list(count: u64) -> skep::Result<u64> {
    let folder = workspace()?;
    let mut kept: Vec<DirectoryEntryStream> = Vec::new();
    for _ in 0..count {
        kept.push(folder.read_directory().map_err(|error| error.to_string())?);
    }
    Ok(kept.len() as u64)
}
