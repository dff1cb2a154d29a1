//! `/dev/random` and `/dev/urandom` of a command whose randomness follows from a seed.

use std::collections::HashMap;

use bytes::Bytes;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamResult};

/// The most that is read at once.
const READ: usize = 64 * 1024;

/// What one command reads from these devices.
pub(crate) struct Random {
    seed: u64,
    /// How often they were opened.
    opened: u64,
    open: HashMap<u32, Generator>,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, opened: 0, open: HashMap::new() }
    }

    /// One more generator, for whoever opens the device.
    pub(crate) fn next(&mut self) -> Generator {
        self.opened += 1;
        let mut generator = ChaCha20Rng::seed_from_u64(self.seed);
        // The first streams are those of the randomness without a device.
        generator.set_stream(self.opened + 1);
        Generator(generator)
    }

    /// The descriptor with this number is open on the device.
    pub(crate) fn hold(&mut self, descriptor: u32) {
        let generator = self.next();
        self.open.insert(descriptor, generator);
    }

    pub(crate) fn holds(&self, descriptor: u32) -> bool {
        self.open.contains_key(&descriptor)
    }

    pub(crate) fn of(&mut self, descriptor: u32) -> Option<&mut Generator> {
        self.open.get_mut(&descriptor)
    }

    pub(crate) fn release(&mut self, descriptor: u32) {
        self.open.remove(&descriptor);
    }
}

/// Bytes without an end.
pub(crate) struct Generator(ChaCha20Rng);

impl Generator {
    pub(crate) fn take(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; most.min(READ)];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

#[async_trait]
impl Pollable for Generator {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for Generator {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        Ok(self.take(size).into())
    }
}
