//! Bytes that change on the disk are found or harmless; other runs go on.

use std::path::{Path, PathBuf};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use skep_journal::storage::fault::{Fault, FaultStorage};
use skep_journal::storage::{Mode, Storage};
use skep_journal::{Append, Damage, DamageKind, Error, Journal, OpenReport, Position};
use skep_model::RunId;

use crate::memory_fold::MemoryFold;
use crate::model::{DIR, Model, open, run, scale};

/// Where batches begin in a segment.
const FIRST_BATCH: u32 = 1024;
const BATCH_HEADER: u32 = 24;
const ENTRY_HEADER: u32 = 72;

/// A journal that was closed, as bytes, and what it holds.
struct Kept {
    files: Vec<(PathBuf, Vec<u8>)>,
    fold: MemoryFold,
    /// The fold when about half was written.
    half: MemoryFold,
    model: Model,
}

fn append(journal: &Journal, model: &mut Model, n: u8, sizes: &[usize]) {
    let seq = model.next_seq(run(n));
    let payloads = (seq..).zip(sizes).map(|(seq, size)| vec![n.wrapping_mul(16) ^ seq as u8; *size]).collect();
    let append = Append::new(run(n), seq, payloads);
    journal.append_blocking(append.clone()).unwrap().wait().unwrap();
    *model = model.with(&append);
}

fn kept() -> Kept {
    let (disk, fold, mut model) = (FaultStorage::new(), MemoryFold::default(), Model::default());
    let (journal, _) = open(&disk, &fold).unwrap();
    let mut half = MemoryFold::default();
    for step in 0..12_u8 {
        append(&journal, &mut model, step % 4, &[300 + usize::from(step), 500]);
        if step == 6 {
            half = MemoryFold::restore(fold.snapshot());
        }
    }
    journal.close();
    let files = disk.files().into_iter().map(|path| (path.clone(), disk.contents(&path).unwrap())).collect();
    Kept { files, fold, half, model }
}

impl Kept {
    fn disk(&self) -> FaultStorage {
        let disk = FaultStorage::new();
        disk.create_dir(Path::new(DIR)).unwrap();
        disk.sync_dir(Path::new("/")).unwrap();
        for (path, bytes) in &self.files {
            let file = disk.open(path, Mode::Create).unwrap();
            file.write_at(bytes, 0).unwrap();
            file.sync_data().unwrap();
        }
        disk.sync_dir(Path::new(DIR)).unwrap();
        disk
    }

    fn damaged(&self, segment: usize, offset: u32, change: impl FnOnce(&mut [u8])) -> FaultStorage {
        let disk = self.disk();
        disk.corrupt(&self.files[segment].0, |bytes| change(&mut bytes[offset as usize..])).unwrap();
        disk
    }

    fn last_position(&self) -> Position {
        self.fold.snapshot().mark.unwrap().at
    }

    /// Whatever can be read is right, and whatever is missing is in a report.
    fn check(&self, disk: &FaultStorage, fold: &MemoryFold, hit: Position) {
        let acknowledged = fold.snapshot().mark.map(|mark| mark.at);
        let (journal, report) = open(disk, fold).unwrap();
        assert_eq!(report.lost, None);
        if hit < self.last_position() || acknowledged.is_some_and(|at| hit.segment == at.segment && hit <= at) {
            assert!(report.torn.is_none_or(|torn| torn.at > self.last_position()), "{report:?}");
        }
        let verified = journal.verify(|_| {}).damage;
        let noticed = report.torn.is_some() || !report.damage.is_empty() || !verified.is_empty();
        for run in self.model.runs() {
            assert!(self.check_run(&journal, fold, run) || noticed, "{run} is silently shorter");
            assert!(self.extend(&journal, fold, run) || noticed, "{run} takes no more");
        }
    }

