//! The owner lock, with a real second process, and the disk guard.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use skep_journal::storage::Space;
use skep_journal::storage::fault::FaultStorage;
use skep_journal::{DiskGuard, Error, OwnerLock};

const HOLD: &str = "SKEP_TEST_HOLD";

/// Not a test of its own: what the second process does.
#[test]
fn hold_the_folder_if_told_to() {
    let Ok(dir) = std::env::var(HOLD) else { return };
    let _lock = OwnerLock::acquire(dir.as_ref(), "skep serve").unwrap();
    println!("\nheld");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_second_process_is_told_who_holds_the_folder_until_that_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "a_folder_has_one_owner::hold_the_folder_if_told_to"])
        .env(HOLD, dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "held"));

    let error = OwnerLock::acquire(dir.path(), "skep run").unwrap_err();
    let Error::InUse { holder, .. } = &error else { panic!("{error}") };
    assert!(holder.starts_with(&format!("skep serve (pid {}, started ", child.id())), "{holder}");
    child.kill().unwrap();
    child.wait().unwrap();
    OwnerLock::acquire(dir.path(), "skep run").unwrap();
}

#[test]
fn the_folder_is_free_again_when_its_owner_lets_go() {
    let dir = tempfile::tempdir().unwrap();
    let lock = OwnerLock::acquire(dir.path(), "skep run").unwrap();
    assert!(matches!(OwnerLock::acquire(dir.path(), "skep run"), Err(Error::InUse { .. })));
    drop(lock);
    OwnerLock::acquire(dir.path(), "skep run").unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "in the way").unwrap();
    let error = OwnerLock::acquire(&dir.path().join("file/data"), "skep run").unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }), "{error}");
}

#[test]
fn new_work_is_refused_while_the_disk_is_too_full() {
    let disk = FaultStorage::new();
    let guard = DiskGuard::new(Arc::new(disk.clone()), "/");
    const GIB: u64 = 1 << 30;
    for (free, total, needed) in [(GIB - 1, 5 * GIB, Some(GIB)), (GIB, 5 * GIB, None), (9, 1000 * GIB, Some(100 * GIB))]
    {
        disk.set_space(Space { free, total });
        match (guard.admit(), needed) {
            (Ok(space), None) => assert_eq!(space.free, free),
            (Err(Error::LowSpace { needed: said, .. }), Some(needed)) => assert!(said.abs_diff(needed) < 100),
            (other, _) => panic!("{other:?}"),
        }
    }
}
