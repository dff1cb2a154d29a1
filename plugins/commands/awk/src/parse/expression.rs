//! Expressions, the loosest binding first.

use super::Parser;
use crate::ast::{Arithmetic, Comparison, Expr, Source};
use crate::lex::Token;

fn boxed(one: Expr, other: Expr, make: fn(Box<Expr>, Box<Expr>) -> Expr) -> Expr {
    make(Box::new(one), Box::new(other))
}

fn is_place(expr: &Expr) -> bool {
    matches!(expr, Expr::Variable(_) | Expr::Field(_) | Expr::Element(..))
}

impl Parser {
    pub(super) fn expression(&mut self) -> Result<Expr, String> {
        let place = self.ternary()?;
        if !is_place(&place) {
            return Ok(place);
        }
        if self.take("=") {
            self.skip_newlines();
            return Ok(boxed(place, self.expression()?, Expr::Assign));
        }
        let updates = [
            ("+=", Arithmetic::Add),
            ("-=", Arithmetic::Subtract),
            ("*=", Arithmetic::Multiply),
            ("/=", Arithmetic::Divide),
            ("%=", Arithmetic::Remainder),
            ("^=", Arithmetic::Power),
            ("**=", Arithmetic::Power),
        ];
        for (sign, operation) in updates {
            if self.take(sign) {
                self.skip_newlines();
                return Ok(Expr::Update(operation, Box::new(place), Box::new(self.expression()?)));
            }
        }
        Ok(place)
    }

    fn ternary(&mut self) -> Result<Expr, String> {
        let condition = self.or()?;
        if !self.take("?") {
            return Ok(condition);
        }
        self.skip_newlines();
        let then = self.expression()?;
        self.skip_newlines();
        self.expect(":")?;
        self.skip_newlines();
        let otherwise = self.expression()?;
        Ok(Expr::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise)))
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut left = self.and()?;
        while self.take("||") {
            self.skip_newlines();
            left = boxed(left, self.and()?, Expr::Or);
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr, String> {
        let mut left = self.membership()?;
        while self.take("&&") {
            self.skip_newlines();
            left = boxed(left, self.membership()?, Expr::And);
        }
        Ok(left)
    }

    fn membership(&mut self) -> Result<Expr, String> {
        let mut left = self.matching()?;
        while !self.no_in && self.take("in") {
            let name = self.name()?;
            let index = if let Expr::List(index) = left { index } else { vec![left] };
            left = Expr::In(index, self.names.array(&name));
        }
        Ok(left)
    }

    fn matching(&mut self) -> Result<Expr, String> {
        let mut left = self.comparison()?;
        loop {
            if self.take("~") {
                left = boxed(left, self.comparison()?, Expr::Match);
            } else if self.take("!~") {
                left = Expr::Not(Box::new(boxed(left, self.comparison()?, Expr::Match)));
            } else {
                return Ok(left);
            }
        }
    }

    fn comparison(&mut self) -> Result<Expr, String> {
        let left = self.pipes()?;
        let comparisons = [
            ("<=", Comparison::LessOrEqual),
            ("<", Comparison::Less),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            (">=", Comparison::GreaterOrEqual),
            (">", Comparison::Greater),
        ];
        for (sign, comparison) in comparisons {
            if !(sign == ">" && self.greater_redirects) && self.take(sign) {
                return Ok(Expr::Compare(comparison, Box::new(left), Box::new(self.pipes()?)));
            }
        }
        Ok(left)
    }

    /// `command | getline`.
    fn pipes(&mut self) -> Result<Expr, String> {
        let mut left = self.concatenation()?;
        while self.is("|") && self.is_at(1, "getline") {
            self.at += 2;
            let into = self.place_of_getline()?;
            left = Expr::Getline(Source::Command(Box::new(left)), into);
        }
        Ok(left)
    }

    pub(super) fn concatenation(&mut self) -> Result<Expr, String> {
        let mut left = self.additive()?;
        while self.begins_operand() {
            left = boxed(left, self.additive()?, Expr::Concatenate);
        }
        Ok(left)
    }

    /// Whether what follows is one more text to put behind. A sign would be an operator.
    fn begins_operand(&self) -> bool {
        match self.peek() {
            Some(Token::Number(_) | Token::Text(_) | Token::Name(_) | Token::Called(_) | Token::Regex(_)) => true,
            Some(Token::Sign(sign)) => ["$", "(", "-", "+", "++", "--"].contains(sign),
            _ => false,
        }
    }

    fn additive(&mut self) -> Result<Expr, String> {
        let mut left = self.multiplicative()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Sign("+")) => Arithmetic::Add,
                Some(Token::Sign("-")) => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Arithmetic(operation, Box::new(left), Box::new(self.multiplicative()?));
        }
    }

    fn multiplicative(&mut self) -> Result<Expr, String> {
        let mut left = self.unary()?;
        loop {
            let operation = match self.peek() {
                Some(Token::Sign("*")) => Arithmetic::Multiply,
                Some(Token::Sign("/")) => Arithmetic::Divide,
                Some(Token::Sign("%")) => Arithmetic::Remainder,
                _ => return Ok(left),
            };
            self.at += 1;
            left = Expr::Arithmetic(operation, Box::new(left), Box::new(self.unary()?));
        }
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.take("!") {
            return Ok(Expr::Not(Box::new(self.unary()?)));
        }
        if self.take("-") {
            return Ok(Expr::Negative(Box::new(self.unary()?)));
        }
        if self.take("+") {
            return Ok(Expr::Positive(Box::new(self.unary()?)));
        }
        self.power()
    }

    fn power(&mut self) -> Result<Expr, String> {
        let base = self.steps()?;
        if !self.take("^") && !self.take("**") {
            return Ok(base);
        }
        // To the right first, and -2^2 is -(2^2).
        let exponent = if self.take("-") { Expr::Negative(Box::new(self.power()?)) } else { self.power()? };
        Ok(Expr::Arithmetic(Arithmetic::Power, Box::new(base), Box::new(exponent)))
    }

    fn steps(&mut self) -> Result<Expr, String> {
        for (sign, step) in [("++", 1.0), ("--", -1.0)] {
            if self.take(sign) {
                return Ok(Expr::Step(step, false, Box::new(self.steps()?)));
            }
        }
        let operand = self.primary()?;
        if is_place(&operand) {
            for (sign, step) in [("++", 1.0), ("--", -1.0)] {
                if self.take(sign) {
                    return Ok(Expr::Step(step, true, Box::new(operand)));
                }
            }
        }
        Ok(operand)
    }
}
