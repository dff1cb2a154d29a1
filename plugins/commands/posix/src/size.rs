//! Numbers of bytes for people.

/// Rounded up, with one digit behind the point below ten.
pub fn human(bytes: u64, step: u64) -> String {
    let (mut unit, mut letter) = (1, 0);
    while bytes / unit >= step && letter < 6 {
        (unit, letter) = (unit * step, letter + 1);
    }
    let Some(name) = ["", "K", "M", "G", "T", "P", "E"].get(letter).filter(|name| !name.is_empty()) else {
        return bytes.to_string();
    };
    let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(unit));
    if tenths < 100 {
        format!("{}.{}{name}", tenths / 10, tenths % 10)
    } else {
        format!("{}{name}", tenths.div_ceil(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_with_a_letter() {
        assert_eq!(human(0, 1024), "0");
        assert_eq!(human(1024, 1024), "1.0K");
        assert_eq!(human(1025, 1024), "1.1K");
        assert_eq!(human(20 << 20, 1024), "20M");
    }
}
