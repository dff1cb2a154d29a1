//! What brush-parser's grammar lacks is put into words that it knows: `select` becomes a marked `for`, `{name}>` a number from
//! a side table, and a process substitution within a word one token with it.

use std::sync::Arc;

use brush_parser::{SourceSpan, Token};

/// Marks the variable of a `for` that was written `select`.
pub(super) const SELECT: char = '\u{1}';

/// Stands between `in` and the end of the line where a `for` has no words.
pub(super) const NOTHING: &str = "\u{1}";

/// Descriptor numbers from here on are entries of the side table.
pub(super) const NAMED_DESCRIPTOR: i32 = 1_000_000;

/// Names of `{name}>` redirections, in order.
pub(super) type Side = Vec<String>;

pub(super) fn rewrite(tokens: Vec<Token>, text: &str) -> (Vec<Token>, Side) {
    let tokens = with_whole_keys(with_single_semicolons(with_closed_cases(as_written(tokens, text))));
    let mut side = Side::new();
    let characters: Option<Vec<usize>> =
        (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).chain([text.len()]).collect());
    let mut rewritten: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        if let Some((token, used)) = process_substitution(rest, rewritten.last(), text, characters.as_deref()) {
            if used.joined {
                rewritten.pop();
            }
            rewritten.push(token);
            at += used.tokens;
            continue;
        }
        match rest {
            [Token::Word(word, span), Token::Operator(operator, next), ..]
                if descriptor_name(word).is_some() && operator.starts_with(['<', '>']) && touching(span, next) =>
            {
                let number = NAMED_DESCRIPTOR as usize + side.len();
                side.extend(descriptor_name(word).map(String::from));
                rewritten.push(Token::Word(number.to_string(), span.clone()));
            }
            [Token::Word(word, span), Token::Word(name, name_span), ..]
                if word == "select" && starts_command(&rewritten) =>
            {
                rewritten.push(Token::Word("for".into(), span.clone()));
                rewritten.push(Token::Word(format!("{SELECT}{name}"), name_span.clone()));
                at += 1;
            }
            [Token::Word(word, span), Token::Operator(operator, _), ..]
                if word == "in" && (operator == ";" || operator == "\n") && follows_for(&rewritten) =>
            {
                rewritten.push(rest[0].clone());
                rewritten.push(Token::Word(NOTHING.into(), span.clone()));
            }
            _ => rewritten.push(rest[0].clone()),
        }
        at += 1;
    }
    (rewritten, side)
}

/// The tokenizer folds white space within `${…}` and the like; what was written counts.
fn as_written(tokens: Vec<Token>, text: &str) -> Vec<Token> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let restored = |token: Token| {
        let Token::Word(word, span) = &token else { return token };
        let (Some(start), Some(end)) = (starts.get(span.start.index), starts.get(span.end.index)) else { return token };
        let Some(written) = text.get(*start..*end).filter(|written| *written != word.as_str()) else { return token };
        let same = written.split_whitespace().flat_map(str::chars).eq(word.split_whitespace().flat_map(str::chars));
        if same && !written.contains('\n') { Token::Word(written.trim().to_owned(), span.clone()) } else { token }
    };
    tokens.into_iter().map(restored).collect()
}

/// `( (a) )` is no arithmetic, and `esac)` no pattern of one more arm: a line's end between the two says so.
fn with_closed_cases(tokens: Vec<Token>) -> Vec<Token> {
    let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let parts = match (result.as_slice(), &token) {
            ([.., Token::Operator(before, left)], Token::Operator(open, right)) => {
                before == "(" && open == "(" && !touching(left, right)
            }
            ([.., before, Token::Word(word, _)], Token::Operator(close, _)) => {
                close == ")"
                    && word == "esac"
                    && !matches!(before, Token::Operator(open, _) if open == "(" || open == "|")
            }
            _ => false,
        };
        if parts && let Some(last) = result.last() {
            result.push(Token::Operator("\n".into(), last.location().clone()));
        }
        result.push(token);
    }
    result
}

/// `for ((;;))`: two semicolons are no end of a `case` arm there.
fn with_single_semicolons(tokens: Vec<Token>) -> Vec<Token> {
    let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut within = false;
    for token in tokens {
        match &token {
            Token::Operator(operator, span) if operator == ";;" && within => {
                result.extend([Token::Operator(";".into(), span.clone()), Token::Operator(";".into(), span.clone())]);
                continue;
            }
            Token::Operator(operator, _) if operator == "(" => {
                within |= matches!(result.as_slice(), [.., Token::Word(word, _), Token::Operator(open, _)] if word == "for" && open == "(");
            }
            Token::Word(word, _) if word == "do" || word == "{" => within = false,
            _ => {}
        }
        result.push(token);
    }
    result
}

