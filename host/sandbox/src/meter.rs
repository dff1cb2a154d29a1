//! What a guest uses, counted outside it, and the end of it when a limit is reached.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use skep_model::{LimitHit, LimitKind, Limits, Usage};
use wasmtime::ResourceLimiter;

use crate::budget::Budget;

/// The counters of one guest. Shared with whoever started it, so that usage is known even when the guest is dropped.
#[derive(Debug)]
pub struct Meter {
    limits: Limits,
    cpu_ns: AtomicU64,
    memory_peak: AtomicU64,
    host_call_bytes: AtomicU64,
    output_bytes: AtomicU64,
    calls: AtomicU64,
}

/// A limit was reached: raised as a trap inside the guest, so that nothing of it goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exceeded(pub(crate) LimitHit);

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Exceeded {}

impl Meter {
    /// Counters at zero under these limits.
    pub fn new(limits: Limits) -> Self {
        let zero = AtomicU64::default;
        Self {
            limits,
            cpu_ns: zero(),
            memory_peak: zero(),
            host_call_bytes: zero(),
            output_bytes: zero(),
            calls: zero(),
        }
    }

    /// The limits that these counters are held against.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What was used so far.
    pub fn usage(&self) -> Usage {
        Usage {
            cpu_us: self.cpu_ns.load(Relaxed) / 1_000,
            memory_bytes: self.memory_peak.load(Relaxed),
            host_call_bytes: self.host_call_bytes.load(Relaxed),
            output_bytes: self.output_bytes.load(Relaxed),
            calls: self.calls.load(Relaxed),
        }
    }

    pub(crate) fn cpu_ns(&self) -> u64 {
        self.cpu_ns.load(Relaxed)
    }

    pub(crate) fn add_cpu(&self, nanos: u64) {
        self.cpu_ns.fetch_add(nanos, Relaxed);
    }

    pub(crate) fn check_cpu(&self, nanos: u64) -> Result<(), Exceeded> {
        self.check(LimitKind::CpuMs, nanos / 1_000_000)
    }

    /// One more call with this much data from the guest.
    pub(crate) fn call(&self, bytes: usize) -> Result<(), Exceeded> {
        self.check(LimitKind::Calls, self.calls.fetch_add(1, Relaxed) + 1)?;
        self.check(LimitKind::CallBytes, bytes as u64)?;
        self.carry(bytes)
    }

    /// Data that crosses in an answer, or outside calls.
    pub(crate) fn carry(&self, bytes: usize) -> Result<(), Exceeded> {
        let carried = self.host_call_bytes.fetch_add(bytes as u64, Relaxed) + bytes as u64;
        self.check(LimitKind::HostCallBytes, carried)
    }

    /// Data that the guest gives to people.
    pub(crate) fn output(&self, bytes: usize) -> Result<(), Exceeded> {
        let given = self.output_bytes.fetch_add(bytes as u64, Relaxed) + bytes as u64;
        self.check(LimitKind::OutputBytes, given)
    }

    /// Data that was given to people on the guest's behalf, counted by whoever did it.
    ///
    /// # Errors
    /// That was more than the guest may give.
    pub fn give(&self, bytes: u64) -> Result<(), LimitHit> {
        let given = self.output_bytes.fetch_add(bytes, Relaxed).saturating_add(bytes);
        self.check(LimitKind::OutputBytes, given).map_err(|Exceeded(hit)| hit)
    }

    fn check(&self, limit: LimitKind, reached: u64) -> Result<(), Exceeded> {
        let value = self.limits.get(limit);
        if reached > value { Err(self.hit(limit, reached)) } else { Ok(()) }
    }

    pub(crate) fn hit(&self, limit: LimitKind, reached: u64) -> Exceeded {
        Exceeded(LimitHit { limit, value: self.limits.get(limit), reached })
    }
}

/// The guard of a store's memories and tables: sums over all of them, and a refusal is a trap that names the limit, or says
/// that all guests together have no more.
pub(crate) struct Space {
    meter: Arc<Meter>,
    budget: Arc<Budget>,
    memory: u64,
    table: u64,
}

impl Space {
    pub(crate) const fn new(meter: Arc<Meter>, budget: Arc<Budget>) -> Self {
        Self { meter, budget, memory: 0, table: 0 }
    }

    /// Memory that the guest may still have.
    pub(crate) fn left(&self) -> u64 {
        self.meter.limits.memory_bytes.saturating_sub(self.memory)
    }

    /// Counts memory as the guest's, be it its own or what the host holds for it.
    pub(crate) fn hold(&mut self, bytes: u64) -> wasmtime::Result<()> {
        let total = self.memory.saturating_add(bytes);
        self.meter.check(LimitKind::MemoryBytes, total)?;
        self.budget.take(bytes)?;
        self.memory = total;
        self.meter.memory_peak.fetch_max(total, Relaxed);
        Ok(())
    }

    /// What the host held for the guest is gone.
    pub(crate) fn release(&mut self, bytes: u64) {
        self.memory -= bytes;
        self.budget.give_back(bytes);
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.budget.give_back(self.memory);
    }
}

impl ResourceLimiter for Space {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.hold((desired - current) as u64)?;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table + (desired - current) as u64;
        self.meter.check(LimitKind::TableElements, total)?;
        self.table = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        64
    }

    fn tables(&self) -> usize {
        64
    }

    fn memories(&self) -> usize {
        8
    }
}