    /// What the fold knows of the run can be read, or is said to be damaged. Is all of it there and readable?
    fn check_run(&self, journal: &Journal, fold: &MemoryFold, run: RunId) -> bool {
        let (entries, folded) = (self.model.entries(run), fold.payloads(run));
        assert_eq!(folded, entries[..folded.len()]);
        let readable = |(seq, payload): &&(u64, Vec<u8>)| {
            match journal.read(run, *seq, fold.position(run, *seq).unwrap()) {
                Ok(entry) => assert_eq!((&entry.payload, entry.seq), (payload, *seq)),
                Err(Error::Damaged { run: of, .. }) => {
                    assert_eq!(of, run);
                    return false;
                }
                Err(other) => panic!("{other}"),
            }
            true
        };
        folded.iter().filter(readable).count() == entries.len()
    }

    fn extend(&self, journal: &Journal, fold: &MemoryFold, run: RunId) -> bool {
        let next = fold.snapshot().heads.get(&run).map_or(1, |head| head.next_seq);
        let answer = journal.append_blocking(Append::new(run, next, vec![vec![1; 9]])).unwrap().wait();
        match answer {
            Ok(_) => true,
            Err(Error::Damaged { run: of, .. }) => {
                assert_eq!(of, run);
                false
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_flipped_bit_is_found_or_harmless_wherever_it_is() {
    let kept = kept();
    let seed: u64 = std::env::var("SKEP_TEST_SEED").map_or(7, |seed| seed.parse().unwrap());
    println!("SKEP_TEST_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    for (index, (_, contents)) in kept.files.iter().enumerate() {
        let mut offset = 0;
        while offset < contents.len() {
            let bit = 1 << (random.next_u32() % 8);
            let position = Position { segment: index as u64 + 1, rewrite: 0, offset: offset as u32 };
            for fold in [&kept.fold, &kept.half, &MemoryFold::default()] {
                let disk = kept.damaged(index, offset as u32, |bytes| bytes[0] ^= bit);
                kept.check(&disk, &MemoryFold::restore(fold.snapshot()), position);
            }
            offset += 1 + random.next_u32() as usize % (30 / scale() as usize + 1);
        }
    }
}

#[test]
fn a_bad_payload_names_its_run_and_no_other() {
    let kept = kept();
    let payload = FIRST_BATCH + BATCH_HEADER + ENTRY_HEADER + 5;
    let disk = kept.damaged(0, payload, |bytes| bytes[0] ^= 1);
    let fold = MemoryFold::default();
    let (journal, report) = open(&disk, &fold).unwrap();
    let place = |offset| Position { segment: 1, rewrite: 0, offset };
    let first = &report.damage[0];
    assert_eq!((first.at, first.kind, &first.runs[..]), (place(FIRST_BATCH), DamageKind::BadBytes, &[run(0)][..]));
    assert_eq!(fold.payloads(run(0)), []);
    for n in 1..4 {
        assert_eq!(fold.payloads(run(n)), kept.model.entries(run(n)));
    }
    let next = fold.snapshot().heads[&run(0)].next_seq;
    assert_eq!(next, kept.model.next_seq(run(0)));
    let answer = journal.append_blocking(Append::new(run(0), next, vec![vec![1]])).unwrap().wait();
    let Err(Error::Damaged { run: of, at }) = answer else { panic!("{answer:?}") };
    assert_eq!((of, at), (run(0), place(FIRST_BATCH + BATCH_HEADER)));
}

#[test]
fn what_reading_finds_the_fold_hears_and_a_full_disk_does_not_make_it_forgotten() {
    let kept = kept();
    let disk = kept.damaged(0, FIRST_BATCH + BATCH_HEADER + ENTRY_HEADER, |bytes| bytes[0] ^= 1);
    let (journal, _) = open(&disk, &kept.fold).unwrap();
    let place = kept.fold.position(run(0), 1).unwrap();
    let error = journal.read(run(0), 1, place).unwrap_err();
    assert!(matches!(error, Error::Damaged { run: of, at } if of == run(0) && at == place), "{error}");
    assert_eq!(kept.fold.snapshot().heads[&run(0)].damaged, Some(place));
    let next = kept.model.next_seq(run(0));
    let submit = |append| journal.append_blocking(append).unwrap().wait();
    disk.plan(Fault::DiskFull, 1);
    let full = submit(Append::superseding(run(0), next, vec![1; 3000])).unwrap_err();
    assert!(matches!(full, Error::DiskFull), "{full}");
    disk.make_room();
    let refused = submit(Append::new(run(0), next, vec![vec![1]])).unwrap_err();
    assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
    submit(Append::superseding(run(0), next, b"begin again".to_vec())).unwrap();
    assert_eq!(kept.fold.snapshot().heads[&run(0)].damaged, None);
}

#[test]
fn a_damaged_run_takes_an_event_that_supersedes_what_was_damaged() {
    let kept = kept();
    let disk = kept.damaged(0, FIRST_BATCH + BATCH_HEADER + ENTRY_HEADER, |bytes| bytes[0] ^= 1);
    let fold = MemoryFold::default();
    let (journal, _) = open(&disk, &fold).unwrap();
    let next = kept.model.next_seq(run(0));
    let submit = |append| journal.append_blocking(append).unwrap().wait();
    submit(Append::superseding(run(0), next, b"begin again".to_vec())).unwrap();
    submit(Append::new(run(0), next + 1, vec![b"and on".to_vec()])).unwrap();
    assert_eq!(fold.payloads(run(0)), [(next, b"begin again".to_vec()), (next + 1, b"and on".to_vec())]);
}

#[test]
fn what_was_folded_and_is_gone_is_said_to_be_lost() {
    let kept = kept();
    let disk = kept.disk();
    let last = kept.last_position();
    let (path, _) = &kept.files[last.segment as usize - 1];
    disk.corrupt(path, |bytes| bytes[last.offset as usize..].fill(0)).unwrap();
    let (journal, report) = open(&disk, &kept.fold).unwrap();
    let lost = report.lost.unwrap();
    assert_eq!((lost.folded.batch, lost.folded.at, lost.held), (12, last, 11));
    assert_eq!(kept.fold.snapshot().resets, 1);
    assert_eq!(kept.fold.payloads(run(3)).len(), 4);

    // The hole stays visible.
    let mut model = Model::of(&kept.fold);
    append(&journal, &mut model, 7, &[5]);
    let kinds: Vec<_> = journal.verify(|_| {}).damage.iter().map(|damage| damage.kind).collect();
    assert_eq!(kinds, [DamageKind::BatchesMissing]);
}

#[test]
fn a_missing_segment_is_damage_of_the_runs_that_go_on_after_it() {
    let kept = kept();
    let disk = kept.disk();
    disk.remove(&kept.files[1].0).unwrap();
    let fold = MemoryFold::default();
    let (journal, report) = open(&disk, &fold).unwrap();
    assert_eq!(report.damage[0].kind, DamageKind::SegmentMissing);
    assert_eq!(report.damage[0].at.segment, 2);
    assert!(report.damage[1..].iter().all(|damage| damage.kind == DamageKind::EntriesMissing));
    let mut model = Model::of(&fold);
    append(&journal, &mut model, 8, &[100]);
}

#[test]
fn a_torn_tail_is_cut_and_reported() {
    let kept = kept();
    let last = kept.last_position();
    let disk = kept.damaged(last.segment as usize - 1, last.offset + 200, |bytes| bytes.fill(0));
    let fold = MemoryFold::default();
    let (_journal, report) = open(&disk, &fold).unwrap();
    let torn = report.torn.unwrap();
    assert_eq!((torn.at, report.damage, report.lost), (last, vec![], None));
    assert_eq!(fold.payloads(run(3)).len(), 4);
    let (_, report) = open(&disk, &fold).unwrap();
    assert_eq!(report, OpenReport::default());
}

#[test]
fn a_payload_that_looks_like_a_batch_is_not_taken_for_one() {
    let kept = kept();
    let (_, bytes) = &kept.files[0];
    let batch = bytes[FIRST_BATCH as usize..FIRST_BATCH as usize + 900].to_vec();
    let (disk, fold) = (FaultStorage::new(), MemoryFold::default());
    let (journal, _) = open(&disk, &fold).unwrap();
    journal.append_blocking(Append::new(run(1), 1, vec![batch])).unwrap().wait().unwrap();
    journal.close();
    let path = Path::new(DIR).join("00000000000000000001.seg");
    disk.corrupt(&path, |bytes| bytes[FIRST_BATCH as usize] ^= 1).unwrap();
    let (_, report) = open(&disk, &MemoryFold::default()).unwrap();
    assert_eq!((report.torn, report.damage.len()), (None, 1));
    disk.corrupt(&path, |bytes| bytes[FIRST_BATCH as usize..][..4].fill(0)).unwrap();
    let (_, report) = open(&disk, &MemoryFold::default()).unwrap();
    assert_eq!((report.torn.map(|torn| torn.at.offset), report.damage), (Some(FIRST_BATCH), vec![]));
}

#[test]
fn a_segment_of_a_newer_format_is_refused_with_its_version() {
    let kept = kept();
    let disk = kept.disk();
    disk.corrupt(&kept.files[0].0, |bytes| {
        bytes[8] = 9;
        let sum = crc32c::crc32c(&bytes[..52]).to_le_bytes();
        bytes[52..56].copy_from_slice(&sum);
    })
    .unwrap();
    let error = open(&disk, &MemoryFold::default()).map(|_| ()).unwrap_err();
    let Error::NewerFormat { found: 9, known: 1, .. } = error else { panic!("{error}") };
}

/// Changes a payload and makes every checksum right again, as only someone could who knows the format.
fn forge(bytes: &mut [u8]) {
    let salt = u32::from_le_bytes(bytes[12..16].try_into().unwrap());
    let entry = (FIRST_BATCH + BATCH_HEADER) as usize;
    let payload = entry + ENTRY_HEADER as usize;
    let length = u32::from_le_bytes(bytes[entry + 4..entry + 8].try_into().unwrap()) as usize;
    bytes[payload] ^= 1;
    let sum = crc32c::crc32c_append(salt, &bytes[payload..payload + length]);
    bytes[entry + 64..entry + 68].copy_from_slice(&sum.to_le_bytes());
    let sum = crc32c::crc32c_append(salt, &bytes[entry..entry + 68]);
    bytes[entry + 68..entry + 72].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn history_that_was_changed_breaks_its_chain() {
    let kept = kept();
    let disk = kept.disk();
    disk.corrupt(&kept.files[0].0, |bytes| forge(bytes)).unwrap();
    let fold = MemoryFold::default();
    let (journal, report) = open(&disk, &fold).unwrap();
    let at = Position { segment: 1, rewrite: 0, offset: FIRST_BATCH + BATCH_HEADER };
    let broken = |damage: &[Damage]| {
        assert_eq!((damage[0].at, damage[0].kind, &damage[0].runs[..]), (at, DamageKind::ChainBroken, &[run(0)][..]));
    };
    broken(&report.damage);
    broken(&journal.verify(|_| {}).damage);
    assert_eq!(fold.payloads(run(0)), []);
    assert_eq!(fold.payloads(run(1)), kept.model.entries(run(1)));
}

#[test]
fn a_batch_that_comes_back_from_the_past_is_not_taken() {
    let kept = kept();
    let disk = kept.disk();
    let (path, bytes) = &kept.files[kept.last_position().segment as usize - 1];
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let old = kept.files[0].1[FIRST_BATCH as usize..FIRST_BATCH as usize + 1000].to_vec();
    disk.corrupt(path, |bytes| {
        bytes.truncate(end);
        bytes.extend_from_slice(&old);
    })
    .unwrap();
    let fold = MemoryFold::default();
    let (_, report) = open(&disk, &fold).unwrap();
    assert_eq!(report.torn.map(|torn| torn.at.offset as usize), Some(end));
    assert_eq!(Model::of(&fold), kept.model);
}

#[test]
fn a_position_that_leads_to_another_entry_is_the_folds_fault() {
    let kept = kept();
    let (journal, _) = open(&kept.disk(), &kept.fold).unwrap();
    let error = journal.read(run(1), 2, kept.fold.position(run(1), 1).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Fold { .. }), "{error}");
    let next = kept.model.next_seq(run(1));
    journal.append_blocking(Append::new(run(1), next, vec![vec![1]])).unwrap().wait().unwrap();
}
