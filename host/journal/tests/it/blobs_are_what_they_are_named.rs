//! Content-addressed files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use skep_journal::storage::fault::{Fault, FaultStorage};
use skep_journal::{BlobStore, Error};
use skep_model::Digest;

fn store() -> (FaultStorage, BlobStore) {
    let disk = FaultStorage::new();
    let store = BlobStore::open(Arc::new(disk.clone()), "/blobs").unwrap();
    (disk, store)
}

fn path(digest: &Digest) -> PathBuf {
    Path::new("/blobs").join(&digest.hex()[..2]).join(digest.hex())
}

#[test]
fn a_blob_is_stored_once_under_its_digest() {
    let (disk, store) = store();
    let digest = store.put(b"hello").unwrap();
    assert_eq!(digest, Digest::of(b"hello"));
    assert_eq!(store.put(b"hello").unwrap(), digest);
    let (streamed, bytes) = store.put_reader(&mut &b"hello"[..], 5).unwrap();
    assert_eq!((streamed, bytes), (digest, 5));
    assert_eq!(store.put_all(&[b"hello", b"world"]).unwrap(), [digest, Digest::of(b"world")]);
    let mut paths = [path(&digest), path(&Digest::of(b"world"))];
    paths.sort();
    assert_eq!(disk.files(), paths);
    assert_eq!(store.get(&digest).unwrap(), b"hello");
    assert!(store.exists(&digest).unwrap());
}

#[test]
fn what_is_missing_or_damaged_is_said_to_be() {
    let (disk, store) = store();
    let digest = Digest::of(b"hello");
    assert!(matches!(store.get(&digest), Err(Error::BlobMissing(of)) if of == digest));
    store.put(b"hello").unwrap();
    disk.corrupt(&path(&digest), |bytes| bytes[0] ^= 1).unwrap();
    assert!(matches!(store.get(&digest), Err(Error::BlobDamaged(of)) if of == digest));
    store.put(b"hello").unwrap();
    assert_eq!(store.get(&digest).unwrap(), b"hello");
}

#[test]
fn a_stream_over_its_limit_leaves_nothing() {
    let (disk, store) = store();
    let error = store.put_reader(&mut &b"hello"[..], 4).unwrap_err();
    assert!(matches!(error, Error::TooLarge { bytes: 5, limit: 4 }), "{error}");
    assert_eq!(disk.files(), Vec::<PathBuf>::new());
}

type Put = fn(&BlobStore) -> Result<(), Error>;

#[test]
fn what_can_not_be_finished_leaves_nothing() {
    let faults = [Fault::WriteFails, Fault::SyncFails, Fault::DiskFull];
    let puts: [Put; 3] = [
        |store| store.put(b"hello").map(drop),
        |store| store.put_all(&[b"hello", b"world"]).map(drop),
        |store| store.put_reader(&mut &b"hello"[..], 5).map(drop),
    ];
    for (fault, put) in faults.into_iter().flat_map(|fault| puts.map(|put| (fault, put))) {
        for nth in 1.. {
            let (disk, store) = store();
            disk.plan(fault, nth);
            let done = put(&store);
            let happened = disk.happened();
            let unfinished = disk.files().into_iter().filter(|path| path.starts_with("/blobs/tmp")).count();
            assert_eq!(unfinished, 0, "{fault:?} at call {nth}: {done:?}");
            assert_eq!(done.is_err(), happened, "{fault:?} at call {nth}");
            disk.make_room();
            put(&store).unwrap();
            assert_eq!(store.get(&Digest::of(b"hello")).unwrap(), b"hello");
            if !happened {
                assert!(nth > 1);
                break;
            }
        }
    }
}

#[test]
fn a_sweep_leaves_what_is_named_and_what_may_be_named_soon() {
    let (disk, store) = store();
    let named = store.put(b"named").unwrap();
    let unnamed = store.put(b"unnamed").unwrap();
    let keep = |digest: &Digest| *digest == named;
    assert_eq!(store.remove_unreferenced(keep).unwrap(), 0);
    assert_eq!(store.remove_unreferenced(keep).unwrap(), 0);
    assert_eq!(store.remove_unreferenced(keep).unwrap(), 1);
    assert_eq!(disk.files(), [path(&named)]);
    assert!(matches!(store.get(&unnamed), Err(Error::BlobMissing(_))));
}
