//! `eval`, `source`, `exec`.

use crate::run::program::Program;
use crate::state::{Call, Shell};
use crate::stop::{Run, Stop};

pub(super) fn eval(shell: &mut Shell, words: &[String]) -> Run {
    let words = if words.get(1).is_some_and(|word| word == "--") { &words[2..] } else { &words[1..] };
    let text = words.join(" ");
    if text.trim().is_empty() {
        return Ok(0);
    }
    let line = shell.state.line;
    shell.deeper("eval", |shell| match shell.parse(&text, line) {
        Ok(_) => shell.run_text(&text, line.max(2)),
        Err(error) => {
            shell.complain(&format!("eval: {}", error.message));
            Ok(2)
        }
    })
}

pub(super) fn source(shell: &mut Shell, words: &[String]) -> Run {
    let operands = if words.get(1).is_some_and(|word| word == "--") { &words[2..] } else { &words[1..] };
    let Some((name, arguments)) = operands.split_first() else {
        return super::misuse(shell, &words[0], "filename argument required");
    };
    let Some(text) = read(shell, name) else {
        shell.complain(&format!("{name}: No such file or directory"));
        return Ok(1);
    };
    let (name, arguments) = (name.clone(), arguments.to_vec());
    shell.deeper(&name.clone(), |shell| within(shell, name, &text, arguments))
}

/// The file's text: by its path, by PATH, or from an open number.
fn read(shell: &mut Shell, name: &str) -> Option<String> {
    let path = if name.contains('/') { name.to_owned() } else { found(shell, name) };
    let bytes = if path.starts_with("/dev/") {
        crate::process::read_all(shell.open_to_read(&path).ok()?.host()?).ok()?
    } else {
        std::fs::read(shell.absolute(&path)).ok()?
    };
    Some(crate::text::from_bytes(bytes))
}

fn found(shell: &Shell, name: &str) -> String {
    let folders = shell.state.vars.scalar("PATH").unwrap_or_default();
    let candidates = folders.split(':').map(|folder| format!("{folder}/{name}"));
    let there = |path: &String| std::path::Path::new(&shell.absolute(path)).is_file();
    candidates.into_iter().find(there).unwrap_or_else(|| name.to_owned())
}

fn within(shell: &mut Shell, name: String, text: &str, arguments: Vec<String>) -> Run {
    let line = shell.state.line;
    let positional = (!arguments.is_empty()).then(|| std::mem::replace(&mut shell.state.positional, arguments));
    let outer = std::mem::replace(&mut shell.state.source, name.clone());
    shell.state.calls.push(Call { function: "source".into(), source: name, line });
    shell.state.status = 0;
    let result = shell.run_text(text, 1);
    shell.state.calls.pop();
    shell.state.source = outer;
    shell.state.line = line;
    if let Some(positional) = positional {
        shell.state.positional = positional;
    }
    match result {
        Err(Stop::Return(status)) => Ok(status),
        // A mistake in the file's grammar ends the file, not the shell.
        Err(Stop::Exit(2)) if shell.parse(text, 1).is_err() => Ok(2),
        other => other,
    }
}

pub(super) fn exec(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "cla:") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, "exec", &problem),
    };
    if given.operands.is_empty() {
        shell.keeps_redirections = true;
        return Ok(0);
    }
    let name = given.operands[0].clone();
    if matches!(shell.program(&name), Program::Missing) && name.contains('/') {
        shell.complain(&format!("{name}: No such file or directory"));
        return Err(Stop::Exit(127));
    }
    let status = shell.run_external(given.operands)?;
    // What replaces the shell knows nothing of its EXIT trap.
    shell.state.traps.remove("EXIT");
    Err(Stop::Exit(status))
}
