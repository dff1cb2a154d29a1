//! The host's clock, in one place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use skep_model::Timestamp;

/// Now, by this machine's wall clock. Events are made monotonic where they are appended.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How long it is until `moment`; zero when it has passed.
pub(crate) fn until(moment: Timestamp) -> Duration {
    moment.since(now())
}
