//! What retention drops is gone from the disk, what it keeps is as it was, and everyone finds it again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use skep_journal::storage::Storage;
use skep_journal::storage::fault::FaultStorage;
use skep_journal::{
    Append, Applied, DamageKind, Error, Fold, FoldError, Head, Journal, Keep, Mark, Moved, Retained, Scanned,
};
use skep_model::RunId;

use crate::memory_fold::MemoryFold;
use crate::model::{DIR, Model, open, run, small};

fn append(journal: &Journal, model: &mut Model, append: Append) {
    journal.append_blocking(append.clone()).unwrap().wait().unwrap();
    *model = model.with(&append);
}

fn filled() -> (FaultStorage, MemoryFold, Journal, Model) {
    let (disk, fold) = (FaultStorage::new(), MemoryFold::default());
    let (journal, _) = open(&disk, &fold).unwrap();
    let model = fill(&journal);
    (disk, fold, journal, model)
}

fn fill(journal: &Journal) -> Model {
    let mut model = Model::default();
    for step in 0..30_u64 {
        let n = (step % 3) as u8;
        let payload = format!("secret of {n} {}", "x".repeat(600)).into_bytes();
        let next = Append::new(run(n), model.next_seq(run(n)), vec![payload]);
        append(journal, &mut model, next);
    }
    model
}

fn keep_only(tombstones: Vec<(RunId, u64)>) -> impl Fn(RunId) -> Keep {
    move |run| {
        let found = tombstones.iter().find(|(of, _)| *of == run);
        found.map_or(Keep::Everything, |(_, seq)| Keep::From(*seq))
    }
}

fn on_disk(disk: &FaultStorage, text: &str) -> usize {
    let files = disk.files().into_iter().map(|path| disk.contents(&path).unwrap());
    files.map(|bytes| bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()).sum()
}

#[test]
fn a_deleted_run_leaves_its_tombstone_and_not_a_byte_more() {
    let (disk, fold, journal, mut model) = filled();
    let old_positions: Vec<_> = (1..=10).map(|seq| fold.position(run(1), seq).unwrap()).collect();
    assert_eq!(on_disk(&disk, "secret of 0"), 10);
    append(&journal, &mut model, Append::superseding(run(0), 11, b"deleted".to_vec()));
    journal.close_segment().unwrap();
    let retained = journal.retain(.., keep_only(vec![(run(0), 11)])).unwrap();
    assert_eq!((retained.dropped, retained.damaged), (10, 0));
    assert_eq!(on_disk(&disk, "secret of 0"), 0);
    assert_eq!(on_disk(&disk, "secret of 1"), 10);
    model.check_readable(&journal, &fold);
    let stale: Vec<_> = (1..).zip(old_positions).filter(|(seq, at)| fold.position(run(1), *seq) != Some(*at)).collect();
    assert!(stale.len() >= 8);
    for (seq, at) in stale {
        let error = journal.read(run(1), seq, at).unwrap_err();
        assert!(matches!(error, Error::Moved { .. }), "{error}");
    }

    append(&journal, &mut model, Append::new(run(1), 11, vec![b"on".to_vec()]));
    drop(journal);
    let fold = MemoryFold::default();
    let (journal, report) = open(&disk, &fold).unwrap();
    assert_eq!((report.damage, report.lost, report.torn), (vec![], None, None));
    assert_eq!(Model::of(&fold), model);
    model.check_readable(&journal, &fold);
}

#[test]
fn a_fold_from_before_a_retention_is_told_of_it() {
    let (disk, fold, journal, mut model) = filled();
    let before = MemoryFold::restore(fold.snapshot());
    append(&journal, &mut model, Append::superseding(run(2), 11, b"deleted".to_vec()));
    journal.close_segment().unwrap();
    journal.retain(.., keep_only(vec![(run(2), 11)])).unwrap();
    drop(journal);
    let (journal, report) = open(&disk, &before).unwrap();
    assert_eq!((report.damage, report.lost, report.folded), (vec![], None, 1));
    assert_eq!(before.snapshot().heads, fold.snapshot().heads);
    assert!(before.snapshot().entries == fold.snapshot().entries, "positions differ");
    model.check_readable(&journal, &before);
}

