//! `tar`, `gzip`, `gunzip`, `zcat`, `zip` and `unzip`.

mod gzip;
mod inside;
mod tar;
mod zip;

fn main() {
    place::run(|arguments| match place::name_of(&arguments) {
        "gzip" | "gunzip" | "zcat" => gzip::main(&arguments),
        "zip" => zip::zip(&arguments),
        "unzip" => zip::unzip(&arguments),
        _ => tar::main(&arguments),
    })
}

/// Why nothing is done.
#[derive(Debug)]
enum Stop {
    Said(String),
    Problem(String),
}

impl From<lexopt::Error> for Stop {
    fn from(problem: lexopt::Error) -> Self {
        Self::Problem(problem.to_string())
    }
}

impl From<std::io::Error> for Stop {
    fn from(problem: std::io::Error) -> Self {
        Self::Problem(posix::reason(&problem))
    }
}
