//! `tar`, `gzip`, `gunzip`, `zcat`, `zip` and `unzip`.

mod gzip;
mod inside;
mod tar;
mod zip;

use posix::stop::Stop;

fn main() {
    place::run(|arguments| match place::name_of(&arguments) {
        "gzip" | "gunzip" | "zcat" => gzip::main(&arguments),
        "zip" => zip::zip(&arguments),
        "unzip" => zip::unzip(&arguments),
        _ => tar::main(&arguments),
    })
}