#[test]
fn nothing_to_drop_is_nothing_done() {
    let (disk, fold, journal, model) = filled();
    let files = disk.files();
    assert_eq!(journal.retain(.., |_| Keep::Everything).unwrap(), Retained::default());
    assert_eq!(disk.files(), files);
    model.check_readable(&journal, &fold);
}

#[test]
fn small_remains_become_one_file() {
    let (disk, _, journal, mut model) = filled();
    let files = disk.files().len();
    for n in [0, 1] {
        append(&journal, &mut model, Append::superseding(run(n), 11, b"deleted".to_vec()));
    }
    journal.close_segment().unwrap();
    let retained = journal.retain(.., keep_only(vec![(run(0), 11), (run(1), 11)])).unwrap();
    assert_eq!(retained.dropped, 20);
    assert!(disk.files().len() <= files / 2, "{} files became {:?}", files, disk.files());
}

#[test]
fn a_tombstone_can_go_too_once_nothing_else_is_left() {
    let (disk, fold, journal, mut model) = filled();
    append(&journal, &mut model, Append::superseding(run(0), 11, b"deleted".to_vec()));
    journal.close_segment().unwrap();
    let keep = |id| if id == run(0) { Keep::Nothing } else { Keep::Everything };
    journal.retain(.., keep).unwrap();
    assert_eq!(on_disk(&disk, "deleted"), 0);
    assert_eq!(journal.verify(|_| {}).damage, []);
    drop((journal, fold));
    let (_, report) = open(&disk, &MemoryFold::default()).unwrap();
    assert_eq!((report.damage, report.folded), (vec![], 20));
}

#[test]
fn a_scan_that_has_begun_sees_everything_to_its_end() {
    let (disk, _, journal, mut model) = filled();
    append(&journal, &mut model, Append::superseding(run(0), 11, b"deleted".to_vec()));
    journal.close_segment().unwrap();
    let mut scan = journal.scan();
    scan.next().unwrap();
    journal.retain(.., keep_only(vec![(run(0), 11)])).unwrap();
    let rest: Vec<Scanned> = scan.collect();
    assert_eq!(rest.len(), 30);
    assert!(rest.iter().all(|step| matches!(step, Scanned::Batch(_))));
    assert_eq!(on_disk(&disk, "secret of 0"), 0);
}

#[test]
fn a_damaged_segment_is_left_alone() {
    let (disk, _, journal, mut model) = filled();
    append(&journal, &mut model, Append::superseding(run(0), 11, b"deleted".to_vec()));
    journal.close_segment().unwrap();
    let first = disk.files().into_iter().min().unwrap();
    disk.corrupt(&first, |bytes| bytes[1500] ^= 1).unwrap();
    let retained = journal.retain(.., keep_only(vec![(run(0), 11)])).unwrap();
    assert_eq!(retained.damaged, 1);
    assert!(disk.files().contains(&first));
    let names = Arc::new(disk).list(std::path::Path::new(DIR)).unwrap();
    assert!(names.iter().all(|name| name.ends_with(".seg")), "{names:?}");
}

/// Stops when it has heard of half of what has moved, until the test lets it go on.
struct Halfway {
    inner: MemoryFold,
    heard: Sender<()>,
    go_on: Receiver<()>,
}

impl Fold for Halfway {
    fn mark(&self) -> Result<Option<Mark>, FoldError> {
        self.inner.mark()
    }

    fn head(&self, run: RunId) -> Result<Option<Head>, FoldError> {
        self.inner.head(run)
    }

    fn apply(&mut self, step: Applied<'_>) -> Result<(), FoldError> {
        self.inner.apply(step)
    }

    fn moved(&mut self, moved: &[Moved]) -> Result<(), FoldError> {
        let (first, rest) = moved.split_at(moved.len() / 2);
        self.inner.moved(first)?;
        self.heard.send(()).unwrap();
        // The test holds up the first rewriting only.
        self.go_on.recv().unwrap_or_default();
        self.inner.moved(rest)
    }

    fn reset(&mut self) -> Result<(), FoldError> {
        self.inner.reset()
    }
}

