//! Blobs: put and fetched off the executor, because a put waits for the disk twice and both hash every byte.

use std::sync::Arc;

use skep_model::{Content, Digest, INLINE_BYTES};
use skep_state::Store;

use crate::Error;

/// Keeps bytes as a blob, durable when this returns.
pub(crate) async fn bytes(store: &Arc<Store>, bytes: Vec<u8>) -> Result<Digest, Error> {
    let store = Arc::clone(store);
    let kept = tokio::task::spawn_blocking(move || store.blobs().put(&bytes));
    Ok(kept.await?.map_err(skep_state::Error::from)?)
}

/// A text as an event holds it; a long one is a durable blob when this returns.
pub(crate) async fn text(store: &Arc<Store>, text: String) -> Result<Content, Error> {
    if text.len() <= INLINE_BYTES {
        return Ok(Content::Inline(text));
    }
    let length = text.len() as u64;
    Ok(Content::Blob { blob: bytes(store, text.into_bytes()).await?, bytes: length })
}

/// The whole of a text that an event holds or names.
pub(crate) async fn whole(store: &Arc<Store>, content: Content) -> Result<String, Error> {
    let blob = match content {
        Content::Inline(text) => return Ok(text),
        Content::Blob { blob, .. } => blob,
    };
    let store = Arc::clone(store);
    let fetched = tokio::task::spawn_blocking(move || store.blobs().get(&blob));
    let fetched = fetched.await?.map_err(skep_state::Error::from)?;
    Ok(String::from_utf8(fetched).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