/// `a[1`: the beginning of `a[1 + 1]=x`.
fn is_open_element(word: &str) -> bool {
    let name = super::parameter::identifier_length(word);
    name > 0 && word[name..].starts_with('[') && super::scan::bracket(word, name + 1).is_none()
}

/// `([a b]=c)`: the key of an array's element may have blanks.
fn with_whole_keys(tokens: Vec<Token>) -> Vec<Token> {
    let mut result: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut within = false;
    for token in tokens {
        if let Token::Word(part, span) = &token
            && let [before @ .., Token::Word(open, start)] = result.as_mut_slice()
            && is_open_element(open)
            && (starts_command(before) || matches!(before.last(), Some(Token::Word(word, _)) if word.contains("]=")))
        {
            open.push(' ');
            open.push_str(part);
            start.end = span.end.clone();
            continue;
        }
        match &token {
            Token::Operator(operator, span) => match operator.as_str() {
                "(" => {
                    within = matches!(result.last(), Some(Token::Word(word, before)) if word.ends_with('=') && touching(before, span))
                }
                "\n" => {}
                _ => within = false,
            },
            Token::Word(part, span) if within => {
                if let Some(Token::Word(open, start)) = result.last_mut()
                    && open.starts_with('[')
                    && super::scan::bracket(open, 1).is_none()
                {
                    open.push(' ');
                    open.push_str(part);
                    start.end = span.end.clone();
                    continue;
                }
            }
            Token::Word(..) => {}
        }
        result.push(token);
    }
    result
}

fn touching(left: &SourceSpan, right: &SourceSpan) -> bool {
    left.end.index == right.start.index
}

fn descriptor_name(word: &str) -> Option<&str> {
    let name = word.strip_prefix('{')?.strip_suffix('}')?;
    super::parameter::is_identifier(name).then_some(name)
}

fn follows_for(before: &[Token]) -> bool {
    matches!(before, [.., Token::Word(word, _), Token::Word(..)] if word == "for")
}

fn starts_command(before: &[Token]) -> bool {
    match before.last() {
        None => true,
        Some(Token::Operator(operator, _)) => !operator.starts_with(['<', '>']),
        Some(Token::Word(word, _)) => {
            ["do", "then", "else", "elif", "if", "while", "until", "{", "!", "time"].contains(&word.as_str())
        }
    }
}

struct Used {
    tokens: usize,
    joined: bool,
}

/// `<(` or `>(` where a word may stand, with whatever touches it on either side.
fn process_substitution(
    rest: &[Token],
    before: Option<&Token>,
    text: &str,
    characters: Option<&[usize]>,
) -> Option<(Token, Used)> {
    let [Token::Operator(arrow, span), Token::Operator(open, open_span), ..] = rest else { return None };
    if !(arrow == "<" || arrow == ">") || open != "(" || !touching(span, open_span) || in_arithmetic(before) {
        return None;
    }
    let byte = |index: usize| characters.map_or(Some(index), |starts| starts.get(index).copied());
    let end = super::scan::parenthesis(text, byte(span.start.index)? + 2)?;
    let index = |byte: usize| characters.map_or(byte, |starts| starts.partition_point(|start| *start < byte));
    let mut end_index = index(end);
    let mut tokens = rest.iter().take_while(|token| token.location().end.index <= end_index).count();
    if let Some(Token::Word(_, next)) = rest.get(tokens)
        && next.start.index == end_index
    {
        end_index = next.end.index;
        tokens += 1;
    }
    let joined = matches!(before, Some(Token::Word(_, word)) if touching(word, span));
    let start = match before {
        Some(Token::Word(_, word)) if joined => word.start.clone(),
        _ => span.start.clone(),
    };
    let raw = text.get(byte(start.index)?..byte(end_index)?)?;
    let last = rest.get(tokens.checked_sub(1)?)?;
    let whole = SourceSpan { start, end: Arc::clone(&last.location().end) };
    Some((Token::Word(raw.into(), whole), Used { tokens, joined }))
}

/// `((a<(b)))` has no process in it.
fn in_arithmetic(before: Option<&Token>) -> bool {
    matches!(before, Some(Token::Operator(operator, _)) if operator == "(")
}
