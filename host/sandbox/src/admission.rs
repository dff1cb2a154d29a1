//! What a file must be before it is compiled: a component of bounded size that asks for nothing this host does not serve.

use wasmparser::{ComponentExternalKind, ComponentTypeRef, Encoding, Parser, Payload};

/// The kinds of component that this host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// `skep:agent/agent`.
    Agent,
    /// `skep:plugin/tool`.
    Tool,
    /// `wasi:cli/command`, which may import `skep:command/process`, `skep:command/git` and `skep:command/http`.
    Command,
}

impl World {
    const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Tool => "tool",
            Self::Command => "command",
        }
    }

    const fn export(self) -> &'static str {
        match self {
            Self::Agent => "run",
            Self::Tool => "skep:plugin/tool-provider@0.1.0",
            Self::Command => "wasi:cli/run@0.2.0",
        }
    }

    /// The newest version that this host serves of what it exports, as major, minor.
    const fn served(self) -> (u64, u64) {
        match self {
            Self::Agent | Self::Tool => CONTRACT,
            Self::Command => WASI,
        }
    }

    /// The interfaces of ours that this world has, without their version.
    const fn interfaces(self) -> &'static [&'static str] {
        match self {
            Self::Agent => &[
                "skep:agent/types",
                "skep:agent/session",
                "skep:agent/tools",
                "skep:agent/runs",
                "skep:agent/model",
                "skep:agent/ask",
            ],
            Self::Tool => &["skep:plugin/http", "skep:plugin/search"],
            Self::Command => &["skep:command/process", "skep:command/git", "skep:command/http"],
        }
    }

    /// Packages of wasi 0.2 that are linked.
    const fn wasi(self) -> &'static [&'static str] {
        match self {
            Self::Agent => {
                &["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"]
            }
            Self::Tool | Self::Command => &[
                "wasi:cli/",
                "wasi:clocks/",
                "wasi:filesystem/",
                "wasi:io/",
                "wasi:random/",
                "wasi:sockets/",
                "wasi:http/",
            ],
        }
    }
}

/// The newest contract of ours that this host serves, as major, minor.
const CONTRACT: (u64, u64) = (0, 1);
/// The wasi that this host serves.
const WASI: (u64, u64) = (0, 2);
/// The largest component, in bytes. Python guests are 28 MB.
const COMPONENT_BYTES: usize = 64 * 1024 * 1024;

/// Why a file is not run; each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not WebAssembly at all.
    #[error("not a WebAssembly component: it does not begin with the wasm magic; build for wasm32-wasip2")]
    NotWasm,
    /// A core module.
    #[error("a core module, not a component; build for wasm32-wasip2, or adapt it with `wasm-tools component new`")]
    CoreModule,
    /// Broken off or malformed.
    #[error("the component is truncated or malformed: {reason}; build it again")]
    Malformed {
        /// What the parser says, with the offset.
        reason: String,
    },
    /// Too large.
    #[error("the component has {bytes} bytes; at most {limit} are taken")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Exports something else.
    #[error("not {} component: it does not export {export:?}; it exports {}", article(*.world), list(.exports))]
    WrongWorld {
        /// What was wanted.
        world: World,
        /// What is missing.
        export: String,
        /// What is there.
        exports: Vec<String>,
    },
    /// Built for a contract that this host does not know yet.
    #[error("it is built for {interface}, which is newer than the {}.{} that this host serves; update the host, or build with an older SDK", CONTRACT.0, CONTRACT.1)]
    NewerContract {
        /// What it imports or exports.
        interface: String,
    },
    /// Asks for something that is not in its world.
    #[error("it imports {import}, which is no part of the {} world", .world.name())]
    UnknownImport {
        /// What was wanted.
        world: World,
        /// What it asks for.
        import: String,
    },
}

