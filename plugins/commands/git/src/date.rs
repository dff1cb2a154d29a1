//! Times as git prints and takes them, without a table of time zones: each has its offset beside it.

use std::time::SystemTime;

use posix::date::{Date, days, since_epoch};

/// A moment and how far east of Greenwich it is told, in minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) seconds: i64,
    pub(crate) offset: i32,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self { seconds: since_epoch(SystemTime::now()).0, offset: 0 }
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
        let mut date = date.split('-');
        let year: u16 = date.next()?.parse().ok()?;
        let (month, day) = (date.next()?.parse().ok()?, date.next()?.parse().ok()?);
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let at = time.find(['+', '-', 'Z', ' ']).unwrap_or(time.len());
        let (clock, offset) = time.split_at(at);
        let offset = zone(offset.trim()).unwrap_or(0);
        let mut clock =
            clock.split(':').map(|part| part.split('.').next().unwrap_or(part).parse::<u16>().map(i64::from));
        let (hour, minute) = (clock.next()?.ok()?, clock.next()?.ok()?);
        let second = clock.next().and_then(Result::ok).unwrap_or(0);
        let seconds = days(i64::from(year), month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Self { seconds: seconds - i64::from(offset) * 60, offset })
    }

    /// As `--date=MODE` has it.
    pub(crate) fn shown(self, mode: &str) -> String {
        let local = Date::of_seconds(self.seconds.saturating_add(i64::from(self.offset) * 60));
        let zone = self.zone("");
        match mode {
            "iso" | "iso8601" => format!("{} {zone}", local.format("%F %T")),
            "iso-strict" | "iso8601-strict" => {
                let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(":") };
                format!("{}{zone}", local.format("%FT%T"))
            }
            "short" => local.format("%F"),
            "unix" => self.seconds.to_string(),
            "raw" => format!("{} {zone}", self.seconds),
            "rfc" | "rfc2822" => format!("{} {zone}", local.format("%a, %-d %b %Y %T")),
            "relative" => relative(Self::now().seconds - self.seconds),
            _ => format!("{} {zone}", local.format("%a %b %-d %T %Y")),
        }
    }

    fn zone(self, between: &str) -> String {
        let (sign, minutes) = if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        format!("{sign}{:02}{between}{:02}", minutes / 60, minutes % 60)
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
