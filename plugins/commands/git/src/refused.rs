//! What git has elsewhere and has not here, and what does it instead.

use crate::Stop;

/// What to do instead of a command that there isn't.
pub(crate) fn instead(name: &str) -> Option<String> {
    let what = match name {
        "clone" | "fetch" | "pull" | "push" | "ls-remote" | "submodule" => {
            "there is no network here: the host brings repositories in and takes commits out; name them in the environment"
        }
        "am" => "use `git apply --index FILE` and `git commit`, which take the patch and its message apart",
        "rebase" => {
            "histories are not rewritten here: `git switch -c NAME BASE` and `git cherry-pick BASE..BRANCH` make the same commits anew"
        }
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

/// What to do instead where there is no repository.
pub(crate) fn outside(name: &str) -> Option<Stop> {
    (name == "apply").then(|| {
        Stop::fatal("not a git repository (or any of the parent directories): .git; `patch -p1 < FILE` needs none")
    })
}
