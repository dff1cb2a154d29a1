//! The time and the randomness of commands: this machine's, or such that a line that is executed again meets the same.
//!
//! A line's own time begins at the moment that its caller names. Each command's goes on from that of the one that started it: by
//! what it sleeps, by a little whenever it looks or starts another, and at least to the end of a command that it waited for; so a
//! loop that waits for a moment without sleeping ends. What it computes, and what it waits for in a pipe, takes no time. So a
//! program that measures itself finds nothing; it needs this machine's clock.
//! Randomness is a generator for each command, seeded from the line's seed and from how many commands its parent started before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use skep_model::Timestamp;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::command::actor::Actor;
use crate::wasi::{Coarse, MILLISECOND};

/// What a look at the clock takes, so that no two are the same: a microsecond.
const LOOK: u64 = 1_000;
/// What the start of a command takes: a millisecond, as on a machine.
const START: u64 = 1_000_000;

/// A command's clock.
#[derive(Debug, Clone)]
pub(crate) enum Time {
    /// This machine's, in milliseconds.
    Machine,
    /// Its own.
    Own(Arc<Own>),
}

#[derive(Debug)]
pub(crate) struct Own {
    began: Duration,
    /// Nanoseconds since the line began.
    elapsed: AtomicU64,
}

impl Time {
    /// That of a line's first command.
    pub(crate) fn from(began: Option<Timestamp>) -> Self {
        let own = |at: Timestamp| Own { began: Duration::from_millis(at.0), elapsed: AtomicU64::new(0) };
        began.map_or(Self::Machine, |at| Self::Own(Arc::new(own(at))))
    }

    /// That of a command that is started now.
    pub(crate) fn of_a_child(&self) -> Self {
        match self {
            Self::Machine => Self::Machine,
            Self::Own(own) => {
                let elapsed = AtomicU64::new(own.elapsed.fetch_add(START, Relaxed).saturating_add(START));
                Self::Own(Arc::new(Own { began: own.began, elapsed }))
            }
        }
    }

    /// Since the line began, without a look at the clock.
    pub(crate) fn elapsed(&self) -> Duration {
        match self {
            Self::Machine => Duration::ZERO,
            Self::Own(own) => Duration::from_nanos(own.elapsed.load(Relaxed)),
        }
    }

    /// Whoever waited for another goes on where that ended.
    pub(crate) fn catch_up(&self, other: &Self) {
        self.reach(other.elapsed());
    }

    /// It is at least so long since the line began.
    pub(crate) fn reach(&self, elapsed: Duration) {
        if let Self::Own(own) = self {
            own.elapsed.fetch_max(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX), Relaxed);
        }
    }

    /// Nanoseconds since some moment.
    fn monotonic(&self) -> u64 {
        match self {
            Self::Machine => HostMonotonicClock::now(&Coarse),
            Self::Own(own) => own.elapsed.fetch_add(LOOK, Relaxed),
        }
    }

    fn wall(&self) -> Duration {
        match self {
            Self::Machine => HostWallClock::now(&Coarse),
            Self::Own(own) => own.began.saturating_add(Duration::from_nanos(self.monotonic())),
        }
    }

    fn resolution(&self) -> u64 {
        match self {
            Self::Machine => MILLISECOND,
            Self::Own(_) => LOOK,
        }
    }
}

/// The seed of what is the `number`th below something with this seed, such as a command below the one that started it.
pub fn of_a_child(seed: u64, number: u64) -> u64 {
    // The finalizer of splitmix64, which leaves no two neighbours alike. Source: https://prng.di.unimi.it/splitmix64.c
    let mixed = seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A sleep that really takes its time, and after which the clock shows that it did.
struct Timer {
    due: tokio::time::Instant,
    at: u64,
    time: Time,
}

#[async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {
        tokio::time::sleep_until(self.due).await;
        self.time.reach(Duration::from_nanos(self.at));
    }
}

pub(crate) fn link(linker: &mut Linker<Actor>) -> wasmtime::Result<()> {
    crate::wasi::link_poll(linker)?;
    wall_clock::add_to_linker::<Actor, HasSelf<Actor>>(linker, |actor| actor)?;
    monotonic_clock::add_to_linker::<Actor, HasSelf<Actor>>(linker, |actor| actor)
}

impl Actor {
    fn timer(&mut self, span: u64, at: u64) -> wasmtime::Result<Resource<DynPollable>> {
        // A time that doesn't fit is as good as for ever.
        let span = Duration::from_nanos(span.min(u64::MAX / 4));
        let due = tokio::time::Instant::now() + span;
        let timer = self.table.push(Timer { due, at, time: self.time.clone() })?;
        subscribe(&mut self.table, timer)
    }
}

impl wall_clock::Host for Actor {
    fn now(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let now = self.time.wall();
        Ok(wall_clock::Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() })
    }

    fn resolution(&mut self) -> wasmtime::Result<wall_clock::Datetime> {
        let nanoseconds = u32::try_from(self.time.resolution()).unwrap_or(u32::MAX);
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds })
    }
}

impl monotonic_clock::Host for Actor {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.time.monotonic())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(self.time.resolution())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let span = when.saturating_sub(self.time.monotonic());
        self.timer(span, when)
    }

    fn subscribe_duration(&mut self, span: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let at = self.time.monotonic().saturating_add(span);
        self.timer(span, at)
    }
}
