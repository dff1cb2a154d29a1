//! Who goes next: higher priority first, then the submitter who has least under way, then whoever waits longest.

use std::collections::{BTreeMap, HashMap, VecDeque};

use skep_model::RunId;

/// A run that waits for a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) run: RunId,
    pub(crate) submitter: String,
    pub(crate) priority: i8,
}

/// The runs that wait, and how many of each submitter are under way. Bounded by intake, which counts unfinished runs.
#[derive(Default)]
pub(crate) struct Queue {
    levels: BTreeMap<i8, Level>,
    under_way: HashMap<String, usize>,
    arrivals: u64,
}

#[derive(Default)]
struct Level {
    by_submitter: HashMap<String, Lane>,
}

#[derive(Default)]
struct Lane {
    /// Each with the number of its arrival.
    runs: VecDeque<(u64, RunId)>,
}

impl Queue {
    pub(crate) fn push(&mut self, waiting: Waiting) {
        let level = self.levels.entry(waiting.priority).or_default();
        self.arrivals += 1;
        level.by_submitter.entry(waiting.submitter).or_default().runs.push_back((self.arrivals, waiting.run));
    }

    /// The next run; it counts as under way until [`Queue::done`].
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let (&priority, level) = self.levels.iter_mut().next_back()?;
        let under_way = |name: &String| self.under_way.get(name).copied().unwrap_or(0);
        let turn =
            |(name, lane): &(&String, &mut Lane)| (under_way(name), lane.runs.front().map(|(arrival, _)| *arrival));
        let (submitter, lane) = level.by_submitter.iter_mut().min_by_key(turn)?;
        let submitter = submitter.clone();
        let (_, run) = lane.runs.pop_front()?;
        if lane.runs.is_empty() {
            self.forget(priority, &submitter);
        }
        *self.under_way.entry(submitter.clone()).or_default() += 1;
        Some(Waiting { run, submitter, priority })
    }

    /// A run that was popped is no longer under way.
    pub(crate) fn done(&mut self, submitter: &str) {
        if let Some(count) = self.under_way.get_mut(submitter) {
            *count -= 1;
            if *count == 0 {
                self.under_way.remove(submitter);
            }
        }
    }

    fn forget(&mut self, priority: i8, submitter: &str) {
        let Some(level) = self.levels.get_mut(&priority) else { return };
        level.by_submitter.remove(submitter);
        if level.by_submitter.is_empty() {
            self.levels.remove(&priority);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(number: u8, submitter: &str, priority: i8) -> Waiting {
        Waiting { run: RunId::from_bytes([number; 16]), submitter: submitter.into(), priority }
    }

    fn order(queue: &mut Queue) -> Vec<u8> {
        std::iter::from_fn(|| queue.pop()).map(|waiting| waiting.run.as_bytes()[0]).collect()
    }

    #[test]
    fn higher_priority_goes_first_and_equals_in_order_of_arrival() {
        let mut queue = Queue::default();
        for (number, priority) in [(1, 0), (2, 5), (3, 0), (4, -1), (5, 5)] {
            queue.push(waiting(number, "a", priority));
        }
        assert_eq!(order(&mut queue), [2, 5, 1, 3, 4]);
    }

    #[test]
    fn a_submitter_with_many_runs_does_not_keep_others_waiting() {
        let mut queue = Queue::default();
        for number in 1..=4 {
            queue.push(waiting(number, "greedy", 0));
        }
        queue.push(waiting(9, "modest", 0));
        assert_eq!(queue.pop().map(|w| w.run.as_bytes()[0]), Some(1));
        assert_eq!(queue.pop().map(|w| w.run.as_bytes()[0]), Some(9));
        queue.done("modest");
        queue.push(waiting(10, "modest", 0));
        assert_eq!(queue.pop().map(|w| w.run.as_bytes()[0]), Some(10), "greedy has one under way, modest none");
    }
}
