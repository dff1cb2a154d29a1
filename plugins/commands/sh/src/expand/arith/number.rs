//! Number literals: decimal, `0octal`, `0xhexadecimal`, `base#digits`.

/// A decimal number without leading zeros, which most expressions are.
pub(super) fn plain(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if decimal && (digits.len() == 1 || !digits.starts_with('0')) { text.parse().ok() } else { None }
}

pub(super) fn literal(text: &str) -> Result<i64, &'static str> {
    if let Some((base, digits)) = text.split_once('#') {
        let base: u32 = base.parse().map_err(|_| "invalid arithmetic base")?;
        if !(2..=64).contains(&base) {
            return Err("invalid arithmetic base");
        }
        return digits_in(digits, base);
    }
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => digits_in(digits, 16),
        None if text.len() > 1 && text.starts_with('0') => digits_in(&text[1..], 8),
        None => digits_in(text, 10),
    }
}

fn digits_in(digits: &str, base: u32) -> Result<i64, &'static str> {
    if digits.is_empty() {
        return if base == 16 { Ok(0) } else { Err("invalid integer constant") };
    }
    let mut value: i64 = 0;
    for character in digits.chars() {
        let digit = match character {
            '0'..='9' => u32::from(character) - 48,
            'a'..='z' => u32::from(character) - 87,
            'A'..='Z' if base <= 36 => u32::from(character) - 55,
            'A'..='Z' => u32::from(character) - 29,
            '@' => 62,
            _ => 63,
        };
        if digit >= base {
            return Err("value too great for base");
        }
        value = value.wrapping_mul(i64::from(base)).wrapping_add(i64::from(digit));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_in_their_base() {
        assert_eq!(literal("0x1F"), Ok(31));
        assert_eq!(literal("017"), Ok(15));
        assert_eq!(literal("2#101"), Ok(5));
        assert_eq!(literal("64#_"), Ok(63));
        assert!(literal("08").is_err() && literal("12a").is_err());
        assert_eq!(plain("-7"), Some(-7));
        assert_eq!(plain("010"), None);
    }
}
