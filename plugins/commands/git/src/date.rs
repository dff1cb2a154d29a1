//! Times as git prints and takes them, without a table of time zones: each has its offset beside it.

use std::time::{SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment and how far east of Greenwich it is told, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) offset: i32,
}

/// The parts of a moment where it is told.
struct Parts {
    year: i64,
    month: usize,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    weekday: usize,
}

impl Moment {
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), offset: 0 }
    }

    /// Reads `@SECONDS ZONE`, `SECONDS ZONE`, or a date and time like 2005-04-07T22:13:13+0200.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        let digits = first.strip_prefix('@').unwrap_or(first);
        if let (Ok(seconds), true) = (digits.parse(), first.starts_with('@') || digits.len() > 8) {
            return Some(Self { seconds, offset: zone(rest.trim()).unwrap_or(0) });
        }
        let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
        let mut date = date.split('-').map(str::parse::<i64>);
        let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
        let at = time.find(['+', '-', 'Z', ' ']).unwrap_or(time.len());
        let (clock, offset) = time.split_at(at);
        let offset = zone(offset.trim()).unwrap_or(0);
        let mut clock = clock.split(':').map(|part| part.split('.').next().unwrap_or(part).parse::<i64>());
        let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
        let second = clock.next().and_then(Result::ok).unwrap_or(0);
        let seconds = days_from(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Self { seconds: seconds - i64::from(offset) * 60, offset })
    }

    /// As `--date=MODE` has it.
    pub(crate) fn shown(self, mode: &str) -> String {
        let Parts { year, month, day, hour, minute, second, weekday } = self.parts();
        let (name, month_name) = (DAYS[weekday], MONTHS[month - 1]);
        let (zone, clock) = (self.zone(""), format!("{hour:02}:{minute:02}:{second:02}"));
        match mode {
            "iso" | "iso8601" => format!("{year:04}-{month:02}-{day:02} {clock} {zone}"),
            "iso-strict" | "iso8601-strict" => {
                let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(":") };
                format!("{year:04}-{month:02}-{day:02}T{clock}{zone}")
            }
            "short" => format!("{year:04}-{month:02}-{day:02}"),
            "unix" => self.seconds.to_string(),
            "raw" => format!("{} {zone}", self.seconds),
            "rfc" | "rfc2822" => format!("{name}, {day} {month_name} {year} {clock} {zone}"),
            "relative" => relative(Self::now().seconds - self.seconds),
            _ => format!("{name} {month_name} {day} {clock} {year} {zone}"),
        }
    }

    fn zone(self, between: &str) -> String {
        let (sign, minutes) = if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        format!("{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
    }

    fn parts(self) -> Parts {
        let local = self.seconds.saturating_add(i64::from(self.offset) * 60);
        let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = date_of(days);
        let weekday = (days + 4).rem_euclid(7) as usize;
        Parts { year, month, day, hour: rest / 3_600, minute: rest / 60 % 60, second: rest % 60, weekday }
    }
}

fn zone(text: &str) -> Option<i32> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits.replace(':', "")),
        ("-", digits) => (-1, digits.replace(':', "")),
        _ => return None,
    };
    let number: i32 = digits.parse().ok()?;
    Some(sign * (number / 100 * 60 + number % 100))
}

/// Days since 1970 of a date, by the usual count of days in eras of 400 years.
fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date_of(days: i64) -> (i64, usize, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month as usize, of_year - (153 * shifted + 2) / 5 + 1)
}

fn relative(seconds: i64) -> String {
    let ago = |count: i64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    match seconds {
        ..0 => "in the future".to_owned(),
        0..90 => ago(seconds, "second"),
        90..5_400 => ago((seconds + 30) / 60, "minute"),
        5_400..129_600 => ago((seconds + 1_800) / 3_600, "hour"),
        129_600..1_209_600 => ago((seconds + 43_200) / 86_400, "day"),
        1_209_600..6_048_000 => ago(((seconds + 43_200) / 86_400 + 3) / 7, "week"),
        6_048_000..31_536_000 => ago(((seconds + 43_200) / 86_400 + 15) / 30, "month"),
        _ => ago((seconds + 15_768_000) / 31_536_000, "year"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_git_tells_them() {
        let moment = Moment::parse("2005-04-07T22:13:13+0200").unwrap_or(Moment { seconds: 0, offset: 0 });
        assert_eq!(moment, Moment { seconds: 1_112_904_793, offset: 120 });
        assert_eq!(moment.shown(""), "Thu Apr 7 22:13:13 2005 +0200");
        assert_eq!(moment.shown("iso"), "2005-04-07 22:13:13 +0200");
        assert_eq!(moment.shown("iso-strict"), "2005-04-07T22:13:13+02:00");
        assert_eq!(Moment::parse("@1112904793 -0130").map(|moment| moment.offset), Some(-90));
    }
}
