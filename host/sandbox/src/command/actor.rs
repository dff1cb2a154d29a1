//! A command's store, and what it may ask for: other commands, open files, pipes.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use skep_model::{Access, Digest};
use tokio::sync::watch;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::{I32Exit, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::command::family::{Child, Ending, Place};
use crate::command::life::{self, Start};
use crate::command::open::{Handle, HandleError, Payer};
use crate::command::time::{self, Time};
use crate::files::random::Random;
use crate::files::root::{self, Root};
use crate::files::{self, Files, Listings};
use crate::meter::{Meter, Space};
use crate::quota::Of;
use crate::tool::Refuse;

pub(crate) mod bindings {
    #![allow(missing_docs, reason = "generated from the contract, which has the documentation")]
    wasmtime::component::bindgen!({
        path: "../../guest-sdk/wit/command",
        world: "any-command",
        imports: { default: async | trappable },
        with: {
            "skep:command/process.handle": crate::command::open::Handle,
            "skep:command/process.child": crate::command::family::Child,
            "skep:command/http.response": crate::command::http::asked::Answer,
        },
    });
}

use bindings::skep::command::{git, http, process as contract};

/// The first line of a script that is looked at for its interpreter, in bytes.
const FIRST_LINE: usize = 256;
/// Bytes of randomness that are made at once.
const RANDOM: usize = 4 * 1024;
/// The most that one read hands over, in bytes.
const READ: u32 = 1 << 20;

/// What a command's store holds.
pub(crate) struct Actor {
    pub(crate) table: ResourceTable,
    pub(crate) space: Space,
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) egress: Refuse,
    pub(crate) meter: Arc<Meter>,
    pub(crate) place: Place,
    /// What it is an instance of.
    pub(crate) component: Digest,
    pub(crate) given: BTreeMap<u32, Handle>,
    pub(crate) payload: Vec<u8>,
    pub(crate) listings: Listings,
    pub(crate) root: Root,
    pub(crate) time: Time,
    /// Where the randomness of what it starts comes from; this machine's when there is none.
    pub(crate) seed: Option<u64>,
    pub(crate) random: Option<Random>,
    /// Commands that it has started.
    pub(crate) started: u64,
}

impl WasiView for Actor {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Actor {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.egress }
    }
}

/// Everything that a command may import.
pub(crate) fn link(linker: &mut Linker<Actor>) -> wasmtime::Result<()> {
    crate::wasi::link_powerless(linker)?;
    time::link(linker)?;
    files::link(linker, Actor::files)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    git::add_to_linker::<Actor, HasSelf<Actor>>(linker, |actor| actor)?;
    http::add_to_linker::<Actor, HasSelf<Actor>>(linker, |actor| actor)?;
    contract::add_to_linker::<Actor, HasSelf<Actor>>(linker, |actor| actor)
}

pub(super) type Reply<T> = wasmtime::Result<Result<T, contract::Failure>>;

pub(super) fn failure(kind: &str, message: impl Into<String>) -> contract::Failure {
    contract::Failure { kind: kind.into(), message: message.into() }
}

impl From<HandleError> for contract::Failure {
    fn from(error: HandleError) -> Self {
        match error {
            HandleError::Broken => failure("broken-pipe", "Broken pipe"),
            HandleError::Direction => failure("bad-handle", "Bad file descriptor"),
            HandleError::Io(error) => of_io(&error),
            HandleError::Fatal(error) => failure("io", error.to_string()),
        }
    }
}

fn of_io(error: &std::io::Error) -> contract::Failure {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => failure("not-found", "No such file or directory"),
        ErrorKind::PermissionDenied => failure("not-permitted", "Permission denied"),
        ErrorKind::IsADirectory => failure("is-directory", "Is a directory"),
        ErrorKind::NotADirectory => failure("not-directory", "Not a directory"),
        ErrorKind::AlreadyExists => failure("exists", "File exists"),
        ErrorKind::InvalidFilename => failure("invalid", "File name too long"),
        _ => failure("io", error.to_string()),
    }
}

/// What a handle answers; what is fatal ends the command.
fn reply<T>(result: Result<T, HandleError>) -> Reply<T> {
    match result {
        Err(HandleError::Fatal(error)) => Err(error),
        other => Ok(other.map_err(Into::into)),
    }
}

