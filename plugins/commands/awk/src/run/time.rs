//! `systime`, `strftime` and `mktime`, in UTC.

use std::time::SystemTime;

use posix::date::{Date, days, since_epoch};

pub(super) fn now() -> f64 {
    since_epoch(SystemTime::now()).0 as f64
}

pub(super) fn formatted(format: &str, seconds: f64) -> String {
    Date::of_seconds(seconds as i64).format(format)
}

/// Of `YYYY MM DD HH MM SS`; -1 if it is not that.
pub(super) fn seconds(text: &str) -> f64 {
    let numbers: Vec<i64> = text.split_whitespace().map_while(|word| word.parse().ok()).collect();
    let [year, month, day, hour, minute, second, ..] = numbers.as_slice() else { return -1.0 };
    let Ok(month) = u32::try_from(*month) else { return -1.0 };
    (days(*year, month, 1) * 86_400 + (day - 1) * 86_400 + hour * 3600 + minute * 60 + second) as f64
}
