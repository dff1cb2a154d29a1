//! What an expression names and assigns to, and the operators' results.

use super::Reader;
use crate::ast::Subscript;
use crate::options::Opt;
use crate::parse::scan;
use crate::parse::word::{self, Place};
use crate::stop::{Run, Stop};

pub(super) struct Target<'a> {
    name: &'a str,
    subscript: Option<&'a str>,
}

impl<'t> Reader<'_, 't> {
    /// A variable or an array's element.
    pub(super) fn place(&mut self) -> Option<Target<'t>> {
        let rest = self.rest();
        let length = crate::parse::parameter::identifier_length(rest);
        if length == 0 {
            return None;
        }
        let (name, after) = rest.split_at(length);
        self.at += length;
        if !after.starts_with('[') {
            return Some(Target { name, subscript: None });
        }
        let end = scan::bracket(after, 1)?;
        self.at += end;
        Some(Target { name, subscript: Some(&after[1..end - 1]) })
    }

    pub(super) fn read(&mut self, place: &Target<'_>) -> Run<i64> {
        if self.skipping {
            return Ok(0);
        }
        let text = match place.subscript {
            None => self.shell.lookup(place.name),
            Some("@" | "*") => Some(self.shell.values(place.name).join(" ")),
            Some(subscript) => self.shell.element(place.name, subscript, &operand(subscript))?,
        };
        match text {
            Some(text) => self.shell.arithmetic_within(&text, self.depth + 1),
            None if self.shell.on(Opt::Nounset) => self.shell.unbound(place.name),
            None => Ok(0),
        }
    }

    pub(super) fn write(&mut self, place: &Target<'_>, value: i64) -> Run<()> {
        if self.skipping {
            return Ok(());
        }
        let subscript = place.subscript.map(|text| Subscript::Of(text.to_owned(), operand(text)));
        match self.shell.assign(place.name, subscript.as_ref(), value.to_string(), false)? {
            true => Ok(()),
            false => Err(Stop::Discard(1)),
        }
    }

    pub(super) fn compute(&mut self, operator: &str, left: i64, right: i64) -> Run<i64> {
        if self.skipping {
            return Ok(0);
        }
        Ok(match operator {
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => return self.fail("division by 0"),
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "<<" => left.wrapping_shl(right as u32),
            ">>" => left.wrapping_shr(right as u32),
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            "&" => left & right,
            "^" => left ^ right,
            "|" => left | right,
            _ if right < 0 => return self.fail("exponent less than 0"),
            _ => left.wrapping_pow(right.min(i64::from(u32::MAX)) as u32),
        })
    }
}

fn operand(text: &str) -> crate::ast::Word {
    word::parse(text, Place::Operand).unwrap_or_default()
}
