//! `%(format)T`: strftime in UTC, the only time zone that a guest knows.

use posix::date::Date;

pub(super) fn format(format: &str, seconds: i64) -> String {
    Date::of_seconds(seconds).format(if format.is_empty() { "%H:%M:%S" } else { format })
}
