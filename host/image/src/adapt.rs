//! A program for WASI's first preview, which is a core module, made into a component with the adapter of wasmtime's project.
//! So whatever was built for `wasm32-wasip1` is a command as it is.
//!
//! Modules come from anywhere. One is validated before anything else looks at it, and refused when it asks for more than
//! the adapter offers: what it would be given instead is nothing.

use std::collections::BTreeSet;
use std::fmt::Display;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as ADAPTER,
};
use wasmparser::{Encoding, ExternalKind, Parser, Payload, TypeRef, Validator};
use wit_component::ComponentEncoder;

use crate::component::{self, HEAD, LARGEST_COMPONENT};
use crate::exits;

/// Stands at the beginning of each adapted component, as a section that means nothing to whoever runs it.
const MARK: &[u8] = b"\x00\x14\x0cadapted-from\x06wasip1";
/// How many bytes tell whether a component was adapted.
pub(crate) const MARKED_HEAD: usize = HEAD + MARK.len();
/// How many names a message has of what is asked for.
const TOLD: usize = 3;

/// Whether a file that begins so is a core module.
pub(crate) fn is_module(head: &[u8]) -> bool {
    head == b"\0asm\x01\0\0\0"
}

/// Whether a component that begins so was adapted here or on another host like this one.
pub(crate) fn is_marked(head: &[u8]) -> bool {
    head.get(HEAD..MARKED_HEAD) == Some(MARK)
}

/// The component that does what the module does. The same module makes the same bytes.
pub(crate) fn adapt(module: &[u8]) -> Result<Vec<u8>, String> {
    let malformed =
        |error: wasmparser::BinaryReaderError| format!("is truncated or malformed ({error}); build it again");
    Validator::new().validate_all(module).map_err(malformed)?;
    Program::read(module).map_err(malformed)?.check()?;
    let component = encode(module).map_err(|reason| format!("can't be adapted from wasip1: {reason}"))?;
    let (head, rest) = component.split_at(HEAD);
    let component = [head, MARK, rest].concat();
    if component.len() as u64 > LARGEST_COMPONENT {
        return Err(format!("makes a component of {} bytes; it has at most 64 MiB", component.len()));
    }
    component::check_command(&component)?;
    Ok(component)
}

fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let module = exits::lead_past(module)?;
    let encoder = ComponentEncoder::default().validate(true).module(&module).map_err(reason)?;
    encoder.adapter(PREVIEW1, ADAPTER).map_err(reason)?.encode().map_err(reason)
}

/// An error with its causes.
fn reason(error: impl Display) -> String {
    format!("{error:#}")
}

/// What a module asks for and offers, as far as it matters here.
#[derive(Default)]
struct Program {
    /// Imports that no WASI has, as `module.name`.
    foreign: BTreeSet<String>,
    /// The names of other versions of WASI that it imports.
    versions: BTreeSet<String>,
    starts: bool,
    is_library: bool,
    has_memory: bool,
    is_for_components: bool,
}

impl Program {
    fn read(module: &[u8]) -> Result<Self, wasmparser::BinaryReaderError> {
        let mut program = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::Version { encoding: Encoding::Component, .. } => program.is_for_components = true,
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        program.import(&import?);
                    }
                }
                Payload::ExportSection(exports) => {
                    for export in exports {
                        program.export(&export?);
                    }
                }
                Payload::CustomSection(custom) if custom.name().starts_with("component-type") => {
                    program.is_for_components = true;
                }
                _ => {}
            }
        }
        Ok(program)
    }

    fn import(&mut self, import: &wasmparser::Import<'_>) {
        match (import.module, import.ty) {
            (PREVIEW1, TypeRef::Func(_)) => {}
            ("wasi_unstable" | "wasi", _) => drop(self.versions.insert(import.module.to_owned())),
            (module, _) => drop(self.foreign.insert(format!("{module}.{}", import.name))),
        }
    }

    fn export(&mut self, export: &wasmparser::Export<'_>) {
        match (export.name, export.kind) {
            ("_start", ExternalKind::Func) => self.starts = true,
            ("_initialize", ExternalKind::Func) => self.is_library = true,
            ("memory", ExternalKind::Memory) => self.has_memory = true,
            _ => {}
        }
    }

    fn check(&self) -> Result<(), String> {
        let build = "build it for wasm32-wasip1 or wasm32-wasip2";
        if self.is_for_components {
            return Err("is a core module for the component model; build it for wasm32-wasip2".to_owned());
        }
        if let Some(version) = self.versions.first() {
            return Err(format!("is for another version of WASI ({version}); {build}"));
        }
        if !self.foreign.is_empty() {
            let told =
                self.foreign.iter().take(TOLD).map(|name| crate::error::said(name)).collect::<Vec<_>>().join(", ");
            let more = self.foreign.len().checked_sub(TOLD + 1).map(|more| format!(" and {} more", more + 1));
            return Err(format!("imports what no WASI has: {told}{}; {build}", more.unwrap_or_default()));
        }
        if !self.starts && self.is_library {
            return Err("is a library of wasip1 and no program: it has no `_start`".to_owned());
        }
        if !self.starts || !self.has_memory {
            return Err(format!(
                "is a core module and no program of wasip1: it exports no `_start` or no `memory`; {build}"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A program that reads its arguments, opens a file and writes to it, as far as the adapter has to know.
    const PROGRAM: &str = r#"(module
      (import "wasi_snapshot_preview1" "args_sizes_get" (func (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (global i32 (i32.const 7))
      (table 1 funcref)
      (elem (i32.const 0) $main)
      (func $main (drop (call $write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0))))
      (func (export "_start") (call $main)))"#;

    fn program() -> Vec<u8> {
        wat::parse_str(PROGRAM).unwrap()
    }

    #[test]
    fn the_mark_is_a_section_of_its_own() {
        let component = adapt(&program()).unwrap();
        assert!(is_marked(&component[..MARKED_HEAD]) && !is_marked(&component[..HEAD]) && !is_marked(&program()));
        let sections = Parser::new(0).parse_all(&component).map(Result::unwrap);
        let custom = sections.filter_map(|payload| match payload {
            Payload::CustomSection(custom) => Some((custom.name().to_owned(), custom.data().to_vec())),
            _ => None,
        });
        assert_eq!(custom.take(1).next().unwrap(), ("adapted-from".to_owned(), b"\x06wasip1".to_vec()));
    }

    proptest! {
        /// Whoever sends a module may change any of it; what comes of it is a component or a reason.
        #[test]
        fn changed_programs_are_adapted_or_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let mut module = program();
            for (at, byte) in changes {
                let at = at.index(module.len());
                module[at] = byte;
            }
            match adapt(&module) {
                Ok(component) => prop_assert!(is_marked(&component[..MARKED_HEAD])),
                Err(reason) => prop_assert!(!reason.is_empty()),
            }
        }
    }
}
