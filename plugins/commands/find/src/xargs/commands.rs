//! From items to commands.

use super::items::Item;
use posix::stop::Stop;

use super::options::Options;

pub(super) fn of(items: Vec<Item>, options: &Options) -> Result<Vec<Vec<String>>, Stop> {
    if let Some(replaced) = &options.replaced {
        let fill = |item: &Item| options.command.iter().map(|word| word.replace(replaced.as_str(), &item.0)).collect();
        return Ok(items.iter().map(fill).collect());
    }
    if items.is_empty() {
        return Ok(if options.skips_empty { Vec::new() } else { vec![options.command.clone()] });
    }
    group(items, options)
}

/// As many items a command as all of the bounds let in.
fn group(items: Vec<Item>, options: &Options) -> Result<Vec<Vec<String>>, Stop> {
    let fixed: usize = options.command.iter().map(|word| word.len() + 1).sum();
    let mut commands = Vec::new();
    let (mut current, mut count, mut bytes, mut first_line) = (options.command.clone(), 0, fixed, items[0].1);
    for (item, line) in items {
        let counted = options.most_arguments.is_some_and(|most| count >= most)
            || options.most_lines.is_some_and(|most| line - first_line >= most);
        let long = bytes + item.len() + 1 > options.most_bytes;
        if fixed + item.len() + 1 > options.most_bytes || (long && !counted && options.exits_if_long) {
            return Err(Stop::Problem("argument line too long".into()));
        }
        if count > 0 && (counted || long) {
            commands.push(std::mem::replace(&mut current, options.command.clone()));
            (count, bytes, first_line) = (0, fixed, line);
        }
        (count, bytes) = (count + 1, bytes + item.len() + 1);
        current.push(item);
    }
    commands.push(current);
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xargs::{items, options};

    fn commands(words: &[&str], input: &str) -> Vec<String> {
        let words: Vec<String> = std::iter::once("xargs").chain(words.iter().copied()).map(str::to_owned).collect();
        let options = options::read(&words).unwrap();
        let items = items::of(input, &options.splitting).unwrap();
        of(items, &options).unwrap().into_iter().map(|command| command.join("|")).collect()
    }

    #[test]
    fn items_are_grouped_by_number_by_line_and_by_length() {
        assert_eq!(commands(&["-n2", "c"], "1 2 3"), ["c|1|2", "c|3"]);
        assert_eq!(commands(&["-L1", "c"], "1 2\n3\n"), ["c|1|2", "c|3"]);
        assert_eq!(commands(&["-s6", "c"], "11 22 33"), ["c|11", "c|22", "c|33"]);
        assert_eq!(commands(&["c", "x"], "1 2"), ["c|x|1|2"]);
    }

    #[test]
    fn each_line_takes_the_place_of_the_text() {
        assert_eq!(commands(&["-I{}", "mv", "{}", "old/{}"], "a b\nc\n"), ["mv|a b|old/a b", "mv|c|old/c"]);
        assert_eq!(commands(&["-I{}", "mv", "{}"], ""), [""; 0]);
    }

    #[test]
    fn no_items_are_one_command_or_none() {
        assert_eq!(commands(&["c"], ""), ["c"]);
        assert_eq!(commands(&["-r", "c"], ""), [""; 0]);
    }
}
