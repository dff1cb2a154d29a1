//! One command from its start to its end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use skep_model::{Access, Digest, LimitKind};
use wasmtime::component::ResourceTable;
use wasmtime::{Store, Trap};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{FsPerms, I32Exit, WasiCtx, WasiCtxBuilder};

use crate::budget::Spent;
use crate::command::actor::Actor;
use crate::command::family::{Ending, Family, Place};
use crate::command::open::Handle;
use crate::command::streams::{BrokenPipe, Standard};
use crate::command::time::Time;
use crate::files::Listings;
use crate::files::random::Random;
use crate::files::root::Root;
use crate::meter::{Exceeded, Space};
use crate::metered::Metered;
use crate::quota::Short;
use crate::tool::Refuse;

/// A loaded command component. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Command {
    pub(crate) pre: CommandPre<Actor>,
    /// It was built to look at `PWD`; others believe to be in `/`, and their paths are taken to be relative to where they start.
    pub(crate) knows_where_it_is: bool,
}

/// With what a command is started.
pub(crate) struct Start {
    pub(crate) component: Digest,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) directory: String,
    pub(crate) given: BTreeMap<u32, Handle>,
    pub(crate) payload: Vec<u8>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) time: Time,
    /// Where its randomness comes from; this machine's when there is none.
    pub(crate) seed: Option<u64>,
}

impl Start {
    fn bytes(&self) -> u64 {
        let variables = self.variables.iter().map(|(name, value)| name.len() + value.len());
        let texts = self.arguments.iter().map(String::len).chain(variables);
        (texts.sum::<usize>() + self.payload.len()) as u64
    }
}

const BROKEN_PIPE: u8 = 141;
const TIMED_OUT: u8 = 124;
const TRAPPED: u8 = 134;
const NOT_STARTED: u8 = 126;

/// Runs a command to its end. When this returns, all that it held open is closed.
pub(crate) async fn live(start: Start, place: Place, killed_with: &AtomicU32) -> Ending {
    let family = Arc::clone(place.family());
    let end = place.end.clone();
    let (limit, time) = (start.time_limit, start.time.clone());
    let began = time.elapsed();
    let out_of_time = async {
        match limit {
            Some(limit) => family.loading.after(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = end.cancelled() => {
            let code = u8::try_from(killed_with.load(Relaxed)).unwrap_or(137);
            Ending::code(code)
        }
        () = out_of_time => {
            // What it started ends with it.
            end.cancel();
            time.reach(began.saturating_add(limit.unwrap_or_default()));
            Ending { code: TIMED_OUT, reason: format!("its time limit of {} ms", limit.unwrap_or_default().as_millis()) }
        }
        ending = run(&family, start, place) => ending,
    }
}

async fn run(family: &Arc<Family>, start: Start, place: Place) -> Ending {
    let loaded = family.loading.during(family.sandbox.command(start.component, &family.image)).await;
    let command = match loaded {
        Ok(command) => command,
        Err(error) => return Ending { code: NOT_STARTED, reason: error.to_string() },
    };
    let actor = match actor(family, start, place, command.knows_where_it_is) {
        Ok(actor) => actor,
        Err(error) => return Ending { code: NOT_STARTED, reason: format!("it can't be started: {error:#}") },
    };
    let mut store = family.sandbox.store(actor, &family.meter, |actor| &mut actor.table, |actor| &mut actor.space);
    let clock = family.sandbox.keep_time(&mut store, &family.meter);
    let _ticking = family.sandbox.ticking();
    let result = Metered::new(clock, main(&command, &mut store)).await;
    drop(store);
    ending(family, result)
}

async fn main(command: &Command, store: &mut Store<Actor>) -> wasmtime::Result<Result<(), ()>> {
    let instance = command.pre.instantiate_async(&mut *store).await?;
    instance.wasi_cli_run().call_run(&mut *store).await
}

fn ending(family: &Family, result: wasmtime::Result<Result<(), ()>>) -> Ending {
    let error = match result {
        Ok(Ok(())) => return Ending::code(0),
        Ok(Err(())) => return Ending::code(1),
        Err(error) => error,
    };
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return Ending::code(u8::try_from(code & 0xff).unwrap_or(1));
    }
    if error.downcast_ref::<BrokenPipe>().is_some() {
        return Ending::code(BROKEN_PIPE);
    }
    if let Some(Exceeded(hit)) = error.downcast_ref::<Exceeded>() {
        // Memory is each command's own; what they use together ends them together.
        if !matches!(hit.limit, LimitKind::MemoryBytes | LimitKind::TableElements) {
            family.exceeded(*hit);
        }
        return Ending { code: 137, reason: hit.to_string() };
    }
    if matches!(error.downcast_ref::<Trap>(), Some(Trap::StackOverflow)) {
        return Ending { code: TRAPPED, reason: "stack overflow".into() };
    }
    if let Some(short) = error.downcast_ref::<Short>() {
        return Ending { code: TRAPPED, reason: short.to_string() };
    }
    if let Some(spent) = error.downcast_ref::<Spent>() {
        return Ending { code: 137, reason: spent.to_string() };
    }
    Ending { code: TRAPPED, reason: format!("trapped: {}", error.root_cause()) }
}

fn actor(family: &Arc<Family>, start: Start, place: Place, knows_where_it_is: bool) -> wasmtime::Result<Actor> {
    let meter = Arc::clone(&family.meter);
    let wasi = wasi(family, &start)?;
    let folder = family.root.dir().try_clone()?.into_std_file();
    let root = Root::new(&folder, (!knows_where_it_is).then_some(start.directory.as_str()))?;
    let mut space = Space::new(Arc::clone(&meter), Arc::clone(family.sandbox.budget()));
    // What it was started with is held for it, and counts as its memory.
    space.hold(start.bytes())?;
    let Start { component, given, payload, time, seed, .. } = start;
    Ok(Actor {
        table: ResourceTable::new(),
        space,
        wasi,
        http: crate::tool::http_context(),
        egress: Refuse,
        meter,
        place,
        component,
        given,
        payload,
        listings: Listings::new(),
        root,
        time,
        seed,
        random: seed.map(Random::new),
        started: 0,
    })
}

fn wasi(family: &Family, start: &Start) -> wasmtime::Result<WasiCtx> {
    let standard = |number| Standard(start.given.get(&number).cloned().unwrap_or_else(Handle::null));
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdin(standard(0)).stdout(standard(1)).stderr(standard(2));
    wasi.args(&start.arguments).initial_cwd(&start.directory);
    crate::wasi::restrict(&mut wasi);
    if let Some(seed) = start.seed {
        crate::wasi::seed_randomness(&mut wasi, seed);
    }
    // Commands that are built for an image change into it themselves; a guest can't be put anywhere from outside.
    for (name, value) in start.variables.iter().filter(|(name, _)| name != "PWD") {
        wasi.env(name, value);
    }
    wasi.env("PWD", &start.directory);
    let perms = match family.access {
        Access::None => return Ok(wasi.build()),
        Access::Read => FsPerms::ReadOnly,
        Access::Write => FsPerms::ReadWrite,
    };
    // The root is on this machine's disk, and handing each call to another thread takes many times as long as the call.
    wasi.allow_blocking_current_thread(true).preopened_dir(family.root.path(), "/", perms)?;
    Ok(wasi.build())
}
