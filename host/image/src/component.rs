//! What a file must be to be a command: a component of bounded size. Whether it can be run is the sandbox's to say.

use std::collections::BTreeSet;

use wasmparser::{Encoding, Parser, Payload};

/// The largest component, in bytes; the sandbox takes none that is larger.
pub const LARGEST_COMPONENT: u64 = 64 << 20;
/// How many bytes tell what a file is.
pub(crate) const HEAD: usize = 8;

const MAGIC: &[u8] = b"\0asm";
/// Version 13 of layer 1, as the component model's binary format has it; a core module is of layer 0.
const COMPONENT: [u8; 4] = [0x0d, 0, 1, 0];

const BUILD: &str = "build it for wasm32-wasip2";

/// Checks the first eight bytes of a file, or as many as it has.
pub(crate) fn check_head(head: &[u8]) -> Result<(), String> {
    match head.strip_prefix(MAGIC) {
        Some(version) if version == COMPONENT => Ok(()),
        Some([1, 0, 0, 0]) => {
            Err(format!("is a core module, not a component; {BUILD}, or have `skep image build` adapt it"))
        }
        Some([_, _, 1, 0]) => Err(format!("is a component in a form that is not known here; {BUILD}")),
        Some(_) | None => Err(format!("is not a WebAssembly component; {BUILD}")),
    }
}

/// What is known of a component without reading all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its length.
    pub bytes: u64,
    /// Whether it was made of a program for wasip1.
    pub adapted: bool,
}

/// What components ask for and offer, by name.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    pub(crate) imports: BTreeSet<String>,
    pub(crate) exports: BTreeSet<String>,
}

impl Surface {
    /// Adds a component's own imports and exports, not those of what it contains.
    pub(crate) fn add(&mut self, component: &[u8]) -> Result<(), String> {
        self.read(component).map_err(|error| format!("it is truncated or malformed ({error}); build it again"))
    }

    fn read(&mut self, component: &[u8]) -> Result<(), wasmparser::BinaryReaderError> {
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::Version { encoding: Encoding::Component | Encoding::Module, .. } => {}
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        self.imports.insert(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        self.exports.insert(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The interface of a program. Any 0.2 that is newer is served as far as it is the same.
const RUN: &str = "wasi:cli/run@0.2.";

/// Whether a whole component is a command.
pub(crate) fn check_command(component: &[u8]) -> Result<(), String> {
    let mut surface = Surface::default();
    surface.read(component).map_err(|error| format!("is truncated or malformed ({error}); build it again"))?;
    if surface.exports.iter().any(|export| export.starts_with(RUN)) {
        return Ok(());
    }
    Err(format!("is a component and no command: it does not export wasi:cli/run; {BUILD}, as a program with a `main`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_stands_in_its_first_eight_bytes() {
        assert_eq!(check_head(b"\0asm\x0d\0\x01\0"), Ok(()));
        let refusal = |head: &[u8]| check_head(head).unwrap_err();
        assert!(refusal(b"\0asm\x01\0\0\0").contains("have `skep image build` adapt it"));
        assert!(refusal(b"\0asm\x0a\0\x01\0").contains("form that is not known"));
        for other in [&b""[..], b"\0asm", b"#!/bin/sh", b"\x7fELF\x02\x01\x01\0", b"\0asm\x02\0\0\0"] {
            assert!(refusal(other).contains("is not a WebAssembly component"), "{other:?}");
        }
    }

    #[test]
    fn a_torn_component_is_malformed_and_an_empty_one_asks_for_nothing() {
        let mut surface = Surface::default();
        assert_eq!(surface.add(b"\0asm\x0d\0\x01\0"), Ok(()));
        assert!(surface.imports.is_empty() && surface.exports.is_empty());
        assert!(surface.add(b"\0asm\x0d\0\x01\0\x01\xff").unwrap_err().contains("truncated or malformed"));
    }
}
