//! What git has elsewhere and has not here, and what does it instead.

/// What to do instead of a command that there isn't.
pub(crate) fn instead(name: &str) -> Option<String> {
    let what = match name {
        "clone" | "fetch" | "pull" | "push" | "ls-remote" | "submodule" => {
            "there is no network here: the host brings repositories in and takes commits out; name them in the environment"
        }
        "init" => "repositories are made by the host; a folder of the workspace that is in one is part of it",
        "apply" | "am" => "use `patch -p1 < FILE`, which applies what `git diff` prints",
        "stash" => {
            "commit to a branch instead: `git switch -c NAME`, `git commit -a -m WIP`, and `git switch` back afterwards"
        }
        "merge" | "rebase" | "cherry-pick" | "revert" => {
            "histories are not joined here; `git checkout REVISION -- PATH` takes files of another commit"
        }
        "blame" | "annotate" => "use `git log -p -- FILE`",
        "gc" | "prune" | "repack" | "fsck" | "reflog" | "worktree" => {
            "the git data belongs to the host, which keeps it in order"
        }
        "bisect" | "filter-branch" | "hook" | "daemon" | "gui" | "send-email" | "difftool" | "mergetool" => {
            "programs are not started by git here"
        }
        _ => return None,
    };
    Some(format!("git {name}: {what}"))
}
