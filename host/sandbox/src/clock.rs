//! A brain's time: the time of its last journaled event, and sleeps that are durable timers.
//!
//! Every pollable that a brain can hold is either a timer or always ready, because it has no file and no socket; so `poll` is
//! answered here without an executor's help, the same in a live run and in a replay.

use std::collections::HashMap;

use skep_model::Timestamp;
use wasmtime::component::{HasSelf, Linker, Resource, ResourceTable};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi_io::bindings::wasi::io::poll;

use crate::agent::Brain;
use crate::door::Request;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// The timers that a brain holds, by the handle of their pollable, and the least that its clock shows.
#[derive(Default)]
pub(crate) struct Timers {
    deadlines: HashMap<u32, u64>,
    floor: u64,
    began: Option<Timestamp>,
}

/// What a timer's pollable points to; the table wants something.
struct Timer;

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {}
}

pub(crate) fn link(linker: &mut Linker<Brain>) -> wasmtime::Result<()> {
    wall_clock::add_to_linker::<Brain, HasSelf<Brain>>(linker, |brain| brain)?;
    monotonic_clock::add_to_linker::<Brain, HasSelf<Brain>>(linker, |brain| brain)?;
    poll::add_to_linker::<Brain, HasSelf<Brain>>(linker, |brain| brain)
}

impl Timers {
    fn subscribe(&mut self, table: &mut ResourceTable, deadline: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let timer = table.push(Timer)?;
        let pollable = subscribe(table, timer)?;
        self.deadlines.insert(pollable.rep(), deadline);
        Ok(pollable)
    }
}

impl Brain {
    /// Nanoseconds of the monotonic clock. It starts at zero, so that it tells nothing of the host.
    fn monotonic(&mut self) -> u64 {
        let now = self.door.now();
        let began = *self.timers.began.get_or_insert(now);
        let since = u64::try_from(now.since(began).as_nanos()).unwrap_or(u64::MAX);
        // A wall clock that was set back must not undo a sleep.
        since.max(self.timers.floor)
    }

    fn is_due(&self, pollable: u32, now: u64) -> bool {
        self.timers.deadlines.get(&pollable).is_none_or(|deadline| *deadline <= now)
    }

    async fn sleep_until(&mut self, deadline: u64) -> wasmtime::Result<()> {
        let now = self.monotonic();
        let ms = deadline.saturating_sub(now).div_ceil(NANOS_PER_MILLI);
        // A refused or cancelled sleep still lets time pass for the brain; what ends the run comes through the door by itself.
        let _answer = self.ask(Request::Sleep { ms }).await?;
        self.timers.floor = deadline;
        Ok(())
    }

    async fn wait_for(&mut self, pollables: &[u32]) -> wasmtime::Result<Vec<u32>> {
        let now = self.monotonic();
        if !pollables.iter().any(|pollable| self.is_due(*pollable, now)) {
            let deadlines = pollables.iter().filter_map(|pollable| self.timers.deadlines.get(pollable));
            self.sleep_until(deadlines.min().copied().unwrap_or(now)).await?;
        }
        let now = self.monotonic();
        let due = (0u32..).zip(pollables).filter(|(_, pollable)| self.is_due(**pollable, now));
        Ok(due.map(|(index, _)| index).collect())
    }
}

impl wall_clock::Host for Brain {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let millis =
            self.door.now().0.max(self.timers.began.unwrap_or_default().0 + self.timers.floor / NANOS_PER_MILLI);
        let nanoseconds = u32::try_from(millis % 1_000).unwrap_or(0) * 1_000_000;
        Ok(wall_clock::Datetime { seconds: millis / 1_000, nanoseconds })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: 1_000_000 })
    }
}

impl monotonic_clock::Host for Brain {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.monotonic())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(NANOS_PER_MILLI)
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.timers.subscribe(&mut self.table, when)
    }

    fn subscribe_duration(&mut self, span: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let deadline = self.monotonic().saturating_add(span);
        self.timers.subscribe(&mut self.table, deadline)
    }
}

impl poll::Host for Brain {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        if pollables.is_empty() {
            return Err(wasmtime::Error::msg("poll of an empty list"));
        }
        let handles: Vec<u32> = pollables.iter().map(Resource::rep).collect();
        self.wait_for(&handles).await
    }
}

impl poll::HostPollable for Brain {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        let now = self.monotonic();
        Ok(self.is_due(pollable.rep(), now))
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.wait_for(&[pollable.rep()]).await.map(drop)
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.timers.deadlines.remove(&pollable.rep());
        poll::HostPollable::drop(&mut self.table, pollable)
    }
}
