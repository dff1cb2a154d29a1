//! A tool that uses the paths it is given as they are: every way out of the workspace can be tried with it. What goes wrong
//! comes back as the error's text.

use std::fs;

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct One {
    path: String,
}

#[derive(Deserialize, JsonSchema)]
struct Two {
    /// What is there already, or what a link points to.
    from: String,
    /// What is made.
    to: String,
}

#[derive(Deserialize, JsonSchema)]
struct Content {
    path: String,
    content: String,
}

#[skep::tools]
mod escape {
    use super::*;

    /// Read a file.
    #[tool]
    fn read_path(one: One) -> skep::Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(one.path)?).into_owned())
    }

    /// Write a file.
    #[tool]
    fn write_path(content: Content) -> skep::Result<()> {
        Ok(fs::write(content.path, content.content)?)
    }

    /// Make a folder.
    #[tool]
    fn make_folder(one: One) -> skep::Result<()> {
        Ok(fs::create_dir(one.path)?)
    }

    /// Remove a file.
    #[tool]
    fn remove(one: One) -> skep::Result<()> {
        Ok(fs::remove_file(one.path)?)
    }

    /// Make a symbolic link.
    #[tool]
    fn symlink(two: Two) -> skep::Result<()> {
        Ok(crate::symlink(&two.from, &two.to)?)
    }

    /// Tell where a symbolic link points.
    #[tool]
    fn read_link(one: One) -> skep::Result<String> {
        Ok(fs::read_link(one.path)?.display().to_string())
    }

    /// Make a hard link.
    #[tool]
    fn hardlink(two: Two) -> skep::Result<()> {
        Ok(fs::hard_link(two.from, two.to)?)
    }

    /// Give a file another name.
    #[tool]
    fn rename(two: Two) -> skep::Result<()> {
        Ok(fs::rename(two.from, two.to)?)
    }

    /// List a folder's names.
    #[tool]
    fn list(one: One) -> skep::Result<Vec<String>> {
        let names = fs::read_dir(one.path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        Ok(names.collect::<std::io::Result<_>>()?)
    }

    /// Tell a path's size, links followed.
    #[tool]
    fn size(one: One) -> skep::Result<u64> {
        Ok(fs::metadata(one.path)?.len())
    }
}

/// The standard library has no stable function for it on wasi.
fn symlink(from: &str, to: &str) -> std::io::Result<()> {
    use std::ffi::{CString, c_char, c_int};
    unsafe extern "C" {
        #[link_name = "symlink"]
        fn symlink_in_libc(from: *const c_char, to: *const c_char) -> c_int;
    }
    let (from, to) = (CString::new(from)?, CString::new(to)?);
    // SAFETY: both are strings that end with a NUL and live until the call is over.
    let status = unsafe { symlink_in_libc(from.as_ptr(), to.as_ptr()) };
    if status == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}
