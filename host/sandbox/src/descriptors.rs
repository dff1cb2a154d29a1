//! Open files of this process. Each tool call may hold as many as its limit of handles, so their number bounds the calls.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the host itself needs: the journal, the state, connections, repositories.
const OWN: u64 = 256;

/// Lets this process open as many files as the system allows it. For the program's start, before anything is opened.
///
/// # Errors
/// The system refuses.
pub fn open_as_many_files_as_allowed() -> std::io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// How many tool calls with `handles` each may run at once, `most` at most and one at least.
pub(crate) fn calls(most: u32, handles: u64) -> u32 {
    fit(getrlimit(Resource::Nofile).current, most, handles)
}

fn fit(files: Option<u64>, most: u32, handles: u64) -> u32 {
    let fit = files.map_or(u64::from(most), |files| files.saturating_sub(OWN) / handles.max(1));
    u32::try_from(fit).unwrap_or(most).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_at_once_have_open_files_for_all_their_handles() {
        assert_eq!(fit(Some(1024), 128, 256), 3);
        assert_eq!(fit(Some(524_288), 128, 256), 128);
        assert_eq!(fit(Some(64), 128, 256), 1);
        assert_eq!(fit(None, 128, 256), 128);
    }

    #[test]
    fn the_process_may_open_what_the_system_allows() {
        open_as_many_files_as_allowed().unwrap();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
    }
}
