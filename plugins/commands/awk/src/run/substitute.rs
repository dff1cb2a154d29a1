//! `sub`, `gsub`, `gensub` and `match`.

use regex::Regex;

use super::{Run, Stop};
use crate::ast::{Expr, Special};
use crate::value::Value;

/// Which matches are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    All,
    /// From 1.
    Nth(usize),
}

/// `&` is what matched, and with `group` a backslash before a digit is a group.
fn put_replacement<'t>(out: &mut String, template: &str, whole: &str, group: Option<&dyn Fn(usize) -> &'t str>) {
    if !template.contains(['&', '\\']) {
        return out.push_str(template);
    }
    let mut left = template.chars().peekable();
    while let Some(character) = left.next() {
        match (character, left.peek().copied()) {
            ('&', _) => out.push_str(whole),
            ('\\', Some(next @ ('&' | '\\'))) => {
                left.next();
                out.push(next);
            }
            ('\\', Some(digit @ '0'..='9')) if group.is_some() => {
                left.next();
                let number = digit.to_digit(10).unwrap_or_default() as usize;
                out.push_str(group.map_or("", |group| group(number)));
            }
            (other, _) => out.push(other),
        }
    }
}

/// The text with its replacements, and how many there were; nothing if there were none.
pub(super) fn replaced(
    text: &str,
    regex: &Regex,
    template: &str,
    which: Which,
    groups: bool,
) -> Option<(String, usize)> {
    let (mut out, mut at, mut count, mut seen) = (String::new(), 0, 0, 0);
    let mut last_end = None;
    for whole in regex.find_iter(text) {
        // Nothing is matched right behind a match.
        if whole.is_empty() && last_end == Some(whole.start()) {
            continue;
        }
        (last_end, seen) = (Some(whole.end()), seen + 1);
        if which == Which::All || which == Which::Nth(seen) {
            if count == 0 {
                out.reserve(text.len() + template.len());
            }
            out.push_str(&text[at..whole.start()]);
            // Groups take much longer to find than the whole, and few ask for them.
            let found = if groups { regex.captures_at(text, whole.start()) } else { None };
            let group = |number| found.as_ref().and_then(|found| found.get(number)).map_or("", |group| group.as_str());
            put_replacement(&mut out, template, whole.as_str(), groups.then_some(&group));
            (at, count) = (whole.end(), count + 1);
        }
        if which == Which::Nth(seen) {
            break;
        }
    }
    if count == 0 {
        return None;
    }
    out.push_str(&text[at..]);
    Some((out, count))
}

impl Run {
    pub(super) fn substitute(&mut self, arguments: &[Expr], which: Which) -> Result<Value, Stop> {
        let [pattern, template, place @ ..] = arguments else {
            return Err(Stop::Failed("sub and gsub need an expression and a text".into()));
        };
        let whole = Expr::Field(Box::new(Expr::Number(0.0)));
        let place = place.first().unwrap_or(&whole);
        let (regex, template) = (self.regex_of(pattern)?, self.evaluate_text(template)?);
        let replaced = self.look(place, |text| replaced(text, &regex, &template, which, false))?;
        let Some((out, count)) = replaced else { return Ok(Value::Number(0.0)) };
        self.assign(place, Value::from(out))?;
        Ok(Value::Number(count as f64))
    }

    pub(super) fn gensub(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let [pattern, template, how, text @ ..] = arguments else {
            return Err(Stop::Failed("gensub needs an expression, a text and which".into()));
        };
        let (regex, template) = (self.regex_of(pattern)?, self.evaluate_text(template)?);
        let how = self.evaluate_text(how)?;
        let which = if how.starts_with(['g', 'G']) { Which::All } else { Which::Nth(how.parse().unwrap_or(1)) };
        let text = match text.first() {
            Some(text) => self.evaluate_text(text)?,
            None => self.record_text(),
        };
        let replaced = replaced(&text, &regex, &template, which, true);
        Ok(replaced.map_or(Value::Text(text), |(out, _)| Value::from(out)))
    }

    /// Where the expression matches, from 1 in characters, and 0 if it does not.
    pub(super) fn find(&mut self, arguments: &[Expr]) -> Result<Value, Stop> {
        let [text, pattern, groups @ ..] = arguments else {
            return Err(Stop::Failed("match needs a text and an expression".into()));
        };
        let (text, regex) = (self.evaluate_text(text)?, self.regex_of(pattern)?);
        let found = regex.captures(&text);
        if let Some(Expr::Variable(array)) = groups.first() {
            let array = self.array(*array)?;
            array.borrow_mut().clear();
            let groups = found.iter().flat_map(|found| found.iter().enumerate());
            for (at, group) in groups.filter_map(|(at, group)| Some((at, group?))) {
                array.borrow_mut().insert(at.to_string(), Value::input(group.as_str()));
            }
        }
        let whole = found.and_then(|found| found.get(0));
        let start = whole.map_or(0, |whole| text[..whole.start()].chars().count() + 1);
        let length = whole.map_or(-1.0, |whole| whole.as_str().chars().count() as f64);
        self.set_special(Special::Rstart, Value::Number(start as f64));
        self.set_special(Special::Rlength, Value::Number(length));
        Ok(Value::Number(start as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sub(pattern: &str, template: &str, text: &str) -> Option<(String, usize)> {
        replaced(text, &Regex::new(pattern).unwrap(), template, Which::All, true)
    }

    #[test]
    fn where_nothing_matches_there_is_no_other_text() {
        assert_eq!(sub("x", "y", "abc"), None);
    }

    #[test]
    fn an_ampersand_is_what_matched() {
        assert_eq!(sub("b+", "<&>", "abba"), Some(("a<bb>a".into(), 1)));
        assert_eq!(sub("b", "\\&", "abb"), Some(("a&&".into(), 2)));
        assert_eq!(sub("(a)(b)", "\\2\\1", "ab"), Some(("ba".into(), 1)));
        assert_eq!(sub("x*", "-", "abc"), Some(("-a-b-c-".into(), 4)));
    }
}
