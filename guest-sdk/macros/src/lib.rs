//! The two attributes of the guest SDK. Use them through the `skep` crate, which holds everything they expand to.

mod agent;
mod tools;

use proc_macro::TokenStream;

/// Makes a function the component's agent.
///
/// The function takes a `skep::Task` and returns a `Result` whose `Ok` is the run's summary and whose `Err` is the reason
/// for its failure. Exactly one function of a component carries it.
#[proc_macro_attribute]
pub fn agent(attribute: TokenStream, item: TokenStream) -> TokenStream {
    agent::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes the functions of a module that carry `#[tool]` the component's tools.
///
/// A tool takes one argument, which implements `serde::Deserialize` and `schemars::JsonSchema`, or none, and returns a
/// `Result` whose `Ok` implements `serde::Serialize`. Its name is the function's with hyphens for underscores, its description the
/// doc comment.
#[proc_macro_attribute]
pub fn tools(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tools::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
