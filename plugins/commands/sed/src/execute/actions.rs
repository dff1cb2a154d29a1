//! What each command does.

use super::{Queued, Run, Stop};
use crate::script::{Action, Addresses, Command, Substitute};
use crate::substitute;

impl Run<'_> {
    pub(super) fn act(&mut self, action: &Action, command: &Command) -> Result<(), Stop> {
        match action {
            Action::Append(text) => self.queue.push(Queued::Text(text.clone())),
            Action::Insert(text) => self.output.text(text)?,
            Action::Change(text) => return self.change(text, command),
            Action::Delete => return Err(Stop::Cycle { prints: false }),
            Action::DeleteFirst => return self.delete_first(),
            Action::FileName => {
                let name = self.input.name().to_owned();
                self.output.line(&name, true)?;
            }
            Action::Get => self.pattern.clone_from(&self.hold),
            Action::GetAppend => self.pattern = format!("{}\n{}", self.pattern, self.hold),
            Action::Hold => self.hold.clone_from(&self.pattern),
            Action::HoldAppend => self.hold = format!("{}\n{}", self.hold, self.pattern),
            Action::Exchange => std::mem::swap(&mut self.pattern, &mut self.hold),
            Action::List => self.output.line(&listed(&self.pattern), true)?,
            Action::Next => return self.next(),
            Action::NextAppend => return self.next_append(),
            Action::Print => self.output.line(&self.pattern, true)?,
            Action::PrintFirst => self.output.line(first_line(&self.pattern), true)?,
            Action::Quit { code, prints } => {
                if *prints {
                    self.print_pattern()?;
                }
                return Err(Stop::Quit(*code));
            }
            Action::ReadFile(path) => self.queue.push(Queued::File(path.clone())),
            Action::ReadLine(path) => {
                let line = self.line_of(path);
                self.queue.extend(line.map(Queued::Text));
            }
            Action::WriteFile(path) => self.output.line_to(path, &self.pattern)?,
            Action::WriteFirst(path) => self.output.line_to(path, first_line(&self.pattern))?,
            Action::LineNumber => self.output.line(&self.input.number.to_string(), true)?,
            Action::Substitute(substitute) => return self.substitute(substitute),
            Action::Transliterate(pairs) => {
                let other =
                    |character| pairs.iter().find(|(from, _)| *from == character).map_or(character, |(_, to)| *to);
                self.pattern = self.pattern.chars().map(other).collect();
            }
            Action::Zap => self.pattern.clear(),
            Action::Nothing | Action::Block(_) => {}
            // Those that go elsewhere, and did not.
            Action::Branch(_) | Action::BranchIfReplaced(_) | Action::BranchUnlessReplaced(_) => {}
        }
        Ok(())
    }

    /// Of a range, the text comes once, at its end.
    fn change(&mut self, text: &str, command: &Command) -> Result<(), Stop> {
        let goes_on = match &command.addresses {
            Addresses::Range(_, _, range) if !command.negated => self.ranges.contains_key(range),
            _ => false,
        };
        if !goes_on {
            self.output.text(text)?;
        }
        Err(Stop::Cycle { prints: false })
    }

    fn delete_first(&mut self) -> Result<(), Stop> {
        match self.pattern.find('\n') {
            None => Err(Stop::Cycle { prints: false }),
            Some(end) => {
                self.pattern.drain(..=end);
                Err(Stop::Again)
            }
        }
    }

    /// Without a next line, the script ends as if it were its end.
    fn next(&mut self) -> Result<(), Stop> {
        if self.input.is_last() {
            return Err(Stop::Cycle { prints: true });
        }
        self.print_pattern()?;
        self.put_queue()?;
        if let Some(line) = self.input.next() {
            (self.pattern, self.ended) = (line.text, line.ended);
        }
        Ok(())
    }

    fn next_append(&mut self) -> Result<(), Stop> {
        self.put_queue()?;
        let Some(line) = self.input.next() else { return Err(Stop::Cycle { prints: true }) };
        self.pattern.push('\n');
        self.pattern.push_str(&line.text);
        self.ended = line.ended;
        Ok(())
    }

    fn substitute(&mut self, substitute: &Substitute) -> Result<(), Stop> {
        let regex = self.regex(&substitute.pattern)?;
        if let Some(text) = substitute::replaced(&self.pattern, &regex, substitute).map_err(Stop::Failed)? {
            self.pattern = text;
            self.replaced = true;
            if substitute.prints {
                self.output.line(&self.pattern, true)?;
            }
            if let Some(file) = &substitute.file {
                self.output.line_to(file, &self.pattern)?;
            }
        }
        Ok(())
    }
}

fn first_line(text: &str) -> &str {
    text.split('\n').next().unwrap_or(text)
}

/// Unambiguous: what is not printable as escapes, and `$` at the end.
fn listed(text: &str) -> String {
    let mut out = String::new();
    for byte in crate::text::encoded(text) {
        match byte {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            b' '..=b'~' => out.push(byte as char),
            other => out.push_str(&format!("\\{other:03o}")),
        }
    }
    out + "$"
}