impl Actor {
    fn files(&mut self) -> Files<'_> {
        Files {
            inner: WasiFilesystemCtxView { ctx: self.wasi.filesystem(), table: &mut self.table },
            quota: Some(self.place.family().root.quota()),
            meter: &self.meter,
            space: &mut self.space,
            listings: &mut self.listings,
            root: Some(&self.root),
            random: self.random.as_mut(),
        }
    }

    fn handle(&self, handle: &Resource<Handle>) -> wasmtime::Result<Handle> {
        Ok(self.table.get(handle)?.clone())
    }

    fn child(&self, child: &Resource<Child>) -> wasmtime::Result<&Child> {
        Ok(self.table.get(child)?)
    }

    /// The file at `path`, opened below the root whatever links say.
    async fn open_file(&mut self, path: &str, options: contract::OpenOptions) -> Reply<Handle> {
        let below = match below_root(path) {
            Ok(below) => below,
            Err(failure) => return Ok(Err(failure)),
        };
        if options.create && !self.make_room(&below).await? {
            return Ok(Err(failure("not-permitted", "Permission denied")));
        }
        Ok(self.open_below(&below, options))
    }

    /// Counts a file that is about to be. Not in the root itself, which stays as it is.
    async fn make_room(&mut self, below: &Path) -> wasmtime::Result<bool> {
        let root = &self.place.family().root;
        if root.dir().symlink_metadata(below).is_ok() {
            return Ok(true);
        }
        if below.components().count() == 1 {
            return Ok(false);
        }
        root.quota().spend_entry()?;
        // Should the file not come to be, a recount finds that.
        root.quota().take(Of::Files, 1, &self.meter).await?;
        Ok(true)
    }

    /// The device of randomness, as the seed has it.
    fn random_handle(&mut self) -> Handle {
        let generator = self.random.as_mut().map(Random::next).map(Mutex::new);
        Handle::asked(Arc::new(move || match &generator {
            Some(generator) => generator.lock().unwrap_or_else(PoisonError::into_inner).take(RANDOM),
            None => Vec::new(),
        }))
    }

    fn open_below(&mut self, below: &Path, options: contract::OpenOptions) -> Result<Handle, contract::Failure> {
        let family = self.place.family();
        match root::device(below) {
            Some("dev/null") => return Ok(Handle::null()),
            Some(device) if root::is_random(device) && self.random.is_some() => return Ok(self.random_handle()),
            Some(device) => {
                let file = root::open_device(device).map_err(|error| of_io(&error))?;
                return Ok(Handle::file(Arc::new(file), false, None));
            }
            None => {}
        }
        let contract::OpenOptions { read, write, append, create, truncate, exclusive } = options;
        if family.access != Access::Write && (write || append || create || truncate) {
            return Err(failure("not-permitted", "Read-only file system"));
        }
        if truncate {
            family.root.quota().note_change();
        }
        let mut open = cap_std::fs::OpenOptions::new();
        open.read(read).write(write).append(append).truncate(truncate);
        open.create(create && !exclusive).create_new(create && exclusive);
        let file = family.root.dir().open_with(below, &open).map_err(|error| of_io(&error))?;
        let kind = file.metadata().map_err(|error| of_io(&error))?;
        if kind.is_dir() {
            return Err(failure("is-directory", "Is a directory"));
        }
        let file = Arc::new(file.into_std());
        let quota = Arc::clone(family.root.quota());
        quota.opened(&file);
        Ok(Handle::file(file, append, Some(Payer { quota, meter: Arc::clone(&self.meter) })))
    }

    /// What `program` means: a component, and the arguments with which it is started.
    fn resolve(
        &mut self,
        program: Option<String>,
        arguments: Vec<String>,
    ) -> Result<(Digest, Vec<String>), contract::Failure> {
        let Some(program) = program else { return Ok((self.component, arguments)) };
        let image = &self.place.family().image;
        if let Some((_, digest)) = image.command(&program) {
            return Ok((digest, arguments));
        }
        if program.contains('/') {
            return self.script(&program, arguments);
        }
        let hint = image.nearest(&program).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        Err(failure("not-found", format!("command not found{hint}")))
    }

    /// A file that names its interpreter.
    fn script(&mut self, path: &str, arguments: Vec<String>) -> Result<(Digest, Vec<String>), contract::Failure> {
        let read = contract::OpenOptions {
            read: true,
            write: false,
            append: false,
            create: false,
            truncate: false,
            exclusive: false,
        };
        let file = self.open_below(&below_root(path)?, read)?;
        let first = file.take(FIRST_LINE, Some(b'\n'))?.unwrap_or_default();
        let Some(line) = first.strip_prefix(b"#!") else {
            return Err(failure("invalid", "cannot execute: it is no script with an interpreter of this image"));
        };
        let line = String::from_utf8_lossy(line);
        let mut words = line.trim().splitn(2, char::is_whitespace);
        let interpreter = words.next().unwrap_or_default();
        let rest = words.next().map(str::trim).filter(|rest| !rest.is_empty());
        // `#!/usr/bin/env NAME` is how scripts name an interpreter wherever it is.
        let (name, option) = match (interpreter, rest) {
            ("/usr/bin/env" | "/bin/env", Some(rest)) => (rest.trim_start_matches("-S ").trim(), None),
            _ => (interpreter, rest),
        };
        let mut name = name.split_whitespace();
        let command = name.next().unwrap_or_default();
        let Some((known, digest)) = self.place.family().image.command(command) else {
            return Err(failure("not-found", format!("{command}: bad interpreter: no such command in this image")));
        };
        let mut all = vec![known.to_owned()];
        all.extend(name.map(str::to_owned).chain(option.map(str::to_owned)));
        all.push(path.to_owned());
        all.extend(arguments.into_iter().skip(1));
        Ok((digest, all))
    }
}

