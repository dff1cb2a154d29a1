//! The `skep` program as its users meet it: real processes, real guests, real data folders.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should say where")]

mod bad_input;
#[path = "../../../image/tests/images/docker_registry.rs"]
mod docker_registry;
mod images;
mod interrupted;
mod json_output;
mod plugin_check;
mod readme;
mod runs;
mod skep;
mod store;
