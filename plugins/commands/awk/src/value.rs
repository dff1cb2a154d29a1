//! Values, and what they are as numbers and as texts.

use std::cmp::Ordering;
use std::fmt::Write;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::ast::Comparison;
use crate::format;

#[derive(Debug, Clone, Default)]
pub(crate) enum Value {
    #[default]
    Unset,
    Number(f64),
    Text(Rc<str>),
    /// From outside: a number if it looks like one.
    Input(Rc<str>),
}

pub(crate) type Array = FxHashMap<String, Value>;

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(holds: bool) -> Self {
        Self::Number(f64::from(u8::from(holds)))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl Value {
    pub(crate) fn input(text: &str) -> Self {
        Self::Input(text.into())
    }

    pub(crate) fn number(&self) -> f64 {
        match self {
            Self::Unset => 0.0,
            Self::Number(number) => *number,
            Self::Text(text) | Self::Input(text) => leading_number(text).0,
        }
    }

    /// With the format for numbers that are not whole.
    pub(crate) fn text(&self, format: &str) -> Rc<str> {
        match self {
            Self::Unset => "".into(),
            Self::Number(number) => number_text(*number, format).into(),
            Self::Text(text) | Self::Input(text) => text.clone(),
        }
    }

    /// Puts the text behind others.
    pub(crate) fn append_to(&self, out: &mut String, format: &str) {
        match self {
            Self::Unset => {}
            Self::Number(number) => append_number(*number, format, out),
            Self::Text(text) | Self::Input(text) => out.push_str(text),
        }
    }

    pub(crate) fn holds(&self) -> bool {
        match self {
            Self::Unset => false,
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Input(text) => looks_numeric(text).map_or(!text.is_empty(), |number| number != 0.0),
        }
    }

    /// The number, if it is one or looks like one.
    fn as_number(&self) -> Option<f64> {
        match self {
            Self::Unset => Some(0.0),
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
            Self::Input(text) => looks_numeric(text),
        }
    }

    pub(crate) fn is_numeric(&self) -> bool {
        self.as_number().is_some() && !matches!(self, Self::Unset)
    }

    pub(crate) fn compare(&self, other: &Self, format: &str) -> Option<Ordering> {
        match (self.as_number(), other.as_number()) {
            (Some(one), Some(other)) => one.partial_cmp(&other),
            _ => Some(self.text(format).cmp(&other.text(format))),
        }
    }
}

pub(crate) fn accepts(comparison: Comparison, order: Option<Ordering>) -> bool {
    match comparison {
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

pub(crate) fn number_text(number: f64, format: &str) -> String {
    let mut text = String::new();
    append_number(number, format, &mut text);
    text
}

/// Whole numbers are written as such.
fn append_number(number: f64, format: &str, out: &mut String) {
    match number {
        _ if number.is_nan() => out.push_str(if number.is_sign_negative() { "-nan" } else { "nan" }),
        f64::INFINITY => out.push_str("inf"),
        f64::NEG_INFINITY => out.push_str("-inf"),
        // A text takes whatever is written to it.
        _ if number == number.trunc() && number.abs() < 1e16 => drop(write!(out, "{}", number as i64)),
        _ => out.push_str(&format::sprintf(format, &[Value::Number(number)], format)),
    }
}

/// A text of nothing but few digits, with a point among them or not: a whole number of so many digits, divided by a power of ten
/// that a float holds exactly, is rounded once, as it is to be.
fn plain_number(text: &str) -> Option<f64> {
    const TENS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (mut whole, mut point) = (0_u64, None);
    if text.len() > TENS.len() - 1 || text.is_empty() {
        return None;
    }
    for (at, byte) in text.bytes().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            whole = whole * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() && text.len() > 1 {
            point = Some(at);
        } else {
            return None;
        }
    }
    // A signed number becomes a float in one step, and most have no point to divide for.
    let number = whole as i64 as f64;
    Some(point.map_or(number, |point| number / TENS[text.len() - 1 - point]))
}

/// The number that a text begins with, and how many bytes it takes with the blanks before it; 0 and 0 if there is none.
pub(crate) fn leading_number(text: &str) -> (f64, usize) {
    if let Some(number) = plain_number(text) {
        return (number, text.len());
    }
    let blanks = text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let bytes = &text.as_bytes()[blanks..];
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut any = whole > 0;
    if bytes.get(end) == Some(&b'.') {
        let part = digits(end + 1);
        any |= part > 0;
        end += if any { 1 + part } else { 0 };
    }
    if !any {
        return (0.0, 0);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits(end + 1 + signed);
        end += if exponent > 0 { 1 + signed + exponent } else { 0 };
    }
    (text[blanks..blanks + end].trim_start_matches('+').parse().unwrap_or(0.0), blanks + end)
}

/// The number that a whole text is, but for blanks around it.
fn looks_numeric(text: &str) -> Option<f64> {
    let (number, length) = leading_number(text);
    (length > 0 && text[length..].trim_matches([' ', '\t', '\n', '\r']).is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_number_it_begins_with() {
        assert_eq!(leading_number(" 12abc"), (12.0, 3));
        assert_eq!(leading_number("-1.5e2x").0, -150.0);
        assert_eq!(leading_number(".5").0, 0.5);
        assert_eq!(leading_number("e5"), (0.0, 0));
        assert_eq!(leading_number("0x1A").0, 0.0);
        assert_eq!((leading_number("0.1"), leading_number("1.")), ((0.1, 3), (1.0, 2)));
        assert_eq!((leading_number("."), leading_number("1.2.3")), ((0.0, 0), (1.2, 3)));
        assert_eq!(leading_number("123456789.54321").0, 123456789.54321);
    }

    #[test]
    fn input_that_looks_like_a_number_compares_as_one() {
        assert_eq!(Value::input("10").compare(&Value::input(" 9 "), "%.6g"), Some(Ordering::Greater));
        assert_eq!(Value::input("10").compare(&Value::Text("9".into()), "%.6g"), Some(Ordering::Less));
        assert!(!Value::input("0.0").holds() && Value::Text("0".into()).holds());
    }

    #[test]
    fn numbers_are_written_whole_or_by_the_format() {
        assert_eq!(number_text(1e6, "%.6g"), "1000000");
        assert_eq!(number_text(0.1 + 0.2, "%.6g"), "0.3");
        assert_eq!(number_text(1e20, "%.6g"), "1e+20");
        assert_eq!(number_text(1.2345, "%.2f"), "1.23");
    }
}
