//! What stands between `[[` and `]]`.

use brush_parser::ast as brush;
use brush_parser::ast::{BinaryPredicate as Binary, ExtendedTestExpr, UnaryPredicate as Unary};

use super::SyntaxError;
use super::convert::Converter;
use crate::ast::Condition;

impl Converter {
    pub(super) fn condition(&self, expression: ExtendedTestExpr) -> Result<Condition, SyntaxError> {
        Ok(match expression {
            ExtendedTestExpr::And(left, right) => {
                Condition::And(Box::new(self.condition(*left)?), Box::new(self.condition(*right)?))
            }
            ExtendedTestExpr::Or(left, right) => {
                Condition::Or(Box::new(self.condition(*left)?), Box::new(self.condition(*right)?))
            }
            ExtendedTestExpr::Not(inner) => Condition::Not(Box::new(self.condition(*inner)?)),
            ExtendedTestExpr::Parenthesized(inner) => self.condition(*inner)?,
            ExtendedTestExpr::UnaryTest(predicate, word) => {
                Condition::Unary(unary(&predicate).into(), self.word(&word)?)
            }
            ExtendedTestExpr::BinaryTest(predicate, left, right) => self.binary(&predicate, &left, &right)?,
        })
    }

    fn binary(&self, predicate: &Binary, left: &brush::Word, right: &brush::Word) -> Result<Condition, SyntaxError> {
        Ok(Condition::Binary(binary(predicate).into(), self.word(left)?, self.word(right)?))
    }
}

fn unary(predicate: &Unary) -> &'static str {
    match predicate {
        Unary::FileExists => "-e",
        Unary::FileExistsAndIsBlockSpecialFile => "-b",
        Unary::FileExistsAndIsCharSpecialFile => "-c",
        Unary::FileExistsAndIsDir => "-d",
        Unary::FileExistsAndIsRegularFile => "-f",
        Unary::FileExistsAndIsSetgid => "-g",
        Unary::FileExistsAndIsSymlink => "-L",
        Unary::FileExistsAndHasStickyBit => "-k",
        Unary::FileExistsAndIsFifo => "-p",
        Unary::FileExistsAndIsReadable => "-r",
        Unary::FileExistsAndIsNotZeroLength => "-s",
        Unary::FdIsOpenTerminal => "-t",
        Unary::FileExistsAndIsSetuid => "-u",
        Unary::FileExistsAndIsWritable => "-w",
        Unary::FileExistsAndIsExecutable => "-x",
        Unary::FileExistsAndOwnedByEffectiveGroupId => "-G",
        Unary::FileExistsAndModifiedSinceLastRead => "-N",
        Unary::FileExistsAndOwnedByEffectiveUserId => "-O",
        Unary::FileExistsAndIsSocket => "-S",
        Unary::ShellOptionEnabled => "-o",
        Unary::ShellVariableIsSetAndAssigned => "-v",
        Unary::ShellVariableIsSetAndNameRef => "-R",
        Unary::StringHasZeroLength => "-z",
        Unary::StringHasNonZeroLength => "-n",
    }
}

fn binary(predicate: &Binary) -> &'static str {
    match predicate {
        Binary::FilesReferToSameDeviceAndInodeNumbers => "-ef",
        Binary::LeftFileIsNewerOrExistsWhenRightDoesNot => "-nt",
        Binary::LeftFileIsOlderOrDoesNotExistWhenRightDoes => "-ot",
        Binary::StringExactlyMatchesPattern | Binary::StringExactlyMatchesString => "=",
        Binary::StringDoesNotExactlyMatchPattern | Binary::StringDoesNotExactlyMatchString => "!=",
        Binary::StringMatchesRegex | Binary::StringContainsSubstring => "=~",
        Binary::LeftSortsBeforeRight => "<",
        Binary::LeftSortsAfterRight => ">",
        Binary::ArithmeticEqualTo => "-eq",
        Binary::ArithmeticNotEqualTo => "-ne",
        Binary::ArithmeticLessThan => "-lt",
        Binary::ArithmeticLessThanOrEqualTo => "-le",
        Binary::ArithmeticGreaterThan => "-gt",
        Binary::ArithmeticGreaterThanOrEqualTo => "-ge",
    }
}
