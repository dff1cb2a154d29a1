//! From text to meaning: brush-parser's grammar, then our own tree with every word taken apart.

pub(crate) mod ansi;
pub(crate) mod brace;
mod condition;
mod convert;
mod nesting;
pub(crate) mod parameter;
mod redirect;
pub(crate) mod scan;
mod shield;
mod tokens;
pub(crate) mod word;

use brush_parser::{ParseError, ParserOptions, TokenizerError, TokenizerOptions};

use crate::ast::Script;

/// Why a text is no script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    pub(crate) line: u32,
    /// More text could make it one.
    pub(crate) incomplete: bool,
}

/// What decides how a text is read, beside itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// Whether `!(…)` and the like are patterns. A text that speaks of the option is taken to switch it on.
    pub(crate) extglob: bool,
    /// How many brackets and compound commands may be within each other.
    pub(crate) deepest: u32,
}

/// Parses a whole script whose first line has this number.
pub(crate) fn script(text: &str, first_line: u32, dialect: Dialect) -> Result<Script, SyntaxError> {
    nesting::check(text, first_line, dialect.deepest)?;
    let extglob = dialect.extglob || text.contains("extglob") || text.contains("[[");
    let (shield, text) = shield::Shield::over(text);
    let text = text.as_ref();
    let options = TokenizerOptions { enable_extended_globbing: extglob, posix_mode: false, sh_mode: false };
    let tokens =
        brush_parser::uncached_tokenize_str(text, &options).map_err(|error| unreadable(&error, text, first_line))?;
    let (tokens, side) = tokens::rewrite(tokens, text);
    let program = brush_parser::parse_tokens(&tokens, &ParserOptions::default())
        .map_err(|error| misplaced(&error, &tokens, text, first_line))?;
    convert::Converter { first_line, side, shield }.program(program)
}

fn unreadable(error: &TokenizerError, text: &str, first_line: u32) -> SyntaxError {
    let message = match error {
        TokenizerError::UnterminatedSingleQuote(_) => "unexpected EOF while looking for matching `''".into(),
        TokenizerError::UnterminatedDoubleQuote(_) => "unexpected EOF while looking for matching `\"'".into(),
        TokenizerError::UnterminatedBackquote(_) => "unexpected EOF while looking for matching ``'".into(),
        TokenizerError::UnterminatedCommandSubstitution => "unexpected EOF while looking for matching `)'".into(),
        other => format!("syntax error: {other}"),
    };
    let line = first_line + text.lines().count().saturating_sub(1) as u32;
    SyntaxError { message, line, incomplete: error.is_incomplete() }
}

fn misplaced(error: &ParseError, tokens: &[brush_parser::Token], text: &str, first_line: u32) -> SyntaxError {
    let end = first_line + text.lines().count() as u32;
    match error {
        ParseError::ParsingNear(position) => {
            let token = tokens.iter().find(|token| token.location().start.index == position.index);
            let shown = token.map_or("", |token| token.to_str());
            let shown = if shown == "\n" { "newline" } else { shown };
            SyntaxError {
                message: format!("syntax error near unexpected token `{shown}'"),
                line: first_line + position.line.saturating_sub(1) as u32,
                incomplete: false,
            }
        }
        _ => SyntaxError { message: "syntax error: unexpected end of file".into(), line: end, incomplete: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_script_is_told_from_a_wrong_one() {
        for text in [
            "if true",
            "echo 'a",
            "for x in a b; do",
            "{",
            "echo a |",
            "cat <<E\nx",
            "a() {",
            "echo $(",
            "case x in",
            "a &&",
        ] {
            assert!(
                script(text, 1, Dialect { extglob: false, deepest: 99 }).is_err_and(|error| error.incomplete),
                "{text}"
            );
        }
        for text in ["fi; x", "echo ) a", "if true; fi; done"] {
            assert!(
                script(text, 1, Dialect { extglob: false, deepest: 99 }).is_err_and(|error| !error.incomplete),
                "{text}"
            );
        }
    }
}
