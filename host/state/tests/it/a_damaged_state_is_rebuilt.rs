use std::fs;
use std::path::{Path, PathBuf};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use skep_state::{OnProgress, Rebuilt, Store, Trouble};

use crate::support::{Chance, Life, check_all, config, filled, open, open_quietly, scale};

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Flips a bit, cuts a file, or fills a stretch with zeros.
fn harm(state: &Path, chance: &mut Chance) -> String {
    let files: Vec<_> = files(state).into_iter().filter(|file| fs::metadata(file).unwrap().len() > 0).collect();
    let file = &files[chance.below(files.len() as u64) as usize];
    let mut bytes = fs::read(file).unwrap();
    let at = chance.below(bytes.len() as u64) as usize;
    let how = chance.below(3);
    match how {
        0 => bytes[at] ^= 1 << chance.below(8),
        1 => bytes.truncate(at),
        _ => bytes.iter_mut().skip(at).take(512).for_each(|byte| *byte = 0),
    }
    fs::write(file, bytes).unwrap();
    format!("{} at {at} in {}", ["bit flipped", "cut", "zeros"][how as usize], file.display())
}

#[test]
fn without_its_folder_it_is_made_anew() {
    let (data, lives) = filled(20);
    fs::remove_dir_all(data.path().join("state")).unwrap();
    let (store, report) = open(data.path());
    assert!(matches!(report.rebuilt, Some(Rebuilt { because: Trouble::Missing, set_aside: None, .. })), "{report}");
    check_all(&store, &lives);
    drop(store);
    open_quietly(data.path());
}

#[test]
fn whatever_is_done_to_its_files_nothing_is_lost() {
    let mut chance = Chance::new("whatever_is_done_to_its_files_nothing_is_lost");
    let (data, lives) = filled(20);
    for _ in 0..12 * scale() {
        let harm = harm(&data.path().join("state"), &mut chance);
        let (store, report) = open(data.path());
        println!("{harm}: {report}");
        lives.iter().for_each(|life| life.check(&store));
        let verified = store.verify(|_| {}).unwrap();
        assert!(verified.is_sound(), "{harm}: {verified:?}");
        drop(store);
        let asides = fs::read_dir(data.path()).unwrap().flatten();
        let asides = asides.filter(|entry| entry.file_name().to_string_lossy().contains("quarantine")).count();
        assert!(asides <= 2, "{asides} states set aside");
    }
}

#[test]
fn one_that_broke_while_in_use_is_rebuilt_at_the_next_start() {
    let (data, lives) = filled(5);
    fs::write(data.path().join("state.broken"), "sled said no").unwrap();
    let (store, report) = open(data.path());
    let because = report.rebuilt.map(|rebuilt| rebuilt.because);
    assert_eq!(because, Some(Trouble::BrokeEarlier { reason: "sled said no".to_owned() }));
    check_all(&store, &lives);
    drop(store);
    open_quietly(data.path());
}

#[test]
fn it_is_rebuilt_on_demand_and_tells_how_far_it_is() {
    let data = tempfile::tempdir().unwrap();
    let life = Life::complete(7, 9_000, None);
    life.store(&open_quietly(data.path()));
    let told = Arc::new(AtomicU64::new(0));
    let mut config = config(data.path());
    let seen = told.clone();
    config.on_progress = OnProgress::call(move |progress| seen.store(progress.events, Ordering::Relaxed));
    let (store, report) = Store::rebuild(config).unwrap();
    assert!(
        matches!(report.rebuilt, Some(Rebuilt { because: Trouble::Asked, set_aside: Some(_), events: 9_004 })),
        "{report}"
    );
    assert_eq!(told.load(Ordering::Relaxed), 8_192);
    life.check(&store);
}