/// A path of the root as one relative to it. `..` at the root stays there, as on Unix.
fn below_root(path: &str) -> Result<PathBuf, contract::Failure> {
    if path.is_empty() {
        return Err(failure("not-found", "No such file or directory"));
    }
    let mut below = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => below.push(name),
            Component::ParentDir => drop(below.pop()),
            Component::CurDir | Component::RootDir => {}
            Component::Prefix(_) => return Err(failure("invalid", "Invalid argument")),
        }
    }
    Ok(if below.as_os_str().is_empty() { PathBuf::from(".") } else { below })
}

impl contract::HostHandle for Actor {
    async fn read(&mut self, handle: Resource<Handle>, most: u32) -> Reply<Vec<u8>> {
        let handle = self.handle(&handle)?;
        reply(handle.read(most.min(READ) as usize).await.map(Vec::from))
    }

    async fn read_until(&mut self, handle: Resource<Handle>, delimiter: u8, most: u32) -> Reply<Vec<u8>> {
        let handle = self.handle(&handle)?;
        reply(handle.read_until(delimiter, most.min(READ) as usize).await)
    }

    async fn write(&mut self, handle: Resource<Handle>, bytes: Vec<u8>) -> Reply<()> {
        let handle = self.handle(&handle)?;
        reply(handle.write(Bytes::from(bytes)).await)
    }

    async fn duplicate(&mut self, handle: Resource<Handle>) -> wasmtime::Result<Resource<Handle>> {
        let handle = self.handle(&handle)?;
        Ok(self.table.push(handle)?)
    }

    async fn is_terminal(&mut self, _: Resource<Handle>) -> wasmtime::Result<bool> {
        Ok(false)
    }