fn article(world: World) -> &'static str {
    match world {
        World::Agent => "an agent",
        World::Tool => "a tool",
        World::Command => "a command",
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

/// Whether `bytes` may be compiled as a component of `world`.
pub(crate) fn admit(bytes: &[u8], world: World) -> Result<(), Refusal> {
    if bytes.len() > COMPONENT_BYTES {
        return Err(Refusal::TooLarge { bytes: bytes.len(), limit: COMPONENT_BYTES });
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(Refusal::NotWasm);
    }
    let (imports, exports) = surface(bytes)?;
    check_exports(exports, world)?;
    imports.into_iter().try_for_each(|import| check_import(import, world))
}

fn check_exports(exports: Vec<String>, world: World) -> Result<(), Refusal> {
    let wanted = world.export();
    let is_wanted =
        |export: &String| export == wanted || name(export) == name(wanted) && version(export) == Some(world.served());
    if exports.iter().any(is_wanted) {
        return Ok(());
    }
    let is_newer = |export: &&String| {
        name(export) == name(wanted) && version(export) > Some(world.served()) && world != World::Command
    };
    match exports.iter().find(is_newer) {
        Some(newer) => Err(Refusal::NewerContract { interface: newer.clone() }),
        None => Err(Refusal::WrongWorld { world, export: wanted.into(), exports }),
    }
}

fn check_import(import: String, world: World) -> Result<(), Refusal> {
    let name = name(&import);
    if world.interfaces().contains(&name) {
        return match version(&import) {
            Some(version) if version <= CONTRACT => Ok(()),
            _ => Err(Refusal::NewerContract { interface: import }),
        };
    }
    let is_wasi = world.wasi().iter().any(|package| name.starts_with(package)) && version(&import) == Some(WASI);
    if is_wasi { Ok(()) } else { Err(Refusal::UnknownImport { world, import }) }
}

/// An interface without its version.
pub(crate) fn name(interface: &str) -> &str {
    interface.split_once('@').map_or(interface, |(name, _)| name)
}

fn version(interface: &str) -> Option<(u64, u64)> {
    let mut numbers = interface.split_once('@')?.1.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The component's own imports and exports, not those of what it contains.
fn surface(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let malformed = |error: wasmparser::BinaryReaderError| Refusal::Malformed { reason: error.to_string() };
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0u32);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Err(Refusal::CoreModule),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let import = import.map_err(malformed)?;
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(malformed)?;
                    if export.kind != ComponentExternalKind::Type {
                        exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_is_refused_by_name() {
        assert_eq!(admit(b"#!/bin/sh", World::Agent), Err(Refusal::NotWasm));
        assert_eq!(admit(b"\0asm\x01\0\0\0", World::Agent), Err(Refusal::CoreModule));
        assert!(matches!(admit(b"\0asm\x0d\0\x01\0\x0b\xff", World::Agent), Err(Refusal::Malformed { .. })));
        let empty = admit(b"\0asm\x0d\0\x01\0", World::Tool).unwrap_err();
        assert!(empty.to_string().starts_with("not a tool component: it does not export"), "{empty}");
    }

    #[test]
    fn a_tool_of_a_newer_contract_is_told_so() {
        let check = |export: &str| check_exports(vec!["other".into(), export.into()], World::Tool);
        assert_eq!(check("skep:plugin/tool-provider@0.1.0"), Ok(()));
        assert_eq!(check("skep:plugin/tool-provider@0.1.9"), Ok(()));
        let newer = check("skep:plugin/tool-provider@0.2.0").unwrap_err();
        assert!(
            newer.to_string().starts_with("it is built for skep:plugin/tool-provider@0.2.0, which is newer"),
            "{newer}"
        );
        for other in ["skep:plugin/tool-provider@0.0.9", "skep:plugin/tool-provider", "skep:plugin/other@0.2.0"] {
            assert!(matches!(check(other), Err(Refusal::WrongWorld { .. })), "{other}");
        }
    }

    #[test]
    fn imports_are_served_up_to_the_contract_and_wasi_0_2() {
        let check = |import: &str| check_import(import.into(), World::Agent);
        assert_eq!(check("skep:agent/session@0.1.7"), Ok(()));
        assert_eq!(check("wasi:io/poll@0.2.12"), Ok(()));
        assert!(matches!(check("skep:agent/session@0.9.0"), Err(Refusal::NewerContract { .. })));
        assert!(matches!(check("skep:agent/nonsense@0.1.0"), Err(Refusal::UnknownImport { .. })));
        assert!(matches!(check("wasi:http/types@0.2.3"), Err(Refusal::UnknownImport { .. })));
        assert!(matches!(check("wasi:io/poll@0.3.0"), Err(Refusal::UnknownImport { .. })));
    }
}
