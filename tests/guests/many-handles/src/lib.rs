//! Makes pollables and never drops one: meets the limit of handles.

use wasip2::clocks::monotonic_clock::subscribe_duration;

#[skep::agent]
fn run(_: skep::Task) -> skep::Result<String> {
    for hour in 1..=10_000_000 {
        std::mem::forget(subscribe_duration(hour * 3_600_000_000_000));
    }
    Ok("the host keeps ten million handles".to_owned())
}
