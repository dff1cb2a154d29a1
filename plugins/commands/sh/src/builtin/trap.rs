//! `trap`.

use crate::expand::quote;
use crate::state::Shell;
use crate::stop::Run;
use crate::trap::{SIGNALS, name_of};

pub(super) fn trap(shell: &mut Shell, words: &[String]) -> Run {
    let operands = if words.get(1).is_some_and(|word| word == "--") { &words[2..] } else { &words[1..] };
    match operands {
        [] => show(shell, &[]),
        [option, names @ ..] if option == "-p" => show(shell, names),
        [option] if option == "-l" => {
            let text: String = SIGNALS.iter().map(|(number, name)| format!("{number:2}) SIG{name}\n")).collect();
            shell.print(&text)?;
            Ok(0)
        }
        [only] => set(shell, None, std::slice::from_ref(only)),
        [first, ..] if first.parse::<u32>().is_ok() => set(shell, None, operands),
        [action, names @ ..] if action == "-" => set(shell, None, names),
        [action, names @ ..] => set(shell, Some(action.clone()), names),
    }
}

fn set(shell: &mut Shell, action: Option<String>, names: &[String]) -> Run {
    let mut status = 0;
    shell.state.outer_traps.clear();
    for text in names {
        let Some(name) = name_of(text) else {
            shell.complain(&format!("trap: {text}: invalid signal specification"));
            status = 1;
            continue;
        };
        match &action {
            Some(action) => shell.state.traps.insert(name, action.clone()),
            None => shell.state.traps.remove(&name),
        };
    }
    Ok(status)
}

fn show(shell: &mut Shell, names: &[String]) -> Run {
    let traps = if shell.state.outer_traps.is_empty() { &shell.state.traps } else { &shell.state.outer_traps };
    let wanted: Vec<String> = names.iter().filter_map(|name| name_of(name)).collect();
    let order = |name: &str| match name {
        "EXIT" => 0,
        _ => crate::trap::number_of(name).unwrap_or(99),
    };
    let mut shown: Vec<(&String, &String)> =
        traps.iter().filter(|(name, _)| wanted.is_empty() || wanted.contains(name)).collect();
    shown.sort_by_key(|(name, _)| order(name));
    let line = |name: &str, action: &str| {
        let prefix = if ["EXIT", "ERR", "DEBUG", "RETURN"].contains(&name) { "" } else { "SIG" };
        format!("trap -- {} {prefix}{name}\n", quote::single(action))
    };
    let text: String = shown.into_iter().map(|(name, action)| line(name, action)).collect();
    shell.print(&text)?;
    Ok(0)
}
