//! One `%` of a format, and the arguments that it takes.

/// Rust formats no more digits behind the point.
const MOST_DIGITS: usize = u16::MAX as usize;

/// The arguments, and what was wrong with them.
pub(super) struct Arguments<'a> {
    values: &'a [String],
    at: usize,
    taken: bool,
    pub(super) problems: Vec<String>,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(values: &'a [String]) -> Self {
        Arguments { values, at: 0, taken: false, problems: Vec::new() }
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.values.len()
    }

    /// Whether the last use of the format took anything; if not, using it again would not end.
    pub(super) fn progressed(&mut self) -> bool {
        std::mem::take(&mut self.taken)
    }

    fn next(&mut self) -> Option<&'a str> {
        let value = self.values.get(self.at)?;
        self.at += 1;
        self.taken = true;
        Some(value)
    }

    pub(super) fn next_text(&mut self) -> &'a str {
        self.next().unwrap_or_default()
    }

    /// Seconds since 1970: now without an argument or with -1, when the shell began with -2.
    pub(super) fn next_time(&mut self, began_ms: u64) -> i64 {
        match self.next().map(|text| text.parse::<i64>().unwrap_or(0)) {
            None | Some(-1) => (crate::expand::variable::now_ms() / 1000) as i64,
            Some(-2) => (began_ms / 1000) as i64,
            Some(seconds) => seconds,
        }
    }

    fn next_integer(&mut self) -> i128 {
        let Some(text) = self.next() else { return 0 };
        if let Some(quoted) = text.strip_prefix(['\'', '"']) {
            return quoted.chars().next().map_or(0, |character| i128::from(u32::from(character)));
        }
        let (value, rest) = integer(text.trim_start());
        if !rest.is_empty() || text.is_empty() && self.at == 0 {
            self.problems.push(format!("{text}: invalid number"));
        }
        value
    }

    fn next_float(&mut self) -> f64 {
        let Some(text) = self.next() else { return 0.0 };
        if let Some(quoted) = text.strip_prefix(['\'', '"']) {
            return quoted.chars().next().map_or(0.0, |character| f64::from(u32::from(character)));
        }
        let trimmed = text.trim();
        match trimmed.parse::<f64>() {
            Ok(value) => value,
            Err(_) => {
                let (value, rest) = integer(trimmed);
                if !rest.is_empty() {
                    self.problems.push(format!("{text}: invalid number"));
                }
                value as f64
            }
        }
    }
}

/// A number at the beginning of a text in C's notation, and what follows it.
fn integer(text: &str) -> (i128, &str) {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => (-1, &text[1..]),
        Some(b'+') => (1, &text[1..]),
        _ => (1, text),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(rest) => (16, rest),
        None if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        None => (10, digits),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    (sign * i128::from_str_radix(&digits[..end], radix).unwrap_or(0), &digits[end..])
}

#[derive(Debug, Default)]
pub(super) struct Spec {
    left: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    pub(super) kind: char,
    pub(super) time_format: String,
}

impl Spec {
    /// Reads what follows a `%`, and how long it is.
    pub(super) fn read(text: &str, arguments: &mut Arguments<'_>) -> Option<(Spec, usize)> {
        let mut spec = Spec::default();
        let mut at = 1;
        let byte = |at: usize| text.as_bytes().get(at).copied();
        loop {
            match byte(at)? {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.blank = true,
                b'#' => spec.alternate = true,
                b'0' => spec.zero = true,
                b'\'' => {}
                _ => break,
            }
            at += 1;
        }
        let (width, after) = number(text, at, arguments);
        if let Some(width) = width {
            spec.left |= width < 0;
            spec.width = width.unsigned_abs() as usize;
        }
        at = after;
        if byte(at)? == b'.' {
            let (precision, after) = number(text, at + 1, arguments);
            spec.precision = usize::try_from(precision.unwrap_or(0)).ok();
            at = after;
        }
        while matches!(byte(at)?, b'h' | b'l' | b'L' | b'j' | b'z' | b't') {
            at += 1;
        }
        if byte(at)? == b'(' {
            let close = at + text[at..].find(")T")?;
            spec.time_format = text[at + 1..close].to_owned();
            at = close + 1;
        }
        spec.kind = text[at..].chars().next()?;
        "diouxXeEfFgGaAcsbqT".contains(spec.kind).then_some((spec, at + 1))
    }

