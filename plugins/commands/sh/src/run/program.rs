//! Where a command's name leads: the image's commands, or a file.

use crate::state::Shell;

/// What a name is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A command of the image.
    Image(String),
    /// A file that can be started.
    File(String),
    /// A file without `#!`, which a shell runs itself.
    Script(String),
    Directory,
    NotExecutable,
    Missing,
}

/// Where a Unix system has its programs; here they are the image's.
const STANDARD: &[&str] = &["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/usr/local/sbin"];

impl Shell {
    pub(crate) fn program(&mut self, name: &str) -> Program {
        if name.contains('/') {
            return self.program_at(name);
        }
        let path = self.state.vars.scalar("PATH").map_or_else(|| STANDARD.join(":"), str::to_owned);
        self.program_in(name, &path)
    }

    /// The first of PATH's folders that programs of the image are shown to be in.
    pub(crate) fn standard_folder(&self) -> String {
        let path = self.state.vars.scalar("PATH").unwrap_or_default();
        let standard = path
            .split(':')
            .find(|folder| folder.ends_with("/bin") && STANDARD.contains(folder) && *folder != "/usr/local/bin");
        standard.unwrap_or("/usr/bin").to_owned()
    }

    fn program_in(&mut self, name: &str, path: &str) -> Program {
        let mut refused = Program::Missing;
        for folder in path.split(':') {
            let folder = if folder.is_empty() { "." } else { folder };
            if STANDARD.contains(&folder.trim_end_matches('/')) && self.is_in_image(name) {
                return Program::Image(name.to_owned());
            }
            match self.file_program(&format!("{folder}/{name}")) {
                Program::Missing | Program::Directory => {}
                Program::NotExecutable => refused = Program::NotExecutable,
                found => return found,
            }
        }
        refused
    }

    fn program_at(&mut self, path: &str) -> Program {
        let found = self.file_program(path);
        if found == Program::Missing
            && let Some((folder, name)) = path.rsplit_once('/')
            && STANDARD.contains(&folder)
            && self.is_in_image(name)
        {
            return Program::Image(name.to_owned());
        }
        found
    }

    pub(crate) fn is_in_image(&mut self, name: &str) -> bool {
        self.command_names().binary_search_by(|known| known.as_str().cmp(name)).is_ok()
    }

    /// Whether this is a usual path of one of the image's commands, which is no file here.
    pub(crate) fn is_path_in_image(&mut self, path: &str) -> bool {
        matches!(path.rsplit_once('/'), Some((folder, name)) if STANDARD.contains(&folder) && self.is_in_image(name))
    }

    /// Whether a test finds a file executable: without permission bits, one that names its interpreter is.
    pub(crate) fn is_executable(&self, path: &str, metadata: &std::fs::Metadata) -> bool {
        executable(metadata) && (cfg!(unix) || has_interpreter(&self.absolute(path)))
    }

    fn file_program(&self, path: &str) -> Program {
        let absolute = self.absolute(path);
        let Ok(metadata) = std::fs::metadata(&absolute) else { return Program::Missing };
        if metadata.is_dir() {
            return Program::Directory;
        }
        if !executable(&metadata) {
            return Program::NotExecutable;
        }
        if has_interpreter(&absolute) { Program::File(absolute) } else { Program::Script(absolute) }
    }
}

#[cfg(unix)]
pub(crate) fn executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
}

/// WASI has no permission bits to look at.
#[cfg(not(unix))]
pub(crate) fn executable(metadata: &std::fs::Metadata) -> bool {
    metadata.is_file()
}

fn has_interpreter(path: &str) -> bool {
    use std::io::Read;
    let mut head = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    matches!(&head[..read], [b'#', b'!', ..] | [0x7f, b'E', b'L', b'F'] | [0, b'a', b's', b'm'])
}
