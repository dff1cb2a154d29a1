//! Who goes next: higher priority first, then the submitter who has least under way, then the one whose last turn is longest ago,
//! then whoever waits longest.

use std::collections::{BTreeMap, HashMap, VecDeque};

use skep_model::RunId;

/// A run that waits for a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) run: RunId,
    pub(crate) submitter: String,
    pub(crate) priority: i8,
}

/// The runs that wait, and how much of each submitter is under way. Bounded by intake, which counts unfinished runs.
#[derive(Default)]
pub(crate) struct Queue {
    levels: BTreeMap<i8, Level>,
    submitters: HashMap<String, Submitter>,
    arrivals: u64,
    turns: u64,
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

/// Somebody with runs that wait or are under way.
struct Submitter {
    waiting: usize,
    under_way: usize,
    /// The number of the last turn that was theirs. Whoever is new comes behind all who were there, as if just served: else
    /// one run at a time, again and again, would always go before those of the others.
    turn: u64,
}

impl Queue {
    pub(crate) fn push(&mut self, waiting: Waiting) {
        let Waiting { run, submitter, priority } = waiting;
        let new = Submitter { waiting: 0, under_way: 0, turn: self.turns };
        self.submitters.entry(submitter.clone()).or_insert(new).waiting += 1;
        self.arrivals += 1;
        let level = self.levels.entry(priority).or_default();
        level.by_submitter.entry(submitter).or_default().runs.push_back((self.arrivals, run));
    }

    /// The next run; it counts as under way until [`Queue::done`].
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let (&priority, level) = self.levels.iter_mut().next_back()?;
        let of = |name: &String| self.submitters.get(name).map(|submitter| (submitter.under_way, submitter.turn));
        let turn = |(name, lane): &(&String, &mut Lane)| (of(name), lane.runs.front().map(|(arrival, _)| *arrival));
        let (name, lane) = level.by_submitter.iter_mut().min_by_key(turn)?;
        let name = name.clone();
        let (_, run) = lane.runs.pop_front()?;
        if lane.runs.is_empty() {
            self.forget(priority, &name);
        }
        self.turns += 1;
        if let Some(submitter) = self.submitters.get_mut(&name) {
            submitter.waiting -= 1;
            submitter.under_way += 1;
            submitter.turn = self.turns;
        }
        Some(Waiting { run, submitter: name, priority })
    }

    /// A run that was popped is no longer under way.
    pub(crate) fn done(&mut self, name: &str) {
        if let Some(submitter) = self.submitters.get_mut(name) {
            submitter.under_way -= 1;
            if submitter.under_way == 0 && submitter.waiting == 0 {
                self.submitters.remove(name);
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

    /// Whose turns it is when so many slots are free at the beginning, and the oldest of the runs under way ends each time.
    fn turns(queue: &mut Queue, slots: usize, turns: usize) -> String {
        let mut under_way: VecDeque<String> = VecDeque::new();
        let mut order = String::new();
        for _ in 0..turns {
            if under_way.len() == slots {
                queue.done(&under_way.pop_front().unwrap_or_default());
            }
            let Some(next) = queue.pop() else { break };
            order.push_str(&next.submitter);
            under_way.push_back(next.submitter);
        }
        order
    }

    #[test]
    fn more_submitters_than_slots_take_turns() {
        let mut queue = Queue::default();
        for submitter in ["a", "b", "c"] {
            for number in 0..4 {
                queue.push(waiting(number, submitter, 0));
            }
        }
        assert_eq!(turns(&mut queue, 2, 12), "abcabcabcabc");
    }

    #[test]
    fn whoever_comes_again_and_again_with_one_run_does_not_keep_others_waiting() {
        let mut queue = Queue::default();
        for number in 0..3 {
            queue.push(waiting(number, "backlog", 0));
        }
        let mut order = Vec::new();
        for number in 0..6 {
            queue.push(waiting(number, "again", 0));
            let next = queue.pop().unwrap();
            queue.done(&next.submitter);
            order.push(next.submitter);
        }
        assert_eq!(order, ["backlog", "again", "backlog", "again", "backlog", "again"]);
    }
}
