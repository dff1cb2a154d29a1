//! Every way out of a program ends in the C library's `_Exit`, which on wasip2 tells the host only whether the code was 0.
//! These two definitions are found before the library's own, and tell the code.

use crate::bindings::skep::command::process;

// SAFETY: the C library's own name and signature, which is what makes them found in its stead.
#[unsafe(no_mangle)]
extern "C" fn _Exit(code: i32) -> ! {
    end(code)
}

// SAFETY: as above; the library defines both in one object, so both must be here or both there.
#[unsafe(no_mangle)]
extern "C" fn _exit(code: i32) -> ! {
    end(code)
}

fn end(code: i32) -> ! {
    process::exit(u32::from(code as u8));
    // The host does not come back from that.
    core::arch::wasm32::unreachable()
}
