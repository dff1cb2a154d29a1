//! `declare`, `typeset`, `local`, `export`, `readonly`.

pub(super) mod show;

use super::Declared;
use crate::ast::{Assigned, Assignment, Piece};
use crate::parse::parameter;
use crate::state::Shell;
use crate::stop::Run;
use crate::vars::{Associative, Value};

/// Called with words only, as by `builtin declare x=1`.
pub(super) fn plain(shell: &mut Shell, words: &[String]) -> Run {
    let arguments: Vec<Declared> = words[1..].iter().cloned().map(Declared::Text).collect();
    run(shell, &words[0], &arguments)
}

/// What the options ask for.
#[derive(Debug, Default)]
struct Wanted {
    on: String,
    off: String,
}

impl Wanted {
    fn has(&self, letter: char) -> bool {
        self.on.contains(letter)
    }
}

fn options<'a>(name: &str, arguments: &'a [Declared]) -> Result<(Wanted, &'a [Declared]), String> {
    let known = match name {
        "export" => "fnp",
        "readonly" => "aAfp",
        _ => "aAfFgiIlnprtux",
    };
    let mut wanted = Wanted::default();
    let mut at = 0;
    while let Some(Declared::Text(word)) = arguments.get(at) {
        if word == "--" {
            at += 1;
            break;
        }
        if word.len() < 2 || !word.starts_with(['-', '+']) {
            break;
        }
        for letter in word[1..].chars() {
            if !known.contains(letter) {
                return Err(format!("{}{letter}: invalid option", &word[..1]));
            }
            if word.starts_with('-') { &mut wanted.on } else { &mut wanted.off }.push(letter);
        }
        at += 1;
    }
    match name {
        "export" if wanted.has('n') => (wanted.on, wanted.off) = (wanted.on.replace('n', ""), "x".into()),
        "export" => wanted.on.push('x'),
        "readonly" => wanted.on.push('r'),
        _ => {}
    }
    Ok((wanted, &arguments[at..]))
}

pub(crate) fn run(shell: &mut Shell, name: &str, arguments: &[Declared]) -> Run {
    if name == "local" && shell.state.calls.iter().all(|call| call.function == "source") {
        return super::misuse(shell, "local", "can only be used in a function").map(|_| 1);
    }
    let (wanted, arguments) = match options(name, arguments) {
        Ok(read) => read,
        Err(problem) => return super::misuse(shell, name, &problem),
    };
    if wanted.has('f') || wanted.has('F') {
        return show::functions(shell, wanted.has('F'), arguments);
    }
    if arguments.is_empty() || (wanted.has('p') && !matches!(name, "export" | "readonly")) {
        return show::variables(shell, name, &wanted.on, arguments);
    }
    let mut status = 0;
    for argument in arguments {
        if !declare(shell, name, &wanted, argument)? {
            status = 1;
        }
    }
    Ok(status)
}

/// The parts of `name[subscript]+=value` that was only known when it was expanded.
fn assignment(shell: &Shell, text: &str, is_array: bool) -> Option<(String, Option<Assignment>)> {
    let length = parameter::identifier_length(text);
    let (name, rest) = text.split_at(length);
    if length == 0 {
        return None;
    }
    let (index, rest) = if rest.starts_with('[') {
        let end = crate::parse::scan::bracket(rest, 1)?;
        (parameter::subscript(&rest[1..end - 1]).ok(), &rest[end..])
    } else {
        (None, rest)
    };
    if rest.is_empty() {
        return Some((name.into(), None));
    }
    let append = rest.starts_with("+=");
    let value = rest.strip_prefix("+=").or_else(|| rest.strip_prefix('='))?;
    let value = match value.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(_) if is_array => {
            array(shell, text).unwrap_or_else(|| Assigned::Scalar(vec![Piece::Quoted(value.into())]))
        }
        _ => Assigned::Scalar(vec![Piece::Quoted(value.into())]),
    };
    Some((name.into(), Some(Assignment { name: name.into(), index, append, value })))
}

/// `declare -a "x=(1 2)"`: the text is read as an assignment again.
fn array(shell: &Shell, text: &str) -> Option<Assigned> {
    let script = shell.parse(text, 1).ok()?;
    match &script.first()?.0.first()?.first.stages.first()?.shape {
        crate::ast::Shape::Simple(simple) => Some(simple.assignments.first()?.value.clone()),
        _ => None,
    }
}

