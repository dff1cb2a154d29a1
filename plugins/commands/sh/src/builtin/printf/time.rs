//! `%(format)T`: strftime in UTC, the only time zone that a guest knows.

/// A moment as a calendar shows it.
struct Moment {
    seconds: i64,
    year: i64,
    month: i64,
    day: i64,
    year_day: i64,
    week_day: i64,
}

const MONTHS: [&str; 12] = [
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
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

impl Moment {
    fn new(seconds: i64) -> Moment {
        let days = seconds.div_euclid(86_400);
        // Days to a date, by eras of 400 years that begin in March.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let from_march = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * from_march + 2) / 153;
        let day = from_march - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][(month - 1) as usize];
        let year_day = before + day + i64::from(month > 2 && is_leap(year));
        Moment { seconds, year, month, day, year_day, week_day: (days + 4).rem_euclid(7) }
    }

    fn clock(&self) -> (i64, i64, i64) {
        let of_day = self.seconds.rem_euclid(86_400);
        (of_day / 3600, of_day / 60 % 60, of_day % 60)
    }

    fn field(&self, letter: char) -> Option<String> {
        let (hour, minute, second) = self.clock();
        let half = if hour % 12 == 0 { 12 } else { hour % 12 };
        let (month, day) = (MONTHS[(self.month - 1) as usize], DAYS[self.week_day as usize]);
        Some(match letter {
            'Y' => self.year.to_string(),
            'C' => format!("{:02}", self.year / 100),
            'y' => format!("{:02}", self.year.rem_euclid(100)),
            'm' => format!("{:02}", self.month),
            'd' => format!("{:02}", self.day),
            'e' => format!("{:2}", self.day),
            'H' => format!("{hour:02}"),
            'k' => format!("{hour:2}"),
            'I' => format!("{half:02}"),
            'l' => format!("{half:2}"),
            'M' => format!("{minute:02}"),
            'S' => format!("{second:02}"),
            'p' => if hour < 12 { "AM" } else { "PM" }.into(),
            'P' => if hour < 12 { "am" } else { "pm" }.into(),
            'j' => format!("{:03}", self.year_day),
            'a' => day[..3].into(),
            'A' => day.into(),
            'b' | 'h' => month[..3].into(),
            'B' => month.into(),
            'u' => if self.week_day == 0 { 7 } else { self.week_day }.to_string(),
            'w' => self.week_day.to_string(),
            's' => self.seconds.to_string(),
            'z' => "+0000".into(),
            'Z' => "UTC".into(),
            'n' => "\n".into(),
            't' => "\t".into(),
            '%' => "%".into(),
            'D' | 'x' => format("%m/%d/%y", self.seconds),
            'F' => format("%Y-%m-%d", self.seconds),
            'T' | 'X' => format("%H:%M:%S", self.seconds),
            'R' => format("%H:%M", self.seconds),
            'r' => format("%I:%M:%S %p", self.seconds),
            'c' => format("%a %b %e %H:%M:%S %Y", self.seconds),
            _ => return None,
        })
    }
}

pub(super) fn format(format: &str, seconds: i64) -> String {
    let moment = Moment::new(seconds);
    let format = if format.is_empty() { "%H:%M:%S" } else { format };
    let mut text = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let mut letter = characters.next();
        let unpadded = letter == Some('-');
        if unpadded {
            letter = characters.next();
        }
        match letter.and_then(|letter| moment.field(letter)) {
            Some(field) if unpadded => text.push_str(field.trim_start_matches(['0', ' '])),
            Some(field) => text.push_str(&field),
            None => text.extend(std::iter::once('%').chain(letter)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn moments_have_their_date() {
        assert_eq!(super::format("%F %T %a %j", 0), "1970-01-01 00:00:00 Thu 001");
        assert_eq!(super::format("%F %T %A %-d", 1_709_210_096), "2024-02-29 12:34:56 Thursday 29");
    }
}
