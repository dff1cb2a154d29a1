//! The sandbox of skep: wasmtime, worlds, limits, workspace.