/// False: refused, and that was told.
fn declare(shell: &mut Shell, name: &str, wanted: &Wanted, argument: &Declared) -> Run<bool> {
    let (variable, assignment) = match argument {
        Declared::Assignment(assignment) => (assignment.name.clone(), Some(assignment.clone())),
        Declared::Text(text) if text == "-" && name == "local" => return Ok(true),
        Declared::Text(text) => match assignment(shell, text, wanted.has('a') || wanted.has('A')) {
            Some(read) => read,
            None => {
                shell.complain(&format!("{name}: `{text}': not a valid identifier"));
                return Ok(false);
            }
        },
    };
    let local = name == "local"
        || (matches!(name, "declare" | "typeset") && !wanted.has('g') && shell.state.vars.in_function());
    if local && !shell.state.calls.is_empty() {
        return declare_local(shell, name, wanted, &variable, assignment);
    }
    if wanted.has('g') {
        // The global one changes places with the local one meanwhile.
        let mut vars = std::mem::take(&mut shell.state.vars);
        let result = vars.with_global(&variable, |vars| {
            std::mem::swap(&mut shell.state.vars, vars);
            let result = change(shell, name, wanted, &variable, assignment);
            std::mem::swap(&mut shell.state.vars, vars);
            result
        });
        shell.state.vars = vars;
        return result;
    }
    change(shell, name, wanted, &variable, assignment)
}

fn declare_local(
    shell: &mut Shell,
    name: &str,
    wanted: &Wanted,
    variable: &str,
    assignment: Option<Assignment>,
) -> Run<bool> {
    if shell.state.vars.own(variable).is_some_and(|hidden| hidden.attributes.readonly)
        && !shell.state.vars.is_local(variable)
    {
        shell.complain(&format!("{name}: {variable}: readonly variable"));
        return Ok(false);
    }
    let inherited = wanted.has('I') || shell.shopt(crate::options::Shopt::LocalvarInherit);
    let outer = if inherited { shell.state.vars.own(variable).cloned() } else { None };
    shell.state.vars.make_local(variable);
    if let Some(outer) = outer {
        *shell.state.vars.own_mut(variable) = outer;
    }
    change(shell, name, wanted, variable, assignment)
}

fn change(shell: &mut Shell, name: &str, wanted: &Wanted, variable: &str, assignment: Option<Assignment>) -> Run<bool> {
    let refers = wanted.has('n');
    let target =
        if refers || wanted.off.contains('n') { variable.to_owned() } else { shell.state.vars.target(variable) };
    let is_readonly = shell.state.vars.own(&target).is_some_and(|variable| variable.attributes.readonly);
    if is_readonly && (assignment.is_some() || wanted.off.contains('r')) {
        let prefix = if name == "export" || name == "readonly" { String::new() } else { format!("{name}: ") };
        shell.complain(&format!("{prefix}{target}: readonly variable"));
        return Ok(false);
    }
    shape(shell, wanted, &target, assignment.as_ref());
    set_letters(shell, wanted, &target);
    if let Some(assignment) = assignment {
        let done = if refers {
            let Assigned::Scalar(word) = &assignment.value else { return Ok(false) };
            let value = shell.single(word)?;
            shell.state.vars.put(&target, value);
            true
        } else {
            shell.carry_out(&assignment)?
        };
        if !done {
            return Ok(false);
        }
    }
    let variable = shell.state.vars.own_mut(&target);
    variable.attributes.reference = (variable.attributes.reference || refers) && !wanted.off.contains('n');
    variable.attributes.readonly |= wanted.has('r');
    Ok(true)
}

/// Makes the value an array where one is asked for.
fn shape(shell: &mut Shell, wanted: &Wanted, name: &str, assignment: Option<&Assignment>) {
    let variable = shell.state.vars.own_mut(name);
    let literal = assignment.is_some_and(|assignment| matches!(assignment.value, Assigned::Array(_)));
    if wanted.has('A') && !matches!(variable.value, Value::Associative(_)) {
        variable.value = Value::Associative(Associative::default());
    } else if wanted.has('a') && !variable.value.is_array() {
        let first = variable.value.scalar().map(str::to_owned).filter(|_| !literal);
        variable.value = Value::Indexed(first.into_iter().map(|text| (0, text)).collect());
    }
}

fn set_letters(shell: &mut Shell, wanted: &Wanted, name: &str) {
    let attributes = &mut shell.state.vars.own_mut(name).attributes;
    for (letters, on) in [(&wanted.on, true), (&wanted.off, false)] {
        for letter in letters.chars() {
            match letter {
                'x' => attributes.exported = on,
                'i' => attributes.integer = on,
                'l' => (attributes.lower, attributes.upper) = (on, attributes.upper && !on),
                'u' => (attributes.upper, attributes.lower) = (on, attributes.lower && !on),
                't' => attributes.trace = on,
                _ => {}
            }
        }
    }
}
