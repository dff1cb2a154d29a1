//! `#[skep::tools]`: collects the functions that carry `#[tool]` into the component's tool provider.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Expr, ExprLit, FnArg, Ident, Item, ItemFn, ItemMod, Lit, Meta, Result};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(Error::new_spanned(attribute, "#[skep::tools] takes no arguments"));
    }
    let mut module: ItemMod = syn::parse2(item)?;
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(module, "#[skep::tools] needs the module's body: `mod tools { … }`"));
    };
    let tools = take_tools(items)?;
    if tools.is_empty() {
        return Err(Error::new_spanned(module, "no function of this module carries #[tool]"));
    }
    // The provider stands inside the module, so that tools need not be public.
    items.push(Item::Verbatim(provider(&tools)));
    Ok(quote!(#module))
}

struct Tool {
    function: Ident,
    name: String,
    description: String,
    takes_arguments: bool,
}

fn take_tools(items: &mut [Item]) -> Result<Vec<Tool>> {
    let mut tools = Vec::new();
    for item in items {
        let Item::Fn(function) = item else { continue };
        let marked = function.attrs.len();
        function.attrs.retain(|attribute| !attribute.path().is_ident("tool"));
        if function.attrs.len() < marked {
            tools.push(read_tool(function)?);
        }
    }
    Ok(tools)
}

fn read_tool(function: &ItemFn) -> Result<Tool> {
    let signature = &function.sig;
    if let Some(asyncness) = &signature.asyncness {
        return Err(Error::new_spanned(asyncness, "a tool is not async: each call runs in an instance of its own"));
    }
    let takes_arguments = match signature.inputs.iter().collect::<Vec<_>>()[..] {
        [] => false,
        [FnArg::Typed(_)] => true,
        _ => return Err(Error::new_spanned(signature, "a tool takes one struct of arguments, or nothing")),
    };
    let description = doc_comment(&function.attrs);
    if description.is_empty() {
        return Err(Error::new_spanned(
            signature,
            "a tool needs a doc comment: it is the description that agents read",
        ));
    }
    // The contract's names are kebab-case, as those of its own functions.
    let name = signature.ident.to_string().trim_start_matches("r#").replace('_', "-");
    Ok(Tool { function: signature.ident.clone(), name, description, takes_arguments })
}

/// The text of the `///` comments, without the space that each line begins with.
fn doc_comment(attributes: &[Attribute]) -> String {
    attributes.iter().filter_map(doc_line).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if pair.path.is_ident("doc") => {
            Some(text.value().trim().to_owned())
        }
        _ => None,
    }
}

fn provider(tools: &[Tool]) -> TokenStream {
    let descriptions = tools.iter().map(describe_entry);
    let arms = tools.iter().map(call_arm);
    let names = tools.iter().map(|tool| &tool.name);
    quote! {
        const _: () = {
            struct Provider;
            impl ::skep::__private::ToolProvider for Provider {
                fn describe() -> ::std::vec::Vec<::skep::__private::Description> {
                    ::std::vec![#(#descriptions),*]
                }

                fn call(name: ::std::string::String, arguments: ::std::string::String)
                    -> ::core::result::Result<::std::string::String, ::std::string::String>
                {
                    match name.as_str() {
                        #(#arms)*
                        _ => ::core::result::Result::Err(::skep::__private::unknown_tool(&name, &[#(#names),*])),
                    }
                }
            }
            ::skep::__private::tool_world::export_tool!(Provider with_types_in ::skep::__private::tool_world);
        };
    }
}

fn describe_entry(tool: &Tool) -> TokenStream {
    let (name, description, function) = (&tool.name, &tool.description, as_function(tool));
    quote!(::skep::__private::describe_tool(#name, #description, #function))
}

fn call_arm(tool: &Tool) -> TokenStream {
    let (name, function) = (&tool.name, as_function(tool));
    quote!(#name => ::skep::__private::call_tool(#name, &arguments, #function),)
}

/// Every tool as a function of one argument, whose types are left to inference.
fn as_function(tool: &Tool) -> TokenStream {
    let function = &tool.function;
    if tool.takes_arguments { quote!(#function) } else { quote!(|_: ::skep::__private::NoArguments| #function()) }
}
