//! Running what was parsed.

pub(crate) mod alias;
mod background;
mod command;
mod compound;
mod condition;
pub(crate) mod external;
pub(crate) mod function;
mod list;
mod loops;
mod pipeline;
pub(crate) mod plain;
pub(crate) mod program;
mod redirect;
mod select;
mod simple;
pub(crate) mod subshell;
mod timing;
mod trace;
