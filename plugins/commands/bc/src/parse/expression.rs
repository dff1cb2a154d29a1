//! Expressions, the weakest operators first: `||`, `&&`, `!`, comparisons, assignments, `+`, `*`, `^`, signs.

use super::{Parsed, Parser};
use crate::ast::{Argument, Expr, Operation, Place};
use crate::lex::Token;

const COMPARISONS: &[(&str, Operation)] = &[
    ("==", Operation::Equal),
    ("!=", Operation::NotEqual),
    ("<=", Operation::LessOrEqual),
    ("<", Operation::Less),
    (">=", Operation::GreaterOrEqual),
    (">", Operation::Greater),
];
const UPDATES: &[(&str, Operation)] = &[
    ("+=", Operation::Add),
    ("-=", Operation::Subtract),
    ("*=", Operation::Multiply),
    ("/=", Operation::Divide),
    ("%=", Operation::Remainder),
    ("^=", Operation::Power),
];
const SUMS: &[(&str, Operation)] = &[("+", Operation::Add), ("-", Operation::Subtract)];
const PRODUCTS: &[(&str, Operation)] =
    &[("*", Operation::Multiply), ("/", Operation::Divide), ("%", Operation::Remainder)];

type Level<'a> = fn(&mut Parser<'a>) -> Parsed<Expr>;

impl<'a> Parser<'a> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.deeper(|parser| parser.chain(&[("||", Operation::Or)], Self::conjunction))
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        self.chain(&[("&&", Operation::And)], Self::negation)
    }

    fn negation(&mut self) -> Parsed<Expr> {
        if self.take("!") {
            return self.deeper(|parser| Ok(Expr::Not(Box::new(parser.negation()?))));
        }
        self.chain(COMPARISONS, Self::assignment)
    }

    /// Operands of one level, taken together from the left.
    fn chain(&mut self, operations: &[(&str, Operation)], operand: Level<'a>) -> Parsed<Expr> {
        let mut left = operand(self)?;
        while let Some((_, operation)) = operations.iter().find(|(sign, _)| self.take(sign)) {
            left = Expr::Binary(*operation, Box::new(left), Box::new(operand(self)?));
        }
        Ok(left)
    }

    fn assignment(&mut self) -> Parsed<Expr> {
        let left = self.chain(SUMS, |parser| parser.chain(PRODUCTS, Self::sign))?;
        let Expr::Place(place) = left else { return Ok(left) };
        if self.take("=") {
            return self.deeper(|parser| Ok(Expr::Assign(place, Box::new(parser.assignment()?))));
        }
        match UPDATES.iter().find(|(sign, _)| self.take(sign)) {
            Some((_, operation)) => {
                self.deeper(|parser| Ok(Expr::Update(*operation, place, Box::new(parser.assignment()?))))
            }
            None => Ok(Expr::Place(place)),
        }
    }

    /// A sign binds a number tighter than a power does.
    fn sign(&mut self) -> Parsed<Expr> {
        let base = self.operand()?;
        if self.take("^") {
            let exponent = self.deeper(Self::sign)?;
            return Ok(Expr::Binary(Operation::Power, Box::new(base), Box::new(exponent)));
        }
        Ok(base)
    }

    fn operand(&mut self) -> Parsed<Expr> {
        if self.take("-") {
            return self.deeper(|parser| Ok(Expr::Negative(Box::new(parser.operand()?))));
        }
        for (sign, step) in [("++", 1), ("--", -1)] {
            if self.take(sign) {
                return match self.primary()? {
                    Expr::Place(place) => Ok(Expr::Step(step, false, place)),
                    _ => self.fail(),
                };
            }
        }
        let operand = self.primary()?;
        let Expr::Place(place) = operand else { return Ok(operand) };
        for (sign, step) in [("++", 1), ("--", -1)] {
            if self.take(sign) {
                return Ok(Expr::Step(step, true, place));
            }
        }
        Ok(Expr::Place(place))
    }

    fn primary(&mut self) -> Parsed<Expr> {
        match std::mem::replace(&mut self.next, Token::Unknown(' ')) {
            Token::Number(digits) => {
                self.advance();
                Ok(Expr::Number(digits))
            }
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(Expr::Group(Box::new(inner)))
            }
            Token::Sign(".") => {
                self.advance();
                Ok(Expr::Place(Place::Last))
            }
            Token::Name(name) => {
                self.advance();
                self.named(name)
            }
            other => {
                self.next = other;
                self.fail()
            }
        }
    }

    fn named(&mut self, name: String) -> Parsed<Expr> {
        if self.take("(") {
            let arguments = self.arguments()?;
            return Ok(Expr::Call(name, arguments));
        }
        if self.take("[") {
            let index = self.expression()?;
            self.expect("]")?;
            return Ok(Expr::Place(Place::Element(name, Box::new(index))));
        }
        Ok(Expr::Place(match name.as_str() {
            "scale" => Place::Scale,
            "ibase" => Place::InputBase,
            "obase" => Place::OutputBase,
            "last" => Place::Last,
            _ => Place::Variable(name),
        }))
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.argument()?);
            if !self.take(",") {
                self.expect(")")?;
                return Ok(arguments);
            }
        }
    }

    /// An array is handed over by its name and empty brackets.
    fn argument(&mut self) -> Parsed<Argument> {
        if let Token::Name(name) = &self.next
            && self.lexer.is_followed_by("[]")
        {
            let name = name.clone();
            for _ in 0..3 {
                self.advance();
            }
            return Ok(Argument::Array(name));
        }
        Ok(Argument::Value(self.expression()?))
    }
}
