//! `${x:offset:length}`: of a string by characters, of `$@` by number, of an array by its elements' numbers.

use super::param::Fetched;
use crate::ast::{Parameter, Word};
use crate::state::Shell;
use crate::stop::{Run, Stop};

impl Shell {
    pub(super) fn substring(
        &mut self,
        parameter: &Parameter,
        fetched: Fetched,
        offset: &Word,
        length: Option<&Word>,
    ) -> Run<Fetched> {
        let offset_text = self.quoted(offset)?;
        let offset = self.arithmetic(&offset_text)?;
        let length_text = length.map(|word| self.quoted(word)).transpose()?;
        let length = length_text.as_deref().map(|text| self.arithmetic(text)).transpose()?;
        match fetched {
            Fetched::Unset => Ok(Fetched::One(String::new())),
            Fetched::One(text) => {
                let characters: Vec<char> = text.chars().collect();
                let range = self.range(characters.len(), offset, length, length_text.as_deref(), true)?;
                Ok(Fetched::One(characters[range].iter().collect()))
            }
            Fetched::Many(mut values, as_one) => {
                if parameter.name == "@" || parameter.name == "*" {
                    values.insert(0, self.state.name.clone());
                }
                if let Some(keys) = self.sparse_keys(&parameter.name) {
                    let offset = if offset < 0 { offset + keys.last().map_or(0, |last| last + 1) } else { offset };
                    let start = keys.partition_point(|key| *key < offset);
                    let start = if offset < 0 { keys.len() } else { start };
                    let range = self.range(values.len(), start as i64, length, length_text.as_deref(), false)?;
                    return Ok(Fetched::Many(values[range].to_vec(), as_one));
                }
                let offset = if offset < 0 { offset + values.len() as i64 } else { offset };
                let range = self.range(values.len(), offset, length, length_text.as_deref(), false)?;
                Ok(Fetched::Many(values[range].to_vec(), as_one))
            }
        }
    }

    /// The numbers of an indexed array's elements: its slices go by them, not by position.
    fn sparse_keys(&self, name: &str) -> Option<Vec<i64>> {
        match &self.state.vars.get(name)?.value {
            crate::vars::Value::Indexed(elements) => Some(elements.keys().copied().collect()),
            _ => None,
        }
    }

    fn range(
        &mut self,
        count: usize,
        offset: i64,
        length: Option<i64>,
        shown: Option<&str>,
        from_end: bool,
    ) -> Run<std::ops::Range<usize>> {
        let count = count as i64;
        let start = if offset < 0 && from_end { offset + count } else { offset };
        if start < 0 || start > count {
            return Ok(0..0);
        }
        let end = match length {
            None => count,
            Some(length) if length >= 0 => start.saturating_add(length).min(count),
            Some(length) if from_end && count + length >= start => count + length,
            Some(_) => {
                self.complain(&format!("{}: substring expression < 0", shown.unwrap_or_default().trim()));
                return Err(Stop::Discard(1));
            }
        };
        Ok(start as usize..end as usize)
    }
}
