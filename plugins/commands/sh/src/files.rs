//! The shell's own table of open files: number to stream. Sharing one is a reference count, so that saving and putting back
//! what a redirection replaces asks nothing of the host.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::process::{self, Failure, Handle};

/// What a number stands for.
pub(crate) enum Stream {
    Host(Handle),
    /// Where a builtin's output is collected for `$(…)` without a pipe. Never given to another command.
    Memory(RefCell<Vec<u8>>),
}

impl Stream {
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Stream::Host(handle) => handle.write(bytes),
            Stream::Memory(collected) => {
                collected.borrow_mut().extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    pub(crate) fn host(&self) -> Option<&Handle> {
        match self {
            Stream::Host(handle) => Some(handle),
            Stream::Memory(_) => None,
        }
    }
}

#[derive(Default, Clone)]
pub(crate) struct Files {
    open: BTreeMap<u32, Rc<Stream>>,
}

impl Files {
    /// What this shell was started with.
    pub(crate) fn given() -> Self {
        let numbers = process::given_numbers().into_iter();
        let open = numbers.filter_map(|number| Some((number, Rc::new(Stream::Host(process::given(number)?)))));
        Files { open: open.collect() }
    }

    pub(crate) fn get(&self, number: u32) -> Option<Rc<Stream>> {
        self.open.get(&number).cloned()
    }

    /// Puts a stream, or nothing, at a number, and gives what was there.
    pub(crate) fn replace(&mut self, number: u32, stream: Option<Rc<Stream>>) -> Option<Rc<Stream>> {
        match stream {
            Some(stream) => self.open.insert(number, stream),
            None => self.open.remove(&number),
        }
    }

    pub(crate) fn put(&mut self, number: u32, handle: Handle) {
        self.open.insert(number, Rc::new(Stream::Host(handle)));
    }

    /// A number of 10 or more that is free.
    pub(crate) fn free(&self) -> u32 {
        (10..).find(|number| !self.open.contains_key(number)).unwrap_or(u32::MAX)
    }

    pub(crate) fn all(&self) -> Vec<(u32, &Handle)> {
        self.open.iter().filter_map(|(number, stream)| Some((*number, stream.host()?))).collect()
    }
}
