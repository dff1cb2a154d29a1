//! What `cp` is asked to keep of a file beside its content. There are no owners or modes here, and uutils' `cp` fails where it
//! cannot set a time, so that it is not asked to.

/// Options that take a value, as a rest of the word or as the next argument.
const VALUED: &[char] = &['t', 'S'];

/// The arguments without `-p` and the like; `-a` still copies folders, and links as links.
pub(crate) fn without_preserving(arguments: &[String]) -> Vec<String> {
    let options = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let (options, operands) = arguments.split_at(options);
    let kept = options.iter().filter_map(|argument| match argument.as_str() {
        "--archive" => Some("-dR".to_owned()),
        "--preserve" => None,
        long if long.starts_with("--") => (!long.starts_with("--preserve=")).then(|| argument.clone()),
        short if short.len() > 1 && short.starts_with('-') => letters(&short[1..]),
        _ => Some(argument.clone()),
    });
    kept.chain(operands.iter().cloned()).collect()
}

fn letters(letters: &str) -> Option<String> {
    let end = letters.find(VALUED).unwrap_or(letters.len());
    let (flags, value) = letters.split_at(end);
    let kept = format!("-{}{value}", flags.replace('p', "").replace('a', "dR"));
    (kept != "-").then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::without_preserving;

    #[test]
    fn what_cannot_be_kept_is_not_asked_for() {
        for (given, expected) in [
            ("cp -a x y", "cp -dR x y"),
            ("cp -rp x y", "cp -r x y"),
            ("cp -p x y", "cp x y"),
            ("cp -vpt place x", "cp -vt place x"),
            ("cp --preserve=mode --archive x", "cp -dR x"),
            ("cp -r -- -p y", "cp -r -- -p y"),
        ] {
            let arguments: Vec<String> = given.split(' ').map(String::from).collect();
            assert_eq!(without_preserving(&arguments).join(" "), expected);
        }
    }
}