    async fn drop(&mut self, handle: Resource<Handle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl From<Ending> for contract::Ending {
    fn from(ending: Ending) -> Self {
        Self { code: ending.code.into(), reason: ending.reason }
    }
}

/// What is known of an ending when its command is gone.
fn known(ending: Option<Ending>) -> Ending {
    ending.unwrap_or_else(|| Ending { code: 137, reason: "ended with the call".into() })
}

async fn end_of(mut ended: watch::Receiver<Option<Ending>>) -> Ending {
    let ending = ended.wait_for(Option::is_some).await;
    known(ending.ok().and_then(|ending| ending.clone()))
}

impl contract::HostChild for Actor {
    async fn number(&mut self, child: Resource<Child>) -> wasmtime::Result<u32> {
        Ok(self.child(&child)?.number)
    }

    async fn wait(&mut self, child: Resource<Child>) -> wasmtime::Result<contract::Ending> {
        let Child { ended, time, .. } = self.child(&child)?;
        let (ended, time) = (ended.clone(), time.clone());
        let ending = end_of(ended).await;
        self.time.catch_up(&time);
        Ok(ending.into())
    }

    async fn ended(&mut self, child: Resource<Child>) -> wasmtime::Result<Option<contract::Ending>> {
        let ended = &self.child(&child)?.ended;
        let gone = ended.has_changed().is_err();
        let ending = ended.borrow().clone();
        if ending.is_some() {
            self.time.catch_up(&self.child(&child)?.time);
        }
        Ok(ending.or_else(|| gone.then(|| known(None))).map(Into::into))
    }

    async fn kill(&mut self, child: Resource<Child>, code: u32) -> wasmtime::Result<()> {
        let child = self.child(&child)?;
        child.killed_with.store(code.min(255), Relaxed);
        child.end.cancel();
        Ok(())
    }

    async fn drop(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        self.table.delete(child)?;
        Ok(())
    }
}

impl contract::Host for Actor {
    async fn open(&mut self, path: String, options: contract::OpenOptions) -> Reply<Resource<Handle>> {
        self.meter.call(path.len())?;
        match self.open_file(&path, options).await? {
            Ok(handle) => Ok(Ok(self.table.push(handle)?)),
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn pipe(&mut self) -> Reply<(Resource<Handle>, Resource<Handle>)> {
        let place = match self.place.family().pipe_place() {
            Ok(place) => place,
            Err(message) => return Ok(Err(failure("too-many", message))),
        };
        let (reader, writer) = Handle::pipe(Some(place));
        Ok(Ok((self.table.push(reader)?, self.table.push(writer)?)))
    }

    async fn given(&mut self, number: u32) -> wasmtime::Result<Option<Resource<Handle>>> {
        let Some(handle) = self.given.get(&number).cloned() else { return Ok(None) };
        Ok(Some(self.table.push(handle)?))
    }

    async fn given_numbers(&mut self) -> wasmtime::Result<Vec<u32>> {
        Ok(self.given.keys().copied().collect())
    }

    async fn spawn(&mut self, command: contract::Command) -> Reply<Resource<Child>> {
        let contract::Command { program, arguments, variables, directory, handles, payload, time_limit_ms } = command;
        let texts = variables.iter().flat_map(|(name, value)| [name, value]).chain(&arguments);
        self.meter.call(payload.len() + texts.map(String::len).sum::<usize>())?;
        let (component, arguments) = match self.resolve(program, arguments) {
            Ok(resolved) => resolved,
            Err(failure) => return Ok(Err(failure)),
        };
        let mut given = BTreeMap::new();
        for (number, handle) in handles {
            given.insert(number, self.handle(&handle)?);
        }
        let place = match self.place.family().place(Some(&self.place)) {
            Ok(place) => place,
            Err(message) => return Ok(Err(failure("too-many", message))),
        };
        let (say, ended) = watch::channel(None);
        let killed_with = Arc::new(AtomicU32::new(137));
        let time = self.time.of_a_child();
        let seed = self.seed.map(|seed| time::of_a_child(seed, self.started));
        self.started += 1;
        let child = Child {
            number: place.number,
            ended,
            end: place.end.clone(),
            killed_with: Arc::clone(&killed_with),
            time: time.clone(),
        };
        let time_limit = time_limit_ms.map(Duration::from_millis);
        let start = Start { component, arguments, variables, directory, given, payload, time_limit, time, seed };
        let family = Arc::clone(place.family());
        family.go(Box::pin(async move {
            let ending = life::live(start, place, &killed_with).await;
            // Nobody who waits is told before all that the command held is closed.
            say.send_replace(Some(ending));
        }));
        Ok(Ok(self.table.push(child)?))
    }

    async fn wait_any(&mut self, children: Vec<Resource<Child>>) -> wasmtime::Result<u32> {
        let mut waits = Vec::with_capacity(children.len());
        for child in &children {
            waits.push(Box::pin(end_of(self.child(child)?.ended.clone())));
        }
        if waits.is_empty() {
            return Err(wasmtime::Error::msg("wait-any of an empty list"));
        }
        let (_, index, _) = futures_util::future::select_all(waits).await;
        if let Some(child) = children.get(index) {
            self.time.catch_up(&self.child(child)?.time);
        }
        Ok(u32::try_from(index).unwrap_or(u32::MAX))
    }

    async fn names(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(self.place.family().image.commands.keys().cloned().collect())
    }

    async fn payload(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.payload.clone())
    }

    async fn numbers(&mut self) -> wasmtime::Result<(u32, u32)> {
        Ok((self.place.number, self.place.parent))
    }

    async fn exit(&mut self, code: u32) -> wasmtime::Result<()> {
        Err(I32Exit(i32::try_from(code.min(255)).unwrap_or(1)).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_root_as_a_kernel_would_have_it() {
        for (path, below) in [
            ("/", "."),
            ("/..", "."),
            ("/a/../b", "b"),
            ("/../../etc/passwd", "etc/passwd"),
            ("/workspace/./x", "workspace/x"),
        ] {
            assert_eq!(below_root(path).ok(), Some(PathBuf::from(below)), "{path}");
        }
        assert!(below_root("").is_err());
    }
}
