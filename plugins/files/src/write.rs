//! Writing one file.

use std::fs;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::Inside;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteArguments {
    /// A file, relative to the workspace.
    path: String,
    /// All of its new content.
    content: String,
}

#[derive(Serialize)]
pub(crate) struct WriteAnswer {
    path: String,
    size: usize,
}

pub(crate) fn write(arguments: &WriteArguments) -> skep::Result<WriteAnswer> {
    let path = Inside::parse(&arguments.path)?;
    let failed = |error| path.failed(&error);
    if let Some(folder) = path.on_disk().parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path.on_disk(), &arguments.content).map_err(failed)?;
    Ok(WriteAnswer { path: path.as_str().to_owned(), size: arguments.content.len() })
}
