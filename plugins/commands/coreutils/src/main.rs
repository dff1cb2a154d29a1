//! uutils' coreutils behind one table of names, called by the name of the first argument or, as `coreutils NAME …`, by the second.

mod applets;
mod cp;
mod ls;
mod sort;

use std::ffi::OsString;

fn main() {
    place::run(|arguments| {
        let multicall = place::name_of(&arguments) == "coreutils";
        if multicall {
            uucore::set_utility_is_second_arg();
        }
        call(&arguments[usize::from(multicall).min(arguments.len())..])
    })
}

fn call(arguments: &[String]) -> i32 {
    let name = place::name_of(arguments);
    let Some(applet) = applets::find(name) else {
        eprintln!("coreutils: unknown program '{name}'");
        return 127;
    };
    if ["ls", "vdir"].contains(&name)
        && let Some(code) = ls::long(arguments)
    {
        return code;
    }
    if let Err(problem) = uucore::locale::setup_localization(texts_of(name)) {
        eprintln!("{name}: its messages cannot be read: {problem}");
        return 99;
    }
    if name == "sort"
        && let Some(code) = sort::check(arguments, applet)
    {
        return code;
    }
    let mut arguments = if name == "cp" { cp::without_preserving(arguments) } else { arguments.to_vec() };
    if applets::reads_files(name) {
        place::name_standard_input(&mut arguments);
    }
    applet(arguments.into_iter().map(OsString::from).collect::<Vec<_>>().into_iter())
}

/// Under which name an applet's messages are kept.
fn texts_of(name: &str) -> &str {
    match name {
        "[" => "test",
        "dir" | "vdir" => "ls",
        other => other,
    }
}
