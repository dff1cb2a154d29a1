//! The functions of `-l`: sine, cosine, arctangent, logarithm, exponential and Bessel's. Each is summed with some more digits than
//! are asked for, which are then cut off.

use std::cmp::Ordering;

use num_bigint::BigInt;

use crate::number::{Number, ten_to};

#[derive(Clone, Copy)]
pub(super) enum Known {
    One(fn(&Number, usize) -> Result<Number, String>),
    /// Of an order and a number.
    Bessel,
}

pub(super) fn named(name: &str) -> Option<Known> {
    Some(match name {
        "s" => Known::One(sine),
        "c" => Known::One(cosine),
        "a" => Known::One(arctangent),
        "l" => Known::One(logarithm),
        "e" => Known::One(exponential),
        "j" => Known::Bessel,
        _ => return None,
    })
}

/// Digits that are calculated beyond those that are asked for.
const GUARD: usize = 12;

/// Whole numbers of units of a small power of ten.
struct Fixed {
    scale: usize,
    one: BigInt,
}

impl Fixed {
    fn new(scale: usize) -> Self {
        Self { scale, one: ten_to(scale) }
    }

    fn of(&self, number: &Number) -> BigInt {
        number.at_scale(self.scale).digits
    }

    fn times(&self, a: &BigInt, b: &BigInt) -> BigInt {
        a * b / &self.one
    }

    fn over(&self, a: &BigInt, b: &BigInt) -> BigInt {
        a * &self.one / b
    }

    fn number(&self, value: BigInt, scale: usize) -> Number {
        Number { digits: value, scale: self.scale }.at_scale(scale)
    }

    /// The sum of terms, each made of the one before and its number from 1, until they are too small to matter.
    fn sum(&self, first: BigInt, next: impl Fn(&BigInt, u64) -> BigInt) -> BigInt {
        let (mut sum, mut term, mut at) = (first.clone(), first, 1);
        while term != BigInt::ZERO {
            term = next(&term, at);
            sum += &term;
            at += 1;
        }
        sum
    }

    /// `x - x^3/3 + x^5/5 ...`, for small numbers; with `sign` 1 its hyperbolic kin.
    fn arctangent(&self, x: &BigInt, sign: i64) -> BigInt {
        let square = self.times(x, x) * sign;
        let (mut sum, mut power, mut at) = (x.clone(), x.clone(), 3_u64);
        while power != BigInt::ZERO {
            power = self.times(&power, &square);
            sum += &power / at;
            at += 2;
        }
        sum
    }

    /// Machin's formula.
    fn pi(&self) -> BigInt {
        let part = |of: i64| self.arctangent(&(&self.one / of), -1);
        4 * (4 * part(5) - part(239))
    }

    fn ln_of_two(&self) -> BigInt {
        2 * self.arctangent(&(&self.one / 3), 1)
    }
}

fn sine(x: &Number, scale: usize) -> Result<Number, String> {
    Ok(turned(x, scale, false))
}

fn cosine(x: &Number, scale: usize) -> Result<Number, String> {
    Ok(turned(x, scale, true))
}

/// The sine of a number, or of what is a quarter of a turn further.
fn turned(x: &Number, scale: usize, quarter: bool) -> Number {
    let whole_digits = x.length().saturating_sub(x.scale);
    let fixed = Fixed::new(scale + GUARD + whole_digits);
    let pi = fixed.pi();
    let mut angle = fixed.of(x) + if quarter { &pi / 2 } else { BigInt::ZERO };
    angle %= 2 * &pi;
    let square = fixed.times(&angle, &angle);
    let sum = fixed.sum(angle, |term, at| -(fixed.times(term, &square) / (2 * at) / (2 * at + 1)));
    fixed.number(sum, scale)
}

fn arctangent(x: &Number, scale: usize) -> Result<Number, String> {
    let fixed = Fixed::new(scale + GUARD);
    let x = fixed.of(x);
    // Halved until the sum is a short one: a(x) = 2 a(x / (1 + sqrt(1 + x^2))).
    let (mut small, mut halved) = (x, 0);
    while BigInt::from(small.magnitude().clone()) * 10 > fixed.one {
        let root = (&fixed.one * &fixed.one + &small * &small).sqrt();
        small = fixed.over(&small, &(&fixed.one + root));
        halved += 1;
    }
    Ok(fixed.number(fixed.arctangent(&small, -1) << halved, scale))
}

fn logarithm(x: &Number, scale: usize) -> Result<Number, String> {
    if x.compare(&Number::default()) != Ordering::Greater {
        // As GNU's bc has it: the lowest number of so many nines.
        return Ok(Number { digits: BigInt::from(1) - ten_to(scale), scale: 0 }.at_scale(scale));
    }
    let fixed = Fixed::new(scale + GUARD + x.length());
    let (mut value, mut twos) = (fixed.of(x), 0_i64);
    while value > 2 * &fixed.one {
        value >>= 1;
        twos += 1;
    }
    while value < fixed.one {
        value <<= 1;
        twos -= 1;
    }
    let ratio = fixed.over(&(&value - &fixed.one), &(&value + &fixed.one));
    Ok(fixed.number(2 * fixed.arctangent(&ratio, 1) + fixed.ln_of_two() * twos, scale))
}

fn exponential(x: &Number, scale: usize) -> Result<Number, String> {
    let whole = x.whole().filter(|whole| whole.abs() < 1_000_000).ok_or("exponent too large in e")?;
    // A power of e has so many digits before the point, each of which the sum loses behind it.
    let before = usize::try_from(whole.unsigned_abs()).unwrap_or_default() / 2 + 1;
    let fixed = Fixed::new(scale + GUARD + before);
    let mut x = fixed.of(x);
    let mut halved = 0_u32;
    while BigInt::from(x.magnitude().clone()) > fixed.one {
        x /= 2;
        halved += 1;
    }
    let mut sum = fixed.sum(fixed.one.clone(), |term, at| fixed.times(term, &x) / at);
    for _ in 0..halved {
        sum = fixed.times(&sum, &sum);
    }
    Ok(fixed.number(sum, scale))
}

pub(super) fn bessel(order: &Number, x: &Number, scale: usize) -> Result<Number, String> {
    let order = order.whole().filter(|order| order.abs() < 100_000).ok_or("order too large in j")?;
    let fixed = Fixed::new(scale + GUARD + 2 * x.length());
    let half = fixed.of(x) / 2;
    let steps = order.unsigned_abs();
    let first = (1..=steps).fold(fixed.one.clone(), |term, at| fixed.times(&term, &half) / at);
    let square = fixed.times(&half, &half);
    let sum = fixed.sum(first, |term, at| -(fixed.times(term, &square) / at / (at + steps)));
    let odd = order < 0 && steps % 2 == 1;
    Ok(fixed.number(if odd { -sum } else { sum }, scale))
}
