//! The one door out of the shell: handles, pipes and other commands. On wasm it is the host's `skep:command/process`; natively
//! a stand-in over the operating system, so that the shell can be compared with bash and dash line by line.

#[cfg(target_arch = "wasm32")]
#[path = "process/wasm.rs"]
mod implementation;

#[cfg(not(target_arch = "wasm32"))]
#[path = "process/native.rs"]
mod implementation;

pub(crate) use implementation::{
    Child, Ending, Failure, Handle, OpenOptions, exit, given, given_numbers, names, numbers, open, payload, pipe,
    spawn, wait_any,
};

/// What is started, and with what. The same as the contract's record.
pub(crate) struct Start<'a> {
    /// None: another instance of this shell.
    pub(crate) program: Option<String>,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) directory: String,
    pub(crate) handles: Vec<(u32, &'a Handle)>,
    pub(crate) payload: Vec<u8>,
    pub(crate) time_limit_ms: Option<u64>,
}

/// Everything up to the end.
pub(crate) fn read_all(handle: &Handle) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    loop {
        let bytes = handle.read(64 * 1024)?;
        if bytes.is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(&bytes);
    }
}
