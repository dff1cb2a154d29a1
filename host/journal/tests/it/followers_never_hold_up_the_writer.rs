//! The live tail.

use std::sync::Arc;

use skep_journal::storage::fault::FaultStorage;
use skep_journal::{Append, Config, Error, Journal};

use crate::memory_fold::MemoryFold;
use crate::model::{run, small};

fn open(tail_bytes: usize) -> Journal {
    let config = Config { tail_bytes, ..small() };
    Journal::open(config, Arc::new(FaultStorage::new()), MemoryFold::default().boxed()).unwrap().0
}

async fn submit(journal: &Journal, seq: u64) {
    let append = Append::new(run(1), seq, vec![vec![seq as u8; 100]]);
    journal.append(append).await.unwrap().await.unwrap();
}

#[tokio::test]
async fn a_follower_sees_each_batch_once_and_then_the_end() {
    let journal = open(1 << 20);
    submit(&journal, 1).await;
    let mut tail = journal.follow();
    assert!(tail.try_next().is_none());
    for seq in 2..=4 {
        submit(&journal, seq).await;
        let batch = tail.next().await.unwrap();
        assert_eq!((batch.entries[0].seq, batch.entries.len()), (seq, 1));
    }
    journal.close();
    assert!(matches!(tail.next().await, Err(Error::Closed)));
}

#[tokio::test]
async fn a_follower_that_waits_is_woken() {
    let journal = Arc::new(open(1 << 20));
    let mut tail = journal.follow();
    let (woken, _) = tokio::join!(tail.next(), submit(&journal, 1));
    assert_eq!(woken.unwrap().entries[0].seq, 1);
}

#[tokio::test]
async fn a_slow_follower_hears_that_it_lagged_and_goes_on_with_the_oldest_there_is() {
    let journal = open(500);
    let mut tail = journal.follow();
    for seq in 1..=10 {
        submit(&journal, seq).await;
    }
    assert!(matches!(tail.next().await, Err(Error::Lagged)));
    let mut seen = Vec::new();
    while let Some(batch) = tail.try_next() {
        seen.push(batch.unwrap().entries[0].seq);
    }
    assert_eq!(seen, [9, 10]);
}
