//! `#[skep::agent]`: the function stays as it is; beside it stands an export that calls it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Result};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(Error::new_spanned(attribute, "#[skep::agent] takes no arguments"));
    }
    let function: ItemFn = syn::parse2(item)?;
    check_signature(&function)?;
    let name = &function.sig.ident;
    Ok(quote! {
        #function

        const _: () = {
            struct Agent;
            impl ::skep::__private::Agent for Agent {
                fn run(task: ::skep::__private::RawTask) -> ::core::result::Result<::std::string::String, ::std::string::String> {
                    ::skep::__private::run_agent(task, #name)
                }
            }
            ::skep::__private::agent_world::export_agent!(Agent with_types_in ::skep::__private::agent_world);
        };
    })
}

fn check_signature(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(asyncness) = &signature.asyncness {
        return Err(Error::new_spanned(asyncness, "an agent is not async: calls to the host wait by themselves"));
    }
    if signature.inputs.len() != 1 {
        return Err(Error::new_spanned(signature, "an agent takes one argument: `task: skep::Task`"));
    }
    Ok(())
}
