//! `mapfile` and `readarray`.

use crate::state::Shell;
use crate::stop::Run;
use crate::vars::Value;

pub(super) fn mapfile(shell: &mut Shell, words: &[String]) -> Run {
    let given = match super::options::read(&words[1..], "td:n:O:s:u:C:c:") {
        Ok(given) => given,
        Err(problem) => return super::misuse(shell, &words[0], &problem),
    };
    let name = given.operands.first().cloned().unwrap_or_else(|| "MAPFILE".into());
    let number = |letter: char| given.value(letter).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let (most, skip, origin) = (number('n'), number('s'), number('O'));
    let delimiter = given.value('d').map_or(b'\n', |text| text.bytes().next().unwrap_or(0));
    let lines = match read(shell, number('u') as u32, delimiter, if most == 0 { usize::MAX } else { most + skip }) {
        Some(lines) => lines,
        None => return super::misuse(shell, &words[0], "invalid file descriptor: Bad file descriptor").map(|_| 1),
    };
    if shell.refuses(&name) {
        return Ok(1);
    }
    let lines = lines.into_iter().skip(skip).map(|mut line| {
        if (given.has('t') || delimiter == 0) && line.last() == Some(&delimiter) {
            line.pop();
        }
        line.retain(|byte| *byte != 0);
        crate::text::from_bytes(line)
    });
    let variable = shell.state.vars.own_mut(&name);
    let mut elements = match std::mem::take(&mut variable.value) {
        Value::Indexed(elements) if given.value('O').is_some() => elements,
        _ => Default::default(),
    };
    elements.extend((origin as i64..).zip(lines));
    variable.value = Value::Indexed(elements);
    Ok(0)
}

/// The lines with their ends. All that is there is read at once, unless only some lines are wanted.
fn read(shell: &Shell, number: u32, delimiter: u8, most: usize) -> Option<Vec<Vec<u8>>> {
    let stream = shell.files.get(number)?;
    let handle = stream.host()?;
    if most == usize::MAX {
        let all = crate::process::read_all(handle).ok()?;
        return Some(all.split_inclusive(|byte| *byte == delimiter).map(<[u8]>::to_vec).collect());
    }
    let mut lines = Vec::new();
    while lines.len() < most {
        let line = handle.read_until(delimiter, 1 << 20).ok()?;
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    Some(lines)
}
