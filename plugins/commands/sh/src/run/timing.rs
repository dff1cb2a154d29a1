//! `time`. There is no processor time of a child to be had, so that `user` and `sys` are zero.

use std::time::Duration;

use crate::ast::Timed;
use crate::state::Shell;

impl Shell {
    pub(super) fn report_time(&mut self, format: Timed, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        let minutes = (seconds / 60.0) as u64;
        let text = match (format, self.state.vars.scalar("TIMEFORMAT")) {
            (Timed::Bash, Some("")) => return,
            (Timed::Bash, Some(custom)) => custom_format(custom, seconds),
            (Timed::Bash, None) => {
                format!("\nreal\t{minutes}m{:.3}s\nuser\t0m0.000s\nsys\t0m0.000s\n", seconds - minutes as f64 * 60.0)
            }
            (Timed::Posix, _) => format!("real {seconds:.2}\nuser 0.00\nsys 0.00\n"),
        };
        self.print_error(&text);
    }
}

/// `%R`, `%3R`, `%U`, `%S`, `%P`.
fn custom_format(format: &str, seconds: f64) -> String {
    let mut text = String::new();
    let mut characters = format.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '%' {
            text.push(character);
            continue;
        }
        let digits =
            characters.next_if(char::is_ascii_digit).and_then(|digit| digit.to_digit(10)).unwrap_or(3) as usize;
        characters.next_if_eq(&'l');
        match characters.next() {
            Some('R') => text.push_str(&format!("{seconds:.digits$}")),
            Some('U' | 'S') => text.push_str(&format!("{:.digits$}", 0.0)),
            Some('P') => text.push_str("0.00"),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text.push('\n');
    text
}
