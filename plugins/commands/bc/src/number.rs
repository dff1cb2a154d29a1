//! Decimal numbers of any length, with as many digits behind the point as POSIX says that an operation has.

use std::cmp::Ordering;

use num_bigint::{BigInt, Sign};

/// `digits / 10^scale`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Number {
    pub(crate) digits: BigInt,
    /// How many digits are behind the point.
    pub(crate) scale: usize,
}

pub(crate) const DIVIDED_BY_ZERO: &str = "Divide by zero";

pub(crate) fn ten_to(exponent: usize) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(u32::MAX))
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self { digits: number.into(), scale: 0 }
    }
}

impl From<bool> for Number {
    fn from(holds: bool) -> Self {
        Self::from(i64::from(holds))
    }
}

impl Number {
    pub(crate) fn is_zero(&self) -> bool {
        self.digits.sign() == Sign::NoSign
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.digits.sign() == Sign::Minus
    }

    /// Digits behind the point are cut off, or zeros put there.
    pub(crate) fn at_scale(&self, scale: usize) -> Self {
        let digits = match scale.cmp(&self.scale) {
            Ordering::Equal => self.digits.clone(),
            Ordering::Greater => &self.digits * ten_to(scale - self.scale),
            Ordering::Less => &self.digits / ten_to(self.scale - scale),
        };
        Self { digits, scale }
    }

    /// Cut off towards zero, if it is so small.
    pub(crate) fn whole(&self) -> Option<i64> {
        i64::try_from(&self.at_scale(0).digits).ok()
    }

    /// How many digits it has without leading zeros.
    pub(crate) fn length(&self) -> usize {
        let digits = self.digits.magnitude().to_string();
        if self.is_zero() { self.scale.max(1) } else { digits.len().max(self.scale) }
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at_scale(scale).digits.cmp(&other.at_scale(scale).digits)
    }

    pub(crate) fn negated(&self) -> Self {
        Self { digits: -&self.digits, scale: self.scale }
    }

    pub(crate) fn plus(&self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self { digits: self.at_scale(scale).digits + other.at_scale(scale).digits, scale }
    }

    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.plus(&other.negated())
    }

    pub(crate) fn times(&self, other: &Self, scale: usize) -> Self {
        let whole = self.scale + other.scale;
        let product = Self { digits: &self.digits * &other.digits, scale: whole };
        product.at_scale(whole.min(scale.max(self.scale).max(other.scale)))
    }

    pub(crate) fn divided_by(&self, other: &Self, scale: usize) -> Result<Self, String> {
        if other.is_zero() {
            return Err(DIVIDED_BY_ZERO.into());
        }
        let (up, down) = (scale + other.scale, self.scale);
        let digits = match up.checked_sub(down) {
            Some(shift) => &self.digits * ten_to(shift) / &other.digits,
            None => &self.digits / (&other.digits * ten_to(down - up)),
        };
        Ok(Self { digits, scale })
    }

    pub(crate) fn remainder(&self, other: &Self, scale: usize) -> Result<Self, String> {
        let quotient = self.divided_by(other, scale)?;
        let scale = self.scale.max(scale + other.scale);
        let product = Self { digits: &quotient.digits * &other.digits, scale: quotient.scale + other.scale };
        Ok(self.minus(&product).at_scale(scale))
    }

    pub(crate) fn to_the(&self, exponent: &Self, scale: usize) -> Result<Self, String> {
        let exponent = exponent.whole().ok_or("exponent too large in raise")?;
        let times = u32::try_from(exponent.unsigned_abs()).map_err(|_| "exponent too large in raise")?;
        let whole = self.scale.saturating_mul(times as usize);
        let power = Self { digits: self.digits.pow(times), scale: whole };
        if exponent < 0 {
            return Self::from(1).divided_by(&power, scale);
        }
        Ok(power.at_scale(whole.min(scale.max(self.scale))))
    }

    pub(crate) fn square_root(&self, scale: usize) -> Result<Self, String> {
        if self.is_negative() {
            return Err("Square root of a negative number".into());
        }
        let scale = scale.max(self.scale);
        Ok(Self { digits: self.at_scale(2 * scale).digits.sqrt(), scale })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(digits: i64, scale: usize) -> Number {
        Number { digits: digits.into(), scale }
    }

    fn parts(number: &Number) -> (i64, usize) {
        (i64::try_from(&number.digits).unwrap(), number.scale)
    }

    #[test]
    fn an_operation_decides_the_scale() {
        let (a, b) = (number(150, 2), number(2, 1));
        assert_eq!(parts(&a.plus(&b)), (170, 2));
        assert_eq!(parts(&a.times(&b, 0)), (30, 2));
        assert_eq!(parts(&a.divided_by(&b, 3).unwrap()), (7500, 3));
        assert_eq!(parts(&number(-7, 0).remainder(&number(3, 0), 0).unwrap()), (-1, 0));
        assert_eq!(parts(&number(2, 0).to_the(&number(-2, 0), 4).unwrap()), (2500, 4));
        assert_eq!(parts(&number(2, 0).square_root(3).unwrap()), (1414, 3));
        assert_eq!(number(1, 0).divided_by(&number(0, 0), 2).unwrap_err(), DIVIDED_BY_ZERO);
    }

    #[test]
    fn lengths_are_those_of_the_written_digits() {
        assert_eq!((number(1234, 2).length(), number(1, 3).length(), number(0, 0).length()), (4, 3, 1));
    }
}
