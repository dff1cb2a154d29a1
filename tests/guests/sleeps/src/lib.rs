//! Sleeps for the milliseconds in its prompt and returns what both clocks say of it.

use std::time::{Duration, Instant, SystemTime};

#[skep::agent]
fn run(task: skep::Task) -> skep::Result<String> {
    let (instant, system) = (Instant::now(), SystemTime::now());
    std::thread::sleep(Duration::from_millis(task.prompt.parse()?));
    let system_ms = system.elapsed().unwrap_or_default().as_millis();
    Ok(serde_json::json!({ "instant_ms": instant.elapsed().as_millis(), "system_ms": system_ms }).to_string())
}
