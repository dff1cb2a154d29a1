//! Files, for the module `fs`. An error is one of Node's: with a code, the call and the path.

use std::fs::{self, FileType, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rquickjs::{Ctx, Error, Exception, Function, Object, Result, TypedArray};

pub(crate) type Bytes<'js> = TypedArray<'js, u8>;

/// A copy of them, since a program may change them at any time.
pub(crate) fn content(bytes: &Bytes<'_>) -> Vec<u8> {
    // SAFETY: no program runs before the copy is made.
    unsafe { bytes.as_bytes() }.unwrap_or_default().to_vec()
}

pub(crate) fn add<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("read", Function::new(ctx.clone(), read)?)?;
    host.set("write", Function::new(ctx.clone(), write)?)?;
    host.set("list", Function::new(ctx.clone(), list)?)?;
    host.set("stat", Function::new(ctx.clone(), stat)?)?;
    for (name, call) in CALLS {
        let call = *call;
        let function =
            move |ctx: Ctx<'js>, path: String| call(&path).map_err(|problem| failed(&ctx, &problem, name, &path));
        host.set(*name, Function::new(ctx.clone(), function)?)?;
    }
    for (name, call) in CALLS_OF_TWO {
        let call = *call;
        let function = move |ctx: Ctx<'js>, from: String, to: String| {
            call(&from, &to).map_err(|problem| failed(&ctx, &problem, name, &format!("{from}' -> '{to}")))
        };
        host.set(*name, Function::new(ctx.clone(), function)?)?;
    }
    Ok(())
}

type Call = fn(&str) -> io::Result<Option<String>>;
type CallOfTwo = fn(&str, &str) -> io::Result<()>;

const CALLS: &[(&str, Call)] = &[
    ("mkdir", |path| fs::create_dir(path).map(|()| None)),
    ("mkdirs", |path| fs::create_dir_all(path).map(|()| None)),
    ("unlink", |path| fs::remove_file(path).map(|()| None)),
    ("rmdir", |path| fs::remove_dir(path).map(|()| None)),
    ("rmdirs", |path| fs::remove_dir_all(path).map(|()| None)),
    ("chdir", |path| std::env::set_current_dir(path).map(|()| None)),
    ("cwd", |_| std::env::current_dir().map(|path| Some(path.to_string_lossy().into_owned()))),
    ("realpath", |path| fs::canonicalize(path).map(|path| Some(path.to_string_lossy().into_owned()))),
    ("readlink", |path| fs::read_link(path).map(|path| Some(path.to_string_lossy().into_owned()))),
];

const CALLS_OF_TWO: &[(&str, CallOfTwo)] = &[
    ("rename", |from, to| fs::rename(from, to)),
    ("copyfile", |from, to| fs::copy(from, to).map(drop)),
    ("symlink", |target, path| rustix::fs::symlink(target, path).map_err(io::Error::from)),
];

fn read<'js>(ctx: Ctx<'js>, path: String) -> Result<Bytes<'js>> {
    let bytes = fs::read(&path).and_then(|bytes| if Path::new(&path).is_dir() { Err(directory()) } else { Ok(bytes) });
    Bytes::new(ctx.clone(), bytes.map_err(|problem| failed(&ctx, &problem, "open", &path))?)
}

fn directory() -> io::Error {
    io::ErrorKind::IsADirectory.into()
}

/// `flag` is `w`, `a`, `wx` or `ax`, as Node has them.
fn write<'js>(ctx: Ctx<'js>, path: String, bytes: Bytes<'js>, flag: String) -> Result<()> {
    let exclusive = flag.ends_with('x');
    let mut options = OpenOptions::new();
    if flag.starts_with('a') {
        options.append(true);
    } else {
        options.write(true).truncate(!exclusive);
    }
    options.create(true).create_new(exclusive);
    let written = options.open(&path).and_then(|mut file| file.write_all(&content(&bytes)));
    written.map_err(|problem| failed(&ctx, &problem, "open", &path))
}

/// Each entry's name and kind, sorted.
fn list(ctx: Ctx<'_>, path: String) -> Result<Vec<Vec<String>>> {
    let read = || {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push(vec![name, kind(entry.file_type()?).to_owned()]);
        }
        entries.sort();
        Ok(entries)
    };
    read().map_err(|problem| failed(&ctx, &problem, "scandir", &path))
}

fn kind(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "folder"
    } else if kind.is_symlink() {
        "link"
    } else {
        "file"
    }
}

fn stat<'js>(ctx: Ctx<'js>, path: String, follow: bool) -> Result<Object<'js>> {
    let metadata = if follow { fs::metadata(&path) } else { fs::symlink_metadata(&path) };
    let call = if follow { "stat" } else { "lstat" };
    let metadata = metadata.map_err(|problem| failed(&ctx, &problem, call, &path))?;
    let result = Object::new(ctx)?;
    result.set("kind", kind(metadata.file_type()))?;
    result.set("size", metadata.len() as f64)?;
    result.set("mtimeMs", milliseconds(&metadata, Metadata::modified))?;
    result.set("atimeMs", milliseconds(&metadata, Metadata::accessed))?;
    Ok(result)
}

fn milliseconds(metadata: &Metadata, time: fn(&Metadata) -> io::Result<SystemTime>) -> f64 {
    let since = time(metadata).ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    since.as_millis() as f64
}

/// The words and the code that Node has for what went wrong, thrown.
pub(crate) fn failed(ctx: &Ctx<'_>, problem: &io::Error, call: &str, path: &str) -> Error {
    // The standard library does not know this one on WASI.
    let not_empty = problem.raw_os_error() == Some(rustix::io::Errno::NOTEMPTY.raw_os_error());
    let (code, words) = match problem.kind() {
        _ if not_empty => ("ENOTEMPTY", "directory not empty"),
        io::ErrorKind::NotFound => ("ENOENT", "no such file or directory"),
        io::ErrorKind::PermissionDenied => ("EACCES", "permission denied"),
        io::ErrorKind::ReadOnlyFilesystem => ("EROFS", "read-only file system"),
        io::ErrorKind::AlreadyExists => ("EEXIST", "file already exists"),
        io::ErrorKind::IsADirectory => ("EISDIR", "illegal operation on a directory"),
        io::ErrorKind::NotADirectory => ("ENOTDIR", "not a directory"),
        _ => ("EIO", "i/o error"),
    };
    let words = if code == "EIO" { problem.to_string() } else { words.to_owned() };
    let thrown = Exception::from_message(ctx.clone(), &format!("{code}: {words}, {call} '{path}'")).and_then(|error| {
        let object = error.as_object();
        object.set("code", code)?;
        object.set("syscall", call)?;
        object.set("path", path)?;
        object.set("errno", -problem.raw_os_error().unwrap_or(5))?;
        Ok(error.throw())
    });
    thrown.unwrap_or_else(|error| error)
}
