//! `sed`, which is uutils'.

use std::ffi::OsString;

fn main() {
    place::run(|arguments| sed::sed::uumain(arguments.into_iter().map(OsString::from)))
}
