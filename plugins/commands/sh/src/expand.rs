//! Words become fields: expansions, splitting, globbing, quote removal.

pub(crate) mod arith;
mod assign;
mod case;
mod fallback;
pub(crate) mod fields;
pub(crate) mod glob;
mod param;
pub(crate) mod pattern;
pub(crate) mod process;
pub(crate) mod quote;
mod replace;
mod slice;
mod split;
pub(crate) use split::read_fields;
mod substitute;
mod tilde;
mod transform;
pub(crate) use transform::array_literal;
pub(crate) mod variable;
