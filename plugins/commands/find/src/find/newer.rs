//! `-newer` and its relatives.

use std::time::SystemTime;

use super::expression::{Clock, Test};

/// The test of `-newerXY`, whose X is of the file and whose Y is of the reference: `t` for a date.
pub(super) fn test(letters: &str, reference: &str, now: SystemTime) -> Result<Test, String> {
    let mut letters = letters.chars();
    let clock = clock(letters.next())?;
    let than = match letters.next() {
        Some('t') => date(reference, now)?,
        other => time(self::clock(other)?, reference)?,
    };
    Ok(Test::Newer { clock, than })
}

fn clock(letter: Option<char>) -> Result<Clock, String> {
    match letter {
        Some('a') => Ok(Clock::Read),
        Some('m' | 'c' | 'B') => Ok(Clock::Written),
        _ => Err("-newerXY needs an X of a, c or m and a Y of a, c, m or t".into()),
    }
}

fn date(text: &str, now: SystemTime) -> Result<SystemTime, String> {
    let (now, _) = posix::date::since_epoch(now);
    let seconds = posix::date::parse(text, now);
    seconds.map(posix::date::to_time).ok_or_else(|| format!("cannot understand the date '{text}'"))
}

fn time(clock: Clock, path: &str) -> Result<SystemTime, String> {
    let metadata = std::fs::metadata(path);
    let time =
        metadata.and_then(|metadata| if clock == Clock::Read { metadata.accessed() } else { metadata.modified() });
    time.map_err(|problem| format!("'{path}': {}", posix::reason(&problem)))
}
