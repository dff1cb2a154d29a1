//! The tools of the workspace's files. Single files are handled here through wasi; what looks at many files is left to the
//! host's search functions, which are much faster.

mod edit;
mod folder;
mod found;
mod page;
mod path;
mod read;
mod search;
mod stream;
mod write;

#[skep::tools]
mod files {
    use crate::{edit, folder, read, search, write};

    /// List one folder: names, kinds and sizes.
    #[tool]
    fn list(arguments: folder::ListArguments) -> skep::Result<folder::Listing> {
        folder::list(&arguments)
    }

    /// Find files and folders by glob patterns such as `**/*.rs`. Leaves out what is hidden or ignored by git unless asked.
    #[tool]
    fn glob(arguments: search::GlobArguments) -> skep::Result<search::GlobAnswer> {
        search::glob(arguments)
    }

    /// Read a text file, all of it or a range of lines. Of a binary file it tells size and first bytes.
    #[tool]
    fn read(arguments: read::ReadArguments) -> skep::Result<read::ReadAnswer> {
        read::read(&arguments)
    }

    /// Tell what a path is: kind, size, time of the last change, and where a link points.
    #[tool]
    fn stat(arguments: folder::StatArguments) -> skep::Result<folder::Stat> {
        folder::stat(&arguments)
    }

    /// Search file contents with a regular expression. Leaves out what is hidden, binary or ignored by git unless asked.
    #[tool]
    fn grep(arguments: search::GrepArguments) -> skep::Result<search::GrepAnswer> {
        search::grep(arguments)
    }

    /// Count bytes and lines of many files at once.
    #[tool]
    fn count(arguments: search::CountArguments) -> skep::Result<search::CountAnswer> {
        search::count(arguments)
    }

    /// Write a file, new or in place of the present one. Missing folders are made.
    #[tool]
    fn write(arguments: write::WriteArguments) -> skep::Result<write::WriteAnswer> {
        write::write(&arguments)
    }

    /// Replace a piece of a text file by another. The piece must be there exactly, and exactly once unless `replace_all` is set.
    #[tool]
    fn edit(arguments: edit::EditArguments) -> skep::Result<edit::EditAnswer> {
        edit::edit(&arguments)
    }
}
