//! Repositories of all kinds, brought into workspaces: real folders, real git, a real server.
#![allow(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

mod changes;
mod depths;
mod folders;
mod git_data;
mod hostile;
mod indexes;
mod machine;
mod mirrors;
mod pins;
mod references;
mod scene;
mod server;
mod servers;
mod sparse;
mod submodules;
mod tls;
mod work_trees;
