//! Images in their three homes: real folders, a real store, a real registry, and registries that mean no good.
#![allow(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

mod docker_registry;
mod folders;
mod hostile;
mod programs;
mod registries;
mod scene;
mod server;
mod stores;