    pub(super) fn shortened(&self, text: &str) -> String {
        match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_owned(),
        }
    }

    pub(super) fn padded(&self, text: &str) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let space = " ".repeat(missing);
        if self.left { format!("{text}{space}") } else { format!("{space}{text}") }
    }

    pub(super) fn converted(&self, arguments: &mut Arguments<'_>) -> String {
        match self.kind {
            'c' => {
                let byte = crate::text::to_bytes(arguments.next_text()).first().copied();
                self.padded(&byte.map_or(String::new(), |byte| crate::text::lone_byte(byte).to_string()))
            }
            's' => self.padded(&self.shortened(arguments.next_text())),
            'd' | 'i' => {
                let value = arguments.next_integer().clamp(i64::MIN.into(), i64::MAX.into());
                self.number(value < 0, "", &value.unsigned_abs().to_string())
            }
            'o' | 'u' | 'x' | 'X' => {
                let value = arguments.next_integer();
                let value = if value < 0 { value as i64 as u64 } else { u64::try_from(value).unwrap_or(u64::MAX) };
                self.unsigned(value)
            }
            _ => self.float(arguments.next_float()),
        }
    }

    fn unsigned(&self, value: u64) -> String {
        let (prefix, digits) = match self.kind {
            'o' => (if self.alternate && value != 0 { "0" } else { "" }, format!("{value:o}")),
            'x' => (if self.alternate && value != 0 { "0x" } else { "" }, format!("{value:x}")),
            'X' => (if self.alternate && value != 0 { "0X" } else { "" }, format!("{value:X}")),
            _ => ("", value.to_string()),
        };
        let spec = Spec {
            plus: false,
            blank: false,
            ..Spec { precision: self.precision, width: self.width, zero: self.zero, left: self.left, ..Spec::default() }
        };
        spec.number(false, prefix, &digits)
    }

    /// Sign, prefix, digits and padding of an integer.
    fn number(&self, negative: bool, prefix: &str, digits: &str) -> String {
        let digits = match self.precision {
            Some(0) if digits == "0" => String::new(),
            Some(least) => with_zeros(digits, least),
            None => digits.to_owned(),
        };
        let zero = self.zero && self.precision.is_none();
        self.signed(negative, prefix, &digits, zero)
    }

    fn signed(&self, negative: bool, prefix: &str, digits: &str, zero: bool) -> String {
        let sign = match (negative, self.plus, self.blank) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (.., true) => " ",
            _ => "",
        };
        if zero && !self.left {
            let room = self.width.saturating_sub(sign.len() + prefix.len());
            return format!("{sign}{prefix}{}", with_zeros(digits, room));
        }
        self.padded(&format!("{sign}{prefix}{digits}"))
    }

    fn float(&self, value: f64) -> String {
        let magnitude = value.abs();
        if !value.is_finite() {
            let text = if value.is_nan() { "nan" } else { "inf" };
            return self.signed(value.is_sign_negative() && !value.is_nan(), "", text, false);
        }
        let precision = self.precision.unwrap_or(6).min(MOST_DIGITS);
        let digits = match self.kind.to_ascii_lowercase() {
            'f' => format!("{magnitude:.precision$}"),
            'e' => exponential(magnitude, precision),
            'g' => general(magnitude, precision.max(1), self.alternate),
            _ => hexadecimal(magnitude),
        };
        let digits = if self.kind.is_uppercase() { digits.to_uppercase() } else { digits };
        self.signed(value.is_sign_negative(), "", &digits, self.zero)
    }
}

/// Digits, or `*` for an argument, and where they end.
fn number(text: &str, at: usize, arguments: &mut Arguments<'_>) -> (Option<i64>, usize) {
    if text[at..].starts_with('*') {
        return (Some(arguments.next_integer() as i64), at + 1);
    }
    let end = at + text[at..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - at);
    (text[at..end].parse().ok(), end)
}

fn with_zeros(digits: &str, least: usize) -> String {
    format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())))
}

fn exponential(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

fn general(value: f64, precision: usize, keeps_zeros: bool) -> String {
    let shown = format!("{value:.*e}", precision - 1);
    let exponent: i32 = shown.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0);
    let text = if exponent < -4 || exponent >= precision as i32 {
        exponential(value, precision - 1)
    } else {
        format!("{value:.*}", (precision as i32 - 1 - exponent).max(0) as usize)
    };
    if keeps_zeros || !text.contains('.') {
        return text;
    }
    let (digits, tail) = match text.find('e') {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    format!("{}{tail}", digits.trim_end_matches('0').trim_end_matches('.'))
}

fn hexadecimal(value: f64) -> String {
    if value == 0.0 {
        return "0x0p+0".into();
    }
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let fraction = format!("{:013x}", bits & 0xf_ffff_ffff_ffff);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("0x1{point}{fraction}p{exponent:+}")
}
