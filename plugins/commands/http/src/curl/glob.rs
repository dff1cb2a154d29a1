//! Several URLs in one: `{a,b}` and `[1-3]`, `[a-c]`, `[01-10:2]`.

use super::Stop;

/// How many one pattern may stand for.
const MOST: usize = 10_000;

/// Each URL that a pattern stands for, in curl's order: what is last changes first.
pub(crate) fn urls(pattern: &str) -> Result<Vec<String>, Stop> {
    let mut urls = vec![String::new()];
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '[', '\\']) {
        let (before, from) = rest.split_at(at);
        urls.iter_mut().for_each(|url| url.push_str(before));
        let (choices, after) = match from.as_bytes()[0] {
            b'{' => set(from)?,
            b'[' => range(from)?,
            _ => (vec![from[1..].chars().take(1).collect()], from[1..].get(1..).unwrap_or_default()),
        };
        if urls.len() * choices.len() > MOST {
            return Err(wrong());
        }
        urls = urls.iter().flat_map(|url| choices.iter().map(move |choice| format!("{url}{choice}"))).collect();
        rest = after;
    }
    urls.iter_mut().for_each(|url| url.push_str(rest));
    Ok(urls)
}

fn wrong() -> Stop {
    Stop::new(3, "bad range or braces in the URL; with -g they stand for themselves")
}

fn set(from: &str) -> Result<(Vec<String>, &str), Stop> {
    let end = from.find('}').ok_or_else(wrong)?;
    Ok((from[1..end].split(',').map(str::to_owned).collect(), &from[end + 1..]))
}

fn range(from: &str) -> Result<(Vec<String>, &str), Stop> {
    let end = from.find(']').ok_or_else(wrong)?;
    let (inner, after) = (&from[1..end], &from[end + 1..]);
    // The address of a host, or an empty pair of brackets, is no range.
    if inner.is_empty() || (inner.contains(':') && !inner.contains('-')) {
        return Ok((vec![from[..=end].to_owned()], after));
    }
    let (span, step) = inner.split_once(':').unwrap_or((inner, "1"));
    let step: usize = step.parse().ok().filter(|step| *step > 0).ok_or_else(wrong)?;
    let (first, last) = span.split_once('-').ok_or_else(wrong)?;
    let (first_letter, last_letter) = (first.as_bytes().first(), last.as_bytes().first());
    if let (1, 1, Some(a), Some(z)) = (first.len(), last.len(), first_letter, last_letter)
        && a.is_ascii_alphabetic()
    {
        return Ok(((*a..=*z).step_by(step).map(|letter| char::from(letter).to_string()).collect(), after));
    }
    let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
    let (low, high) = (number(first)?, number(last)?);
    let width = if first.starts_with('0') { first.len() } else { 0 };
    if low > high || (high - low) / step > MOST {
        return Err(wrong());
    }
    Ok(((low..=high).step_by(step).map(|number| format!("{number:0width$}")).collect(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_and_ranges_multiply() {
        assert_eq!(
            urls("http://a/{x,y}/[8-9]").unwrap(),
            ["http://a/x/8", "http://a/x/9", "http://a/y/8", "http://a/y/9"]
        );
        assert_eq!(urls("[08-12:2][a-b]").unwrap(), ["08a", "08b", "10a", "10b", "12a", "12b"]);
        assert_eq!(urls("http://[::1]:80/\\{x").unwrap(), ["http://[::1]:80/{x"]);
        assert!(urls("a{b").is_err() && urls("[1-99999]").is_err() && urls("[x]").is_err());
    }
}
