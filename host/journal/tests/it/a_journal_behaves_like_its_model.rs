//! Random lives, beside a model in plain memory.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use skep_journal::storage::fault::{FaultStorage, Survival};
use skep_journal::{Append, Appended, Appending, Error, Journal, Keep};
use skep_model::RunId;

use crate::memory_fold::{Folded, MemoryFold};
use crate::model::{Model, open, run, scale, small};

#[derive(Clone, Debug)]
enum Deed {
    /// Appends with an expectation that is `off` by so much.
    Append {
        run: u8,
        sizes: Vec<usize>,
        off: i64,
    },
    /// Submits several before the first is answered.
    Burst {
        run: u8,
        count: u64,
    },
    Delete {
        run: u8,
    },
    CloseSegment,
    Retain,
    /// Remembers the fold as it is.
    Snapshot,
    Reopen(Fate),
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    FoldStays,
    FoldIsGone,
    FoldIsOlder,
    PowerFails(u64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let off = prop_oneof![8 => Just(0_i64), 1 => -2_i64..3];
    let fate = prop_oneof![
        Just(Fate::FoldStays),
        Just(Fate::FoldIsGone),
        Just(Fate::FoldIsOlder),
        any::<u64>().prop_map(Fate::PowerFails)
    ];
    let deed = prop_oneof![
        12 => (0..5_u8, vec(0..1500_usize, 1..4), off).prop_map(|(run, sizes, off)| Deed::Append { run, sizes, off }),
        3 => (0..5_u8, 2..6_u64).prop_map(|(run, count)| Deed::Burst { run, count }),
        1 => (0..5_u8).prop_map(|run| Deed::Delete { run }),
        1 => Just(Deed::CloseSegment),
        2 => Just(Deed::Retain),
        1 => Just(Deed::Snapshot),
        2 => fate.prop_map(Deed::Reopen),
    ];
    vec(deed, 1..60)
}

struct Life {
    disk: FaultStorage,
    fold: MemoryFold,
    older: Folded,
    journal: Option<Journal>,
    model: Model,
    deleted: Vec<(RunId, u64)>,
}

impl Life {
    fn begin() -> Self {
        let (disk, fold) = (FaultStorage::new(), MemoryFold::default());
        let journal = open(&disk, &fold).unwrap().0;
        let (older, model, deleted) = (fold.snapshot(), Model::default(), Vec::new());
        Self { disk, fold, older, journal: Some(journal), model, deleted }
    }

    fn journal(&self) -> &Journal {
        self.journal.as_ref().unwrap()
    }

    fn submit(&self, append: &Append) -> Appending {
        self.journal().append_blocking(append.clone()).unwrap()
    }

    fn accept(&mut self, append: &Append, appending: Appending) {
        let first_seq = append.expected_next_seq;
        let last_seq = first_seq + append.payloads.len() as u64 - 1;
        assert_eq!(appending.wait().unwrap(), Appended { first_seq, last_seq });
        self.model = self.model.with(append);
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Append { run: n, sizes, off } => self.append(run(n), sizes, off),
            Deed::Burst { run: n, count } => self.burst(run(n), count),
            Deed::Delete { run: n } => self.delete(run(n)),
            Deed::CloseSegment => self.journal().close_segment().unwrap(),
            Deed::Retain => self.retain(),
            Deed::Snapshot => self.older = self.fold.snapshot(),
            Deed::Reopen(fate) => self.reopen(fate),
        }
    }

    fn append(&mut self, run: RunId, sizes: Vec<usize>, off: i64) {
        let next = self.model.next_seq(run);
        let payloads = sizes.into_iter().map(|size| vec![next as u8; size]).collect();
        let append = Append::new(run, next.saturating_add_signed(off), payloads);
        let appending = self.submit(&append);
        if append.expected_next_seq == next {
            return self.accept(&append, appending);
        }
        let Err(Error::Conflict { expected, found, .. }) = appending.wait() else { panic!("no conflict") };
        assert_eq!((expected, found), (append.expected_next_seq, next));
    }

    fn burst(&mut self, run: RunId, count: u64) {
        let next = self.model.next_seq(run);
        let appends = (next..next + count).map(|seq| Append::new(run, seq, vec![seq.to_be_bytes().to_vec()]));
        let submitted: Vec<_> = appends.map(|append| (self.submit(&append), append)).collect();
        submitted.into_iter().for_each(|(appending, append)| self.accept(&append, appending));
    }

    fn delete(&mut self, run: RunId) {
        let tombstone = Append::superseding(run, self.model.next_seq(run), b"deleted".to_vec());
        let appending = self.submit(&tombstone);
        self.accept(&tombstone, appending);
        self.deleted.retain(|(of, _)| *of != run);
        self.deleted.push((run, tombstone.expected_next_seq));
    }

    fn retain(&mut self) {
        let keep = |run| {
            let found = self.deleted.iter().find(|(of, _)| *of == run);
            found.map_or(Keep::Everything, |(_, seq)| Keep::From(*seq))
        };
        self.journal().retain(.., keep).unwrap();
    }

    fn reopen(&mut self, fate: Fate) {
        drop(self.journal.take());
        match fate {
            Fate::FoldStays => {}
            Fate::FoldIsGone => self.fold = MemoryFold::default(),
            Fate::FoldIsOlder => self.fold = MemoryFold::restore(self.older.clone()),
            Fate::PowerFails(seed) => {
                self.disk.lose_power(Survival::Pieces { seed });
                self.disk.power_up();
            }
        }
        // A head cache of two makes most heads come from the fold.
        let config = skep_journal::Config { head_cache: 2, ..small() };
        let opened = Journal::open(config, Arc::new(self.disk.clone()), self.fold.boxed());
        let (journal, report) = opened.unwrap();
        assert_eq!((report.damage, report.lost), (vec![], None));
        self.journal = Some(journal);
        self.check();
    }

    fn check(&self) {
        assert_eq!(Model::of(&self.fold), self.model);
        self.model.check_readable(self.journal(), &self.fold);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100 * scale() as u32))]

    #[test]
    fn any_life_is_as_the_model_has_it(deeds in deeds()) {
        let mut life = Life::begin();
        deeds.into_iter().for_each(|deed| life.act(deed));
        life.check();
    }
}
