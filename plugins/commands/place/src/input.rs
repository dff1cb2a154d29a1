//! Reading with one question to the host. The C library reads a file through a stream, which in wasmtime goes to another thread
//! and back for each piece, and is made and dropped for each file: of a search over many small files that was most of its time.
//! This definition is found before the library's own; it reads files at their position, and standard input as one stream.

use core::ffi::{c_int, c_void};
use std::cell::RefCell;

use wasip2::cli::stdin::get_stdin;
use wasip2::io::streams::{InputStream, StreamError};

thread_local! {
    static STANDARD: RefCell<Option<InputStream>> = const { RefCell::new(None) };
}

// SAFETY: the C library's own name and signature, which is what makes it found in its stead; it is alone in its object there.
#[unsafe(no_mangle)]
extern "C" fn read(descriptor: c_int, into: *mut c_void, most: usize) -> isize {
    // SAFETY: no more than a number is passed.
    let at = unsafe { libc::lseek(descriptor, 0, libc::SEEK_CUR) };
    if at >= 0 {
        return read_file(descriptor, into, most, at);
    }
    if descriptor != libc::STDIN_FILENO {
        return -1;
    }
    match read_standard(most) {
        Ok(bytes) => {
            // SAFETY: the caller has room for `most` bytes, and the host gives no more than it is asked for.
            unsafe { into.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
            bytes.len() as isize
        }
        Err(()) => {
            // SAFETY: it is a place of this thread.
            unsafe { *libc::__errno_location() = libc::EIO };
            -1
        }
    }
}

fn read_file(descriptor: c_int, into: *mut c_void, most: usize, at: i64) -> isize {
    // SAFETY: the caller has room for `most` bytes.
    let count = unsafe { libc::pread(descriptor, into, most, at) };
    if count > 0 {
        // SAFETY: no more than numbers are passed. It is a file, so this cannot fail.
        unsafe { libc::lseek(descriptor, at + count as i64, libc::SEEK_SET) };
    }
    count
}

/// Waits for some of it; nothing at its end.
fn read_standard(most: usize) -> Result<Vec<u8>, ()> {
    STANDARD.with_borrow_mut(|input| match input.get_or_insert_with(get_stdin).blocking_read(most as u64) {
        Ok(bytes) => Ok(bytes),
        Err(StreamError::Closed) => Ok(Vec::new()),
        Err(StreamError::LastOperationFailed(_)) => Err(()),
    })
}
