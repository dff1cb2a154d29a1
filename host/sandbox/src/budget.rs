//! The memory of all guests together. Each guest has its own limit; this keeps the sum of what they hold within the machine.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What all guests may hold, and what they hold.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: u64,
    held: AtomicU64,
}

/// The guests together hold all that they may. Not the doing of the one that hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "out of memory: all guests of this host together may hold {bytes} bytes and hold {held}, so there are no {wanted} more; \
     let fewer work at once"
)]
pub(crate) struct Spent {
    bytes: u64,
    held: u64,
    wanted: u64,
}

impl Budget {
    pub(crate) const fn new(bytes: u64) -> Self {
        Self { bytes, held: AtomicU64::new(0) }
    }

    pub(crate) fn take(&self, wanted: u64) -> Result<(), Spent> {
        let fits = |held: u64| held.checked_add(wanted).filter(|sum| *sum <= self.bytes);
        let taken = self.held.fetch_update(Relaxed, Relaxed, fits);
        taken.map(drop).map_err(|held| Spent { bytes: self.bytes, held, wanted })
    }

    pub(crate) fn give_back(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Relaxed);
    }
}

/// What guests may hold where the system does not say how much memory there is.
const UNKNOWN: u64 = 4 << 30;

/// Three quarters of the memory that this process may use: the machine's, or its control group's where that is less.
pub(crate) fn of_this_machine() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(group).min().map_or(UNKNOWN, |memory| memory / 4 * 3)
}

/// The first line is `MemTotal:       24038540 kB`.
fn total(meminfo: &str) -> Option<u64> {
    meminfo.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_taken_again_and_more_than_there_is_can_not() {
        let budget = Budget::new(100);
        assert_eq!(budget.take(60), Ok(()));
        assert_eq!(budget.take(41), Err(Spent { bytes: 100, held: 60, wanted: 41 }));
        assert_eq!(budget.take(u64::MAX), Err(Spent { bytes: 100, held: 60, wanted: u64::MAX }));
        budget.give_back(60);
        assert_eq!(budget.take(100), Ok(()));
    }

    #[test]
    fn the_machine_says_how_much_memory_it_has() {
        assert_eq!(total("MemTotal:       24038540 kB\nMemFree: 1 kB\n"), Some(24_038_540 * 1024));
        assert!(of_this_machine() > 64 << 20);
    }
}
