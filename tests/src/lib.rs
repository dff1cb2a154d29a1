//! A real host for tests and benchmarks: a data folder, real guests, a real engine.

pub mod checker;
pub mod commands;
pub mod host;
pub mod kit;
pub mod web;
