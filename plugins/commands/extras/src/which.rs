//! `which`: the commands of the image, under the folder that they are found in by name.

use crate::Stop;

/// Where the image's commands seem to be, since a name that is not a path is always one of theirs.
const FOLDER: &str = "/usr/bin";

pub(crate) fn which(arguments: &[String]) -> Result<i32, Stop> {
    let names = place::names();
    let mut code = 0;
    for word in arguments[1..].iter().filter(|word| !word.starts_with('-')) {
        if word.contains('/') && std::path::Path::new(word).is_file() {
            println!("{word}");
        } else if names.binary_search(word).is_ok() {
            println!("{FOLDER}/{word}");
        } else {
            code = 1;
        }
    }
    Ok(code)
}
