//! The bindings of both worlds. An export macro is what makes a component of one world or the other, so an agent carries
//! nothing of the tool world and the other way round.

/// The world of agents.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    reason = "generated; documented in wit/agent"
)]
pub mod agent {
    wit_bindgen::generate!({
        path: "wit/agent",
        world: "agent",
        pub_export_macro: true,
        export_macro_name: "export_agent",
    });
}

/// The world of tools.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    reason = "generated; documented in wit/plugin"
)]
pub mod tool {
    wit_bindgen::generate!({
        path: "wit/plugin",
        world: "tool",
        pub_export_macro: true,
        export_macro_name: "export_tool",
    });
}
