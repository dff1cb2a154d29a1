use std::sync::Arc;

use skep_journal::Error::{Conflict, Refused};
use skep_model::{Happening, RunState, Timestamp};
use skep_state::{Error, Filter};

use crate::support::{Life, check_all, event, filled, open_quietly, run_id, spec, text};

#[test]
fn events_and_records_are_there_at_once_and_after_reopening() {
    let (data, lives) = filled(30);
    for _ in 0..2 {
        let store = open_quietly(data.path());
        check_all(&store, &lives);
    }
}

#[test]
fn a_long_run_is_read_from_any_number_on() {
    let data = tempfile::tempdir().unwrap();
    let life = Life::complete(1, 500, None);
    life.store(&open_quietly(data.path()));
    let store = open_quietly(data.path());
    for from in [1, 2, 31, 32, 33, 64, 65, 250, 503, 504, 505] {
        let events = store.read_events(life.run, from, 40).unwrap();
        let expected: Vec<_> = (1..).zip(life.events.iter().cloned()).skip(from as usize - 1).take(40).collect();
        assert_eq!(events, expected, "from {from}");
    }
    assert_eq!(store.read_events(run_id(99), 1, 10).unwrap(), []);
}

#[test]
fn what_can_not_follow_is_refused_and_changes_nothing() {
    let (data, lives) = filled(5);
    let store = open_quietly(data.path());
    let life = &lives[4];
    let queued = event(life.next_seq(), Happening::Queued(Box::new(spec(4))));
    let said = event(life.next_seq(), Happening::Said { text: text("more") });
    let refused = store.append_blocking(life.run, life.next_seq(), &[said.clone(), queued]);
    assert!(matches!(refused, Err(Error::Journal(Refused { reason })) if reason.contains("queued")), "all or nothing");
    let late = store.append_blocking(life.run, 2, &[said]);
    assert!(matches!(late, Err(Error::Journal(Conflict { expected: 2, .. }))));
    check_all(&store, &lives);
}

#[test]
fn lists_are_newest_first_and_go_on_where_they_stopped() {
    let (data, lives) = filled(30);
    let store = open_quietly(data.path());
    let more = Life::complete(30, 2, None);
    more.store(&store);
    let lives: Vec<_> = lives.into_iter().chain([more]).collect();
    let filters = [
        Filter::default(),
        Filter { states: vec![RunState::InProgress], ..Filter::default() },
        Filter { states: vec![RunState::InProgress, RunState::Succeeded], ..Filter::default() },
        Filter { agent: Some("odd".to_owned()), ..Filter::default() },
        Filter { submitter: Some("submitter 1".to_owned()), agent: Some("even@1.2.3".to_owned()), ..Filter::default() },
        Filter { created_before: Some(Timestamp(0)), ..Filter::default() },
    ];
    for filter in filters {
        let mut expected: Vec<_> = lives.iter().filter_map(|life| life.record.clone()).collect();
        expected.retain(|record| filter.passes(record));
        expected.reverse();
        let (mut listed, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.state().list(&filter, 4, cursor).unwrap();
            listed.extend(page.records);
            cursor = page.next.map(|next| next.to_string().parse().unwrap());
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(listed, expected, "{filter:?}");
    }
    let unfinished: Vec<_> = store.state().unfinished().unwrap().into_iter().map(|record| record.run_id).collect();
    assert_eq!(unfinished, [29, 24, 19, 14, 9, 4].map(run_id));
}

#[tokio::test]
async fn a_follower_hears_everything_once_and_in_order() {
    let data = tempfile::tempdir().unwrap();
    let store = Arc::new(open_quietly(data.path()));
    let life = Life::complete(1, 600, None);
    store.append(life.run, 1, &life.events[..300]).await.unwrap();
    let mut following = store.follow_run(life.run, 3);
    let mut writer = tokio::task::JoinSet::new();
    {
        let (store, life) = (store.clone(), life.clone());
        writer.spawn(async move {
            for (index, event) in life.events.iter().enumerate().skip(300) {
                let other = Life::complete(index as u64 + 10, 1, None);
                store.append(other.run, 1, &other.events).await.unwrap();
                store.append(life.run, index as u64 + 1, std::slice::from_ref(event)).await.unwrap();
            }
        });
    }
    for (seq, event) in (1..).zip(&life.events).skip(2) {
        assert_eq!(following.next().await.unwrap(), (seq, event.clone()));
    }
    writer.join_next().await.unwrap().unwrap();
}
