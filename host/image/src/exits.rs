//! Exit codes of programs for wasip1. Its adapter knows success and failure only, since that was all that WASI 0.2 had at first;
//! so a program's `proc_exit` is led past it, to the function with a code that WASI 0.2.12 has.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as ADAPTER,
};
use wasmparser::{BinaryReaderError, ImportSectionReader, Parser, Payload, TypeRef};
use wit_component::{StringEncoding, embed_component_metadata, metadata};

const PROC_EXIT: &str = "proc_exit";
/// The interface and its function, which takes an `i32` as `proc_exit` does.
const EXIT: (&str, &str) = ("wasi:cli/exit@0.2.12", "exit-with-code");
/// What a program has beside the adapter. The interface is the adapter's own, whose types come with it.
const WORLD: &str = "package skep:adapted; world program { import wasi:cli/exit@0.2.12; }";

/// The module with its exits led past the adapter, if it has any. All that it imports are functions of [`PREVIEW1`].
pub(crate) fn lead_past(module: &[u8]) -> Result<Vec<u8>, String> {
    let malformed = |error: BinaryReaderError| error.to_string();
    let Some(mut module) = rewritten(module).map_err(malformed)? else { return Ok(module.to_owned()) };
    let told = |error| format!("{error:#}");
    let (_, adapter) = metadata::decode(ADAPTER).map_err(told)?;
    let mut resolve = adapter.resolve;
    let package = resolve.push_source("program.wit", WORLD).map_err(told)?;
    let world = resolve.select_world(&[package], None).map_err(told)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(told)?;
    Ok(module)
}

/// The module with another import section, or nothing if it needs none.
fn rewritten(module: &[u8]) -> Result<Option<Vec<u8>>, BinaryReaderError> {
    let mut written = module[..8].to_vec();
    let mut exits = false;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else { continue };
        let imports = match payload {
            Payload::ImportSection(imports) => Some(self::imports(imports, &mut exits)?),
            _ => None,
        };
        let content = imports.as_deref().unwrap_or(&module[range]);
        written.push(id);
        number(&mut written, content.len());
        written.extend_from_slice(content);
    }
    Ok(exits.then_some(written))
}

/// The content of an import section of functions: its count, and for each two names, a zero and the number of its type.
fn imports(section: ImportSectionReader<'_>, exits: &mut bool) -> Result<Vec<u8>, BinaryReaderError> {
    let imports = section.into_imports().collect::<Result<Vec<_>, _>>()?;
    let mut written = Vec::new();
    number(&mut written, imports.len());
    for import in imports {
        let is_exit = (import.module, import.name) == (PREVIEW1, PROC_EXIT);
        *exits |= is_exit;
        let (module, name) = if is_exit { EXIT } else { (import.module, import.name) };
        for name in [module, name] {
            number(&mut written, name.len());
            written.extend_from_slice(name.as_bytes());
        }
        if let TypeRef::Func(of_type) = import.ty {
            written.push(0);
            number(&mut written, of_type as usize);
        }
    }
    Ok(written)
}

/// A number as WebAssembly writes it: seven bits a byte, the lowest first.
fn number(to: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exit_is_led_elsewhere() {
        let text = r#"(module
          (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
          (memory (export "memory") 1)
          (func (export "_start") (call 1 (i32.const 300))))"#;
        let module = wat::parse_str(text).unwrap();
        let expected =
            text.replace("\"wasi_snapshot_preview1\" \"proc_exit\"", "\"wasi:cli/exit@0.2.12\" \"exit-with-code\"");
        assert_eq!(rewritten(&module).unwrap(), Some(wat::parse_str(expected).unwrap()));
    }

    #[test]
    fn a_program_that_only_returns_stays_as_it_is() {
        let module = wat::parse_str("(module (memory (export \"memory\") 1) (func (export \"_start\")))").unwrap();
        assert_eq!(lead_past(&module).unwrap(), module);
    }
}
