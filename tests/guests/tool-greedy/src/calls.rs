//! Calls, and what the host buffers for them.

use std::hint::black_box;

use wasip2::http::types::{Fields, OutgoingRequest};

pub(crate) fn fetch(count: u64, bytes: usize) -> u64 {
    let body = vec![b'g'; bytes];
    let refused = |_: &u64| {
        let request = skep::http::Request::new("POST", "https://example.com/").body(body.clone());
        skep::http::fetch(request).is_err()
    };
    (0..count).filter(refused).count() as u64
}

pub(crate) fn bodies(count: u64) -> skep::Result<u64> {
    let (mut kept, mut taken) = (Vec::new(), 0);
    for _ in 0..count {
        let request = OutgoingRequest::new(Fields::new());
        let body = request.body().map_err(|()| "there is no body")?;
        let stream = body.write().map_err(|()| "there is no stream")?;
        loop {
            let room = stream.check_write().map_err(|error| format!("{error:?}"))?;
            if room == 0 {
                break;
            }
            stream.write(&vec![b'g'; usize::try_from(room).unwrap_or(0)]).map_err(|error| format!("{error:?}"))?;
            taken += room;
        }
        kept.push((request, body, stream));
    }
    std::mem::forget(kept);
    Ok(taken)
}

/// Through a pointer that the compiler can't see through.
pub(crate) fn descend(depth: u64) -> u64 {
    let next: fn(u64) -> u64 = black_box(descend);
    next(depth + 1) ^ depth
}
