//! Numbers as they are written and read, in any base.

use num_bigint::BigInt;

use crate::number::{Number, ten_to};

/// The number that digits of a base are. One digit alone is worth what it is even where the base has no such digit.
pub(crate) fn read(text: &str, base: u32) -> Number {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let alone = whole.len() + part.len() == 1;
    let value = |digit: char| {
        let value = digit.to_digit(16).unwrap_or_default();
        BigInt::from(if alone { value } else { value.min(base - 1) })
    };
    let digits = whole.chars().chain(part.chars()).fold(BigInt::ZERO, |sum, digit| sum * base + value(digit));
    let scale = part.len();
    if base == 10 || scale == 0 {
        return Number { digits, scale };
    }
    let digits = digits * ten_to(scale) / BigInt::from(base).pow(u32::try_from(scale).unwrap_or(u32::MAX));
    Number { digits, scale }
}

pub(crate) fn write(number: &Number, base: u64) -> String {
    if number.is_zero() {
        return "0".into();
    }
    let sign = if number.is_negative() { "-" } else { "" };
    format!("{sign}{}", if base == 10 { decimal(number) } else { in_base(number, base) })
}

fn decimal(number: &Number) -> String {
    let digits = number.digits.magnitude().to_string();
    let digits = format!("{digits:0>width$}", width = number.scale);
    let (whole, part) = digits.split_at(digits.len() - number.scale);
    if part.is_empty() { whole.into() } else { format!("{whole}.{part}") }
}

fn in_base(number: &Number, base: u64) -> String {
    let magnitude = BigInt::from(number.digits.magnitude().clone());
    let unit = ten_to(number.scale);
    let (mut whole, mut part) = (&magnitude / &unit, magnitude % &unit);
    let mut digits = Vec::new();
    while whole != BigInt::ZERO {
        digits.push(value(&(&whole % base)));
        whole /= base;
    }
    let mut out: String = digits.iter().rev().map(|digit| written(*digit, base)).collect();
    if number.scale == 0 {
        return out;
    }
    out.push('.');
    // As many digits as hold what the decimal ones do.
    let mut held = BigInt::from(1);
    while held.to_string().len() <= number.scale {
        part *= base;
        let digit = value(&(&part / &unit));
        part %= &unit;
        // The first of them stands right behind the point.
        let text = written(digit, base);
        out.push_str(if out.ends_with('.') { text.trim_start() } else { &text });
        held *= base;
    }
    out
}

fn value(digit: &BigInt) -> u64 {
    u64::try_from(digit).unwrap_or_default()
}

/// Above sixteen, a digit is a decimal number.
fn written(digit: u64, base: u64) -> String {
    if base <= 16 {
        return format!("{digit:X}");
    }
    let width = (base - 1).to_string().len();
    format!(" {digit:0>width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_without_a_zero_before_the_point() {
        assert_eq!(write(&read("0.50", 10), 10), ".50");
        assert_eq!(write(&read("12.5", 10).negated(), 10), "-12.5");
        assert_eq!(write(&read("000", 10), 10), "0");
    }

    #[test]
    fn other_bases_are_read_and_written() {
        assert_eq!(write(&read("FF", 16), 10), "255");
        assert_eq!(write(&read("FF", 10), 10), "99");
        assert_eq!(write(&read("255", 10), 16), "FF");
        assert_eq!(write(&read("1000", 10), 100), " 10 00");
        assert_eq!(write(&read("0.1", 2), 10), ".5");
        assert_eq!(write(&read("0.5", 10), 2), ".1000");
    }
}