#[test]
fn while_the_fold_hears_what_has_moved_everything_is_found_and_nothing_is_taken_for_damaged() {
    let ((heard, halfway), (go, go_on)) = (channel(), channel());
    let inner = MemoryFold::default();
    let fold = Halfway { inner: inner.clone(), heard, go_on };
    let (journal, _) = Journal::open(small(), Arc::new(FaultStorage::new()), Box::new(fold)).unwrap();
    let mut model = fill(&journal);
    append(&journal, &mut model, Append::superseding(run(0), 11, b"deleted".to_vec()));
    journal.close_segment().unwrap();
    std::thread::scope(|scope| {
        let retaining = scope.spawn(|| journal.retain(.., keep_only(vec![(run(0), 11)])).unwrap());
        halfway.recv().unwrap();
        model.check_readable(&journal, &inner);
        drop(go);
        assert_eq!(retaining.join().unwrap().dropped, 10);
    });
    model.check_readable(&journal, &inner);
    append(&journal, &mut model, Append::new(run(1), 11, vec![b"on".to_vec()]));
}

/// A fold from before a retention, and the journal after it, with a byte changed in what `said` stands for.
fn hit_after_a_retention(said: &str) -> (FaultStorage, MemoryFold, Model) {
    let (disk, fold, journal, mut model) = filled();
    let before = MemoryFold::restore(fold.snapshot());
    append(&journal, &mut model, Append::superseding(run(2), 11, b"deleted".to_vec()));
    journal.close_segment().unwrap();
    journal.retain(.., keep_only(vec![(run(2), 11)])).unwrap();
    drop(journal);
    let at = |bytes: &[u8]| bytes.windows(said.len()).position(|window| window == said.as_bytes());
    let hit = disk.files().into_iter().find(|path| at(&disk.contents(path).unwrap()).is_some()).unwrap();
    disk.corrupt(&hit, |bytes| {
        let at = at(bytes).unwrap();
        bytes[at] ^= 1;
    })
    .unwrap();
    (disk, before, model)
}

#[test]
fn a_fold_from_before_a_retention_finds_what_is_sound_in_a_damaged_segment_and_knows_what_is_not() {
    let (disk, before, model) = hit_after_a_retention("secret of 1");
    let (journal, _) = open(&disk, &before).unwrap();
    let mut damaged = Vec::new();
    for run in [run(0), run(1)] {
        for (seq, payload) in model.entries(run) {
            match journal.read(run, seq, before.position(run, seq).unwrap()) {
                Ok(entry) => assert_eq!(entry.payload, payload),
                Err(Error::Damaged { run, .. }) => damaged.push((run, seq)),
                Err(other) => panic!("{other}"),
            }
        }
    }
    assert_eq!(damaged, [(run(1), 1)]);
}

#[test]
fn a_rewriting_in_which_nothing_is_left_keeps_its_numbers_though_a_copy_of_its_header_is_hit() {
    let (disk, fold, journal, _) = filled();
    let last = fold.snapshot().mark.unwrap().batch;
    journal.close_segment().unwrap();
    journal.retain(.., |_| Keep::Nothing).unwrap();
    journal.close();
    let rewriting = disk.files().pop().unwrap();
    assert_eq!(disk.contents(&rewriting).unwrap().len(), 1024);
    disk.corrupt(&rewriting, |bytes| bytes[20] ^= 1).unwrap();
    let fold = MemoryFold::default();
    let (journal, report) = open(&disk, &fold).unwrap();
    let kinds: Vec<_> = report.damage.iter().map(|damage| damage.kind).collect();
    assert_eq!(kinds, [DamageKind::SegmentHeader]);
    append(&journal, &mut Model::default(), Append::new(run(1), 1, vec![b"new".to_vec()]));
    assert_eq!(fold.snapshot().mark.unwrap().batch, last + 1);
}

#[test]
fn a_rewriting_that_is_damaged_at_its_end_keeps_its_numbers() {
    let (disk, fold, journal, _) = filled();
    let last = fold.snapshot().mark.unwrap().batch;
    journal.close_segment().unwrap();
    journal.retain(.., |id| if id == run(1) { Keep::Nothing } else { Keep::Everything }).unwrap();
    journal.close();
    let rewriting = disk.files().pop().unwrap();
    disk.corrupt(&rewriting, |bytes| {
        let at = bytes.len() - 500;
        bytes[at..].fill(0);
    })
    .unwrap();
    let fold = MemoryFold::default();
    let (journal, report) = open(&disk, &fold).unwrap();
    assert_eq!((report.torn, report.damage.len()), (None, 1));
    append(&journal, &mut Model::default(), Append::new(run(5), 1, vec![b"new".to_vec()]));
    assert_eq!(fold.snapshot().mark.unwrap().batch, last + 1);
}
