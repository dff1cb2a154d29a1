//! `printf`.

use crate::value::Value;

/// What stands between `%` and the letter.
#[derive(Debug, Default)]
struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    space: bool,
    alternative: bool,
    width: usize,
    precision: Option<usize>,
}

/// `convfmt` is for numbers that are written as texts.
pub(crate) fn sprintf(format: &str, values: &[Value], convfmt: &str) -> String {
    let mut out = String::new();
    let mut values = values.iter();
    let mut left = format.chars().peekable();
    while let Some(character) = left.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        let mut spec = Spec::default();
        while let Some(flag) = left.next_if(|next| "-+ #0'".contains(*next)) {
            spec.flag(flag);
        }
        spec.set_width(size(&mut left, &mut values).unwrap_or(0));
        if left.next_if_eq(&'.').is_some() {
            spec.precision = Some(usize::try_from(size(&mut left, &mut values).unwrap_or(0)).unwrap_or(0));
        }
        while left.next_if(|next| "hlLqjzt".contains(*next)).is_some() {}
        match left.next() {
            None => out.push('%'),
            Some('%') => out.push('%'),
            Some(letter) => out.push_str(&spec.convert(letter, &mut values, convfmt)),
        }
    }
    out
}

fn size<'a>(
    left: &mut std::iter::Peekable<std::str::Chars<'_>>,
    values: &mut impl Iterator<Item = &'a Value>,
) -> Option<i64> {
    if left.next_if_eq(&'*').is_some() {
        return values.next().map(|value| value.number() as i64);
    }
    let mut digits = String::new();
    while let Some(digit) = left.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    digits.parse().ok()
}

impl Spec {
    fn flag(&mut self, flag: char) {
        match flag {
            '-' => self.left = true,
            '0' => self.zero = true,
            '+' => self.plus = true,
            ' ' => self.space = true,
            '#' => self.alternative = true,
            _ => {}
        }
    }

    fn set_width(&mut self, width: i64) {
        self.left |= width < 0;
        self.width = width.unsigned_abs() as usize;
    }

    fn convert<'a>(&self, letter: char, values: &mut impl Iterator<Item = &'a Value>, convfmt: &str) -> String {
        let unset = Value::Unset;
        let mut next = || values.next().unwrap_or(&unset);
        match letter {
            'd' | 'i' => self.integer(next().number()),
            'o' | 'x' | 'X' | 'u' => self.unsigned(letter, next().number()),
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => self.real(letter, next().number()),
            'c' => self.pad(&character(next(), convfmt), false),
            's' => {
                let text = next().text(convfmt);
                let cut: String = text.chars().take(self.precision.unwrap_or(usize::MAX)).collect();
                self.pad(&cut, false)
            }
            other => format!("%{other}"),
        }
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }

    fn integer(&self, number: f64) -> String {
        if !number.is_finite() {
            return self.pad(&crate::value::number_text(number, "%.6g"), false);
        }
        let digits = self.digits(format!("{:.0}", number.trunc().abs()));
        self.pad(&format!("{}{digits}", self.sign(number.trunc() < 0.0)), self.precision.is_none())
    }

    fn unsigned(&self, letter: char, number: f64) -> String {
        let whole = number.trunc() as i64 as u64;
        let whole = if number >= 0.0 { number.trunc() as u64 } else { whole };
        let (digits, prefix) = match letter {
            'o' => (format!("{whole:o}"), "0"),
            'x' => (format!("{whole:x}"), "0x"),
            'X' => (format!("{whole:X}"), "0X"),
            _ => (whole.to_string(), ""),
        };
        let prefix = if self.alternative && whole != 0 { prefix } else { "" };
        self.pad(&format!("{prefix}{}", self.digits(digits)), self.precision.is_none())
    }

    fn digits(&self, digits: String) -> String {
        format!("{digits:0>width$}", width = self.precision.unwrap_or(0))
    }

    fn real(&self, letter: char, number: f64) -> String {
        if !number.is_finite() {
            return self.pad(&crate::value::number_text(number, "%.6g"), false);
        }
        let (precision, magnitude) = (self.precision.unwrap_or(6), number.abs());
        let text = match letter.to_ascii_lowercase() {
            'f' => format!("{magnitude:.precision$}"),
            'e' => exponential(magnitude, precision),
            _ => self.general(magnitude, precision.max(1)),
        };
        let text = if letter.is_ascii_uppercase() { text.to_uppercase() } else { text };
        self.pad(&format!("{}{text}", self.sign(number.is_sign_negative())), true)
    }

    /// The shorter of the two others, by the size of the number.
    fn general(&self, magnitude: f64, precision: usize) -> String {
        let exponential_text = exponential(magnitude, precision - 1);
        let exponent: i32 = exponential_text.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
        if magnitude != 0.0 && (exponent < -4 || exponent >= precision as i32) {
            let (digits, power) = exponential_text.split_once('e').unwrap_or((&exponential_text, "+00"));
            return format!("{}e{power}", self.trimmed(digits));
        }
        let decimals = (precision as i32 - 1 - exponent).max(0) as usize;
        self.trimmed(&format!("{magnitude:.decimals$}")).to_owned()
    }

    fn trimmed<'a>(&self, digits: &'a str) -> &'a str {
        let trims = digits.contains('.') && !self.alternative;
        if trims { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
    }

    fn pad(&self, text: &str, number: bool) -> String {
        let width = self.width;
        let missing = width.saturating_sub(text.chars().count());
        if self.left {
            return format!("{text}{}", " ".repeat(missing));
        }
        if self.zero && number {
            let sign = usize::from(text.starts_with(['-', '+', ' ']));
            return format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..]);
        }
        format!("{}{text}", " ".repeat(missing))
    }
}

/// Two digits of exponent at least, with its sign.
fn exponential(magnitude: f64, precision: usize) -> String {
    let text = format!("{magnitude:.precision$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{digits}e{sign}{power:0>2}")
}

/// A number is the character of that number, a text its first.
fn character(value: &Value, convfmt: &str) -> String {
    match value {
        Value::Number(number) => char::from_u32(*number as u32).map(String::from).unwrap_or_default(),
        other => other.text(convfmt).chars().take(1).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(format: &str, number: f64) -> String {
        sprintf(format, &[Value::Number(number)], "%.6g")
    }

    #[test]
    fn numbers_are_written_as_c_does() {
        assert_eq!(one("%d|", 3.9), "3|");
        assert_eq!(one("%5d", -42.0), "  -42");
        assert_eq!(one("%05.1f", 2.71), "002.7");
        assert_eq!(one("%-5d|", 1.0), "1    |");
        assert_eq!(one("%+d", 1.0), "+1");
        assert_eq!(one("%x %%", 255.0), "ff %");
        assert_eq!(one("%e", 12345.678), "1.234568e+04");
        assert_eq!(one("%g", 0.0001), "0.0001");
        assert_eq!(one("%g", 1234567.0), "1.23457e+06");
        assert_eq!(one("%.3g", 100.0), "100");
        assert_eq!(one("%c", 65.0), "A");
    }

    #[test]
    fn texts_are_cut_and_padded() {
        let text = |format: &str| sprintf(format, &[Value::Text("abc".into())], "%.6g");
        assert_eq!(text("[%5s]"), "[  abc]");
        assert_eq!(text("[%-5s]"), "[abc  ]");
        assert_eq!(text("[%.2s]"), "[ab]");
        assert_eq!(sprintf("%*s", &[Value::Number(4.0), Value::Text("x".into())], ""), "   x");
    }
}
