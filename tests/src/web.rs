//! A server on this machine's loopback, and a client that reaches nothing else: what commands' requests are tried with.

mod client;
mod server;

pub use client::Loopback;
pub use server::Server;
