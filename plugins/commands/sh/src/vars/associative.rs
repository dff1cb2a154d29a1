//! An associative array that lists its keys in bash's order, which scripts should not rely on and whose output people compare.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Associative {
    elements: HashMap<String, (u32, String)>,
    next: u32,
}

/// bash's table: FNV-1 over the bytes, 1024 buckets, the newest entry of a bucket first.
fn bucket(key: &str) -> u32 {
    let hash = key.bytes().fold(2_166_136_261_u32, |hash, byte| hash.wrapping_mul(16_777_619) ^ u32::from(byte));
    hash & 1023
}

impl Associative {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.elements.get(key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn insert(&mut self, key: String, value: String) {
        let next = self.next;
        let entry = self.elements.entry(key).or_insert_with(|| (next, String::new()));
        entry.1 = value;
        self.next += u32::from(entry.0 == next);
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.elements.remove(key);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut sorted: Vec<_> = self.elements.iter().collect();
        sorted.sort_by_key(|(key, (age, _))| (bucket(key), std::cmp::Reverse(*age)));
        sorted.into_iter().map(|(key, (_, value))| (key.as_str(), value.as_str()))
    }
}
