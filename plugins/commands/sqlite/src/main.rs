//! `sqlite3`: the command line of SQLite, over its own library: SQL and the dot commands that scripts use.

mod commands;
mod dump;
mod import;
mod options;
mod shell;
mod show;
mod values;

fn main() {
    place::run(|arguments| match options::read(&arguments) {
        Ok(options::Wanted::Text(text)) => {
            print!("{text}");
            0
        }
        Ok(options::Wanted::Shell(options)) => shell::run(*options),
        Err(problem) => {
            eprintln!("sqlite3: Error: {problem}");
            1
        }
    })
}
