//! What commands and variables may be called.

/// The longest name, in bytes: that of a file on most systems.
const LONGEST: usize = 255;
/// The longest value of a variable, in bytes.
const VALUE: usize = 32 * 1024;

/// A command's name: what could be the name of a file.
pub(crate) fn command(text: &str) -> Result<String, String> {
    let wrong = |why: &str| Err(format!("{text:?} is no command's name: {why}"));
    match text {
        "" => wrong("it is empty"),
        "." | ".." => wrong("it names a folder"),
        _ if text.contains('/') => wrong("a command is named without a path, so leave out the `/`"),
        _ if text.chars().any(char::is_control) => wrong("it has control characters"),
        _ if text.len() > LONGEST => wrong("it is longer than 255 bytes"),
        _ => Ok(text.to_owned()),
    }
}

/// A variable's name.
pub(crate) fn variable(text: &str) -> Result<(), String> {
    let good = !text.is_empty() && text.len() <= LONGEST && !text.contains('=') && !text.chars().any(char::is_control);
    if good { Ok(()) } else { Err(format!("{text:?} is no variable's name: write letters, digits and underscores")) }
}

/// A variable's value.
pub(crate) fn value(text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err("the value of a variable has no zero bytes".to_owned());
    }
    if text.len() <= VALUE { Ok(text.to_owned()) } else { Err(format!("a variable has at most {VALUE} bytes")) }
}
