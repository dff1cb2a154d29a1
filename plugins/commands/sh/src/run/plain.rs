//! Which simple commands leave the shell as it was, so that they need no subshell around them.

use crate::ast::{
    Argument, Assigned, Command, Descriptor, Operation, Parameter, Piece, Redirect, Shape, Simple, Subscript, Target,
    Word,
};
use crate::state::Shell;

/// The command's name, if it is written out.
pub(crate) fn name(simple: &Simple) -> Option<&str> {
    match simple.words.first() {
        Some(Argument::Word(word)) => match word.as_slice() {
            [Piece::Text(text)] if !text.contains(['*', '?', '[']) => Some(text),
            [Piece::Quoted(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn has_option(simple: &Simple, option: &str) -> bool {
    simple.words.iter().skip(1).any(|argument| match argument {
        Argument::Word(word) => matches!(word.as_slice(), [Piece::Text(text)] if text.starts_with(option)),
        Argument::Assignment(..) => false,
    })
}

pub(crate) fn expands_without_effect(simple: &Simple) -> bool {
    simple.words.iter().all(|argument| match argument {
        Argument::Word(word) => harmless(word),
        Argument::Assignment(_, words) => words.iter().all(harmless),
    }) && simple.assignments.iter().all(|assignment| match &assignment.value {
        Assigned::Scalar(word) => harmless(word),
        Assigned::Array(_) => false,
    })
}

fn harmless(word: &Word) -> bool {
    word.iter().all(|piece| match piece {
        Piece::Double(inner) => harmless(inner),
        Piece::Arithmetic(inner) => !assigns(inner) && harmless(inner),
        Piece::Parameter(parameter) => harmless_parameter(parameter),
        Piece::Process(..) => false,
        Piece::Text(_) | Piece::Quoted(_) | Piece::Tilde(_) | Piece::Command(_) => true,
    })
}

fn harmless_parameter(parameter: &Parameter) -> bool {
    let subscript = match &parameter.subscript {
        Some(Subscript::Of(_, word)) => !assigns(word) && harmless(word),
        _ => true,
    };
    let counter = ["RANDOM", "SRANDOM", "BASHPID"].contains(&parameter.name.as_str());
    subscript
        && !counter
        && match &parameter.operation {
            Operation::Test { kind, word, .. } => *kind != '=' && *kind != '?' && harmless(word),
            Operation::Prefix { pattern, .. } | Operation::Suffix { pattern, .. } => harmless(pattern),
            Operation::Case { pattern, .. } => harmless(pattern),
            Operation::Replace { pattern, replacement, .. } => harmless(pattern) && harmless(replacement),
            Operation::Substring { offset, length } => {
                [Some(offset), length.as_ref()].into_iter().flatten().all(|word| !assigns(word) && harmless(word))
            }
            Operation::Bad(_) => false,
            _ => true,
        }
}

/// Whether an expression may assign; comparisons look the same from here.
fn assigns(word: &Word) -> bool {
    word.iter().any(|piece| match piece {
        Piece::Text(text) | Piece::Quoted(text) => text.contains('=') || text.contains("++") || text.contains("--"),
        _ => false,
    })
}

fn harmless_redirect(redirect: &Redirect) -> bool {
    matches!(redirect.descriptor, Descriptor::Number(_))
        && match &redirect.target {
            Target::Read(word)
            | Target::Write(word)
            | Target::Clobber(word)
            | Target::Append(word)
            | Target::ReadWrite(word)
            | Target::Duplicate(word, _)
            | Target::Both(word, _)
            | Target::Here(word)
            | Target::HereString(word) => harmless(word),
        }
}

impl Shell {
    /// Whether a command is external for sure, and nothing about it can change this shell.
    pub(crate) fn is_plain_external(&self, command: &Command) -> bool {
        let Shape::Simple(simple) = &command.shape else { return false };
        let external = name(simple).is_some_and(|name| {
            !self.state.functions.contains_key(name)
                && crate::builtin::find(name).is_none()
                && !self.state.aliases.contains_key(name)
        });
        external && expands_without_effect(simple) && command.redirects.iter().all(harmless_redirect)
    }
}
