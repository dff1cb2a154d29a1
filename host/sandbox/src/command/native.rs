//! What to do in place of programs that agents are used to, and that exist as native programs only.

const INSTEAD: &[(&[&str], &str)] = &[
    (
        &[
            "cc", "gcc", "g++", "clang", "make", "cmake", "ninja", "cargo", "rustc", "go", "javac", "java", "mvn",
            "gradle", "tsc",
        ],
        "no compiler or build tool runs in this sandbox; what can be checked here are texts and scripts",
    ),
    (
        &["node", "npm", "npx", "yarn", "pnpm", "deno", "bun"],
        "packages can't be installed here; the image `javascript` has `js`, which runs scripts",
    ),
    (
        &["python", "python3", "pip", "pip3", "pipx", "poetry", "uv", "conda"],
        "packages can't be installed here; the image `python` has python3, which takes pure-Python wheels from PYTHONPATH",
    ),
    (
        &["apt", "apt-get", "apk", "dnf", "yum", "pacman", "brew", "snap", "dpkg", "gem", "bundle"],
        "nothing can be installed here; `compgen -c` lists the commands that there are",
    ),
    (
        &["docker", "podman", "kubectl", "helm", "systemctl", "service"],
        "this sandbox has no containers and no services",
    ),
    (&["sudo", "su", "doas"], "there is nobody else to become here; leave it out"),
    (&["ssh", "scp", "rsync", "sftp", "nc", "telnet", "ping"], "this sandbox has no network"),
    (&["curl", "wget"], "this sandbox has no network; a destination can't be granted in this host yet"),
    (
        &["git", "gh", "hg", "svn"],
        "the workspace has files and no history; `diff -ru` compares folders, `patch` applies changes",
    ),
    (
        &["vi", "vim", "nvim", "nano", "emacs", "code"],
        "nobody is at a terminal here; edit with `sed -i`, `patch` or a here-document",
    ),
    (&["sqlite3", "psql", "mysql", "redis-cli"], "this image has no database"),
    (&["gdb", "strace", "perf", "valgrind", "lsof", "top", "htop"], "there are no processes to look at here"),
];

/// A sentence on what to use in place of a native program.
pub(crate) fn instead(program: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(programs, _)| programs.contains(&program)).map(|(_, sentence)| *sentence)
}
