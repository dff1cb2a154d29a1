//! Dates of the proleptic Gregorian calendar in UTC, which is the only time zone here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, by the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    pub year: i64,
    /// From 1.
    pub month: u32,
    /// From 1.
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub nanosecond: u32,
    /// From 0, which is Sunday.
    pub weekday: u32,
    /// From 1.
    pub day_of_year: u32,
}

pub const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
pub const LONG_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
pub const LONG_WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

const DAY: i64 = 86_400;

/// Seconds since 1970, and nanoseconds of the second.
pub fn since_epoch(time: SystemTime) -> (i64, u32) {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (after.as_secs() as i64, after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            let whole = -(before.as_secs() as i64);
            if before.subsec_nanos() == 0 { (whole, 0) } else { (whole - 1, 1_000_000_000 - before.subsec_nanos()) }
        }
    }
}

pub fn to_time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

/// Howard Hinnant's days-from-civil: days since 1970-01-01.
pub fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Its inverse.
fn civil(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
}

impl Date {
    pub fn of(time: SystemTime) -> Self {
        let (seconds, nanosecond) = since_epoch(time);
        Self { nanosecond, ..Self::of_seconds(seconds) }
    }

    pub fn of_seconds(seconds: i64) -> Self {
        let (day_number, of_day) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY) as u32);
        let (year, month, day) = civil(day_number);
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            nanosecond: 0,
            weekday: (day_number + 4).rem_euclid(7) as u32,
            day_of_year: (day_number - days(year, 1, 1)) as u32 + 1,
        }
    }

    /// As strftime does, for the letters that dates are usually written with, and with GNU's `%-d` for no zeros before it.
    pub fn format(&self, format: &str) -> String {
        let mut text = String::new();
        let mut left = format.chars().peekable();
        while let Some(character) = left.next() {
            if character != '%' {
                text.push(character);
                continue;
            }
            let is_bare = left.next_if_eq(&'-').is_some();
            let Some(letter) = left.next() else {
                text.push('%');
                continue;
            };
            match self.field(letter) {
                Some(field) if is_bare => text.push_str(bare(&field)),
                Some(field) => text.push_str(&field),
                None => text.extend(['%', letter]),
            }
        }
        text
    }

    /// What one letter stands for.
    pub fn field(&self, letter: char) -> Option<String> {
        let (hour12, half) = ((self.hour + 11) % 12 + 1, if self.hour < 12 { "AM" } else { "PM" });
        let seconds =
            days(self.year, self.month, self.day) * DAY + i64::from(self.hour * 3600 + self.minute * 60 + self.second);
        Some(match letter {
            'Y' => self.year.to_string(),
            'C' => format!("{:02}", self.year.div_euclid(100)),
            'y' => format!("{:02}", self.year.rem_euclid(100)),
            'm' => format!("{:02}", self.month),
            'd' => format!("{:02}", self.day),
            'e' => format!("{:2}", self.day),
            'j' => format!("{:03}", self.day_of_year),
            'H' => format!("{:02}", self.hour),
            'I' => format!("{hour12:02}"),
            'k' => format!("{:2}", self.hour),
            'l' => format!("{hour12:2}"),
            'M' => format!("{:02}", self.minute),
            'S' => format!("{:02}", self.second),
            'N' => format!("{:09}", self.nanosecond),
            's' => seconds.to_string(),
            'p' => half.into(),
            'b' | 'h' => MONTHS[self.month as usize - 1].into(),
            'B' => LONG_MONTHS[self.month as usize - 1].into(),
            'a' => WEEKDAYS[self.weekday as usize].into(),
            'A' => LONG_WEEKDAYS[self.weekday as usize].into(),
            'u' => (if self.weekday == 0 { 7 } else { self.weekday }).to_string(),
            'w' => self.weekday.to_string(),
            'U' => format!("{:02}", (self.day_of_year + 6 - self.weekday) / 7),
            'W' => format!("{:02}", (self.day_of_year + 6 - (self.weekday + 6) % 7) / 7),
            'Z' => "UTC".into(),
            'z' => "+0000".into(),
            'n' => "\n".into(),
            't' => "\t".into(),
            '%' => "%".into(),
            'F' => self.format("%Y-%m-%d"),
            'T' | 'X' => self.format("%H:%M:%S"),
            'R' => self.format("%H:%M"),
            'D' | 'x' => self.format("%m/%d/%y"),
            'r' => self.format("%I:%M:%S %p"),
            'c' => self.format("%a %b %e %H:%M:%S %Y"),
            _ => return None,
        })
    }
}

fn bare(field: &str) -> &str {
    let bare = field.trim_start_matches(['0', ' ']);
    if bare.is_empty() { &field[field.len().saturating_sub(1)..] } else { bare }
}

/// Reads `2026-11-25`, `2026-11-25 10:20[:30]` (or with `T`, and `Z`), `@SECONDS`, `now`, `today`, `yesterday`, `tomorrow` and
/// `3 days ago`; seconds since 1970.
pub fn parse(text: &str, now: i64) -> Option<i64> {
    let text = text.trim();
    match text {
        "now" => return Some(now),
        "today" => return Some(now),
        "yesterday" => return Some(now - DAY),
        "tomorrow" => return Some(now + DAY),
        _ => {}
    }
    if let Some(seconds) = text.strip_prefix('@') {
        return seconds.parse().ok();
    }
    relative(text, now).or_else(|| absolute(text))
}

fn relative(text: &str, now: i64) -> Option<i64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (count, unit, ago) = match words.as_slice() {
        [count, unit, "ago"] => (count.parse::<i64>().ok()?, *unit, true),
        [count, unit] => (count.parse::<i64>().ok()?, *unit, false),
        _ => return None,
    };
    let seconds = match unit.trim_end_matches('s') {
        "second" | "sec" => 1,
        "minute" | "min" => 60,
        "hour" => 3600,
        "day" => DAY,
        "week" => 7 * DAY,
        "month" => 30 * DAY,
        "year" => 365 * DAY,
        _ => return None,
    };
    Some(if ago { now - count * seconds } else { now + count * seconds })
}

fn absolute(text: &str) -> Option<i64> {
    let text = text.trim_end_matches("Z").trim_end_matches(" UTC");
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "0:0:0"));
    let parts: Vec<&str> = date.split(['-', '/']).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let (year, month, day): (i64, u32, u32) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let mut clock = time.split('.').next()?.split(':').map(str::parse::<i64>);
    let mut next = || clock.next().unwrap_or(Ok(0)).ok();
    let (hour, minute, second) = (next()?, next()?, next()?);
    Some(days(year, month, day) * DAY + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_both_ways() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 3, 1), 11_017);
        let date = Date::of_seconds(951_782_400);
        assert_eq!(date.format("%F %T %a %j"), "2000-02-29 00:00:00 Tue 060");
        assert_eq!(Date::of_seconds(951_782_400).format("%-m %-d %-H %q"), "2 29 0 %q");
        assert_eq!(Date::of_seconds(-1).format("%F %T"), "1969-12-31 23:59:59");
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        assert_eq!(parse("2000-02-29", 0), Some(951_782_400));
        assert_eq!(parse("2000-02-29 01:02", 0), Some(951_782_400 + 3720));
        assert_eq!(parse("2000-02-29T00:00:05Z", 0), Some(951_782_405));
        assert_eq!(parse("2 days ago", 200_000), Some(200_000 - 172_800));
        assert_eq!(parse("@7", 0), Some(7));
        assert_eq!(parse("soon", 0), None);
    }
}
