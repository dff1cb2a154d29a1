//! The same interface over a real operating system; used by tests only.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::Start;

#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) code: u32,
    pub(crate) reason: String,
}

pub(crate) struct Handle(File);

pub(crate) struct OpenOptions {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    pub(crate) create: bool,
    pub(crate) truncate: bool,
    pub(crate) exclusive: bool,
}

fn failure(error: std::io::Error) -> Failure {
    let (kind, message) = match error.kind() {
        ErrorKind::NotFound => ("not-found", "No such file or directory"),
        ErrorKind::PermissionDenied => ("not-permitted", "Permission denied"),
        ErrorKind::IsADirectory => ("is-directory", "Is a directory"),
        ErrorKind::NotADirectory => ("not-directory", "Not a directory"),
        ErrorKind::AlreadyExists => ("exists", "File exists"),
        ErrorKind::BrokenPipe => ("broken-pipe", "Broken pipe"),
        _ => return Failure { kind: "io".into(), message: error.to_string() },
    };
    Failure { kind: kind.into(), message: message.into() }
}

impl Handle {
    pub(crate) fn read(&self, most: u32) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; most as usize];
        let count = (&self.0).read(&mut bytes).map_err(failure)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    pub(crate) fn read_until(&self, delimiter: u8, most: u32) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        while bytes.len() < most as usize && bytes.last() != Some(&delimiter) {
            match self.read(1)?.first() {
                Some(byte) => bytes.push(*byte),
                None => break,
            }
        }
        Ok(bytes)
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        (&self.0).write_all(bytes).map_err(failure)
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.0.metadata().is_ok_and(|metadata| metadata.file_type().is_char_device())
            && std::io::IsTerminal::is_terminal(&self.0)
    }
}

pub(crate) fn open(path: &str, options: OpenOptions) -> Result<Handle, Failure> {
    let mut std_options = std::fs::OpenOptions::new();
    std_options.read(options.read).write(options.write && !options.append).append(options.append);
    std_options.create(options.create).truncate(options.truncate).create_new(options.exclusive);
    let file = std_options.open(path).map_err(failure)?;
    let directory = options.read && !options.write && file.metadata().is_ok_and(|metadata| metadata.is_dir());
    if directory { Err(failure(ErrorKind::IsADirectory.into())) } else { Ok(Handle(file)) }
}

pub(crate) fn pipe() -> Result<(Handle, Handle), Failure> {
    let mut ends: [RawFd; 2] = [0; 2];
    // SAFETY: the array has room for the two descriptors, which are owned by nobody else.
    let made = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) };
    if made != 0 {
        return Err(failure(std::io::Error::last_os_error()));
    }
    // SAFETY: as above.
    Ok(unsafe { (Handle(File::from_raw_fd(ends[0])), Handle(File::from_raw_fd(ends[1]))) })
}

pub(crate) fn given(number: u32) -> Option<Handle> {
    // SAFETY: duplicating a number that is not open is an error, which is looked at.
    let copy = unsafe { libc::fcntl(number as RawFd, libc::F_DUPFD_CLOEXEC, 100) };
    // SAFETY: a fresh descriptor that nobody else owns.
    (copy >= 0).then(|| Handle(unsafe { File::from_raw_fd(copy) }))
}

pub(crate) fn given_numbers() -> Vec<u32> {
    // SAFETY: only asks whether the number is open.
    (0..30).filter(|number| unsafe { libc::fcntl(*number, libc::F_GETFD) } >= 0).map(|number| number as u32).collect()
}

const PAYLOAD: &str = "SKEP_NATIVE_PAYLOAD";

pub(crate) struct Child {
    inner: RefCell<std::process::Child>,
    ending: RefCell<Option<Ending>>,
    killed: Cell<Option<u32>>,
    timed_out: Arc<AtomicBool>,
    done: RefCell<Option<mpsc::Sender<()>>>,
}

fn payload_file(payload: &[u8]) -> std::io::Result<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let path = format!("/tmp/.skep-native-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::fs::write(&path, payload)?;
    Ok(path)
}

fn program_of(start: &Start<'_>) -> Result<Command, Failure> {
    let mut command = match &start.program {
        Some(program) => Command::new(program),
        None => Command::new(std::env::current_exe().map_err(failure)?),
    };
    command.env_clear();
    command.envs(start.variables.iter().map(|(name, value)| (name, value)));
    if start.program.is_none() {
        command.env(PAYLOAD, payload_file(&start.payload).map_err(failure)?);
    }
    if let Some((name, rest)) = start.arguments.split_first() {
        command.arg0(name).args(rest);
    }
    command.current_dir(&start.directory);
    Ok(command)
}

pub(crate) fn spawn(start: Start<'_>) -> Result<Child, Failure> {
    let mut command = program_of(&start)?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut copies = Vec::new();
    for (number, handle) in &start.handles {
        // SAFETY: a copy out of the way of every number that a shell uses.
        let copy = unsafe { libc::fcntl(handle.0.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 200) };
        copies.push((*number as RawFd, copy));
    }
    let wanted = copies.clone();
    // SAFETY: dup2 may be called between fork and exec.
    unsafe {
        command.pre_exec(move || {
            for (number, copy) in &wanted {
                libc::dup2(*copy, *number);
            }
            Ok(())
        });
    }
    let spawned = command.spawn().map_err(failure);
    for (_, copy) in copies {
        // SAFETY: made above.
        unsafe { libc::close(copy) };
    }
    Ok(Child::new(spawned?, start.time_limit_ms))
}

impl Child {
    fn new(inner: std::process::Child, limit: Option<u64>) -> Self {
        let timed_out = Arc::new(AtomicBool::new(false));
        let done = limit.map(|milliseconds| {
            let (sender, receiver) = mpsc::channel();
            let (flag, id) = (timed_out.clone(), inner.id() as libc::pid_t);
            std::thread::spawn(move || {
                let waited = receiver.recv_timeout(Duration::from_millis(milliseconds));
                if waited == Err(mpsc::RecvTimeoutError::Timeout) {
                    flag.store(true, Ordering::SeqCst);
                    // SAFETY: a signal to a child that has not been waited for.
                    unsafe { libc::kill(id, libc::SIGKILL) };
                }
            });
            sender
        });
        Child {
            inner: RefCell::new(inner),
            ending: RefCell::new(None),
            killed: Cell::new(None),
            timed_out,
            done: RefCell::new(done),
        }
    }

    pub(crate) fn number(&self) -> u32 {
        self.inner.borrow().id()
    }

    pub(crate) fn wait(&self) -> Ending {
        if let Some(ending) = &*self.ending.borrow() {
            return ending.clone();
        }
        let status = self.inner.borrow_mut().wait();
        self.end(status.ok())
    }

    pub(crate) fn ended(&self) -> Option<Ending> {
        if let Some(ending) = &*self.ending.borrow() {
            return Some(ending.clone());
        }
        let status = self.inner.borrow_mut().try_wait().ok()??;
        Some(self.end(Some(status)))
    }

    fn end(&self, status: Option<std::process::ExitStatus>) -> Ending {
        let code = match status {
            None => 1,
            Some(_) if self.timed_out.load(Ordering::SeqCst) => 124,
            Some(status) => match (self.killed.get(), status.code(), status.signal()) {
                (Some(code), None, _) => code,
                (_, Some(code), _) => code as u32,
                (_, _, signal) => 128 + signal.unwrap_or_default() as u32,
            },
        };
        let ending = Ending { code, reason: String::new() };
        *self.ending.borrow_mut() = Some(ending.clone());
        self.done.borrow_mut().take();
        ending
    }

    pub(crate) fn kill(&self, code: u32) {
        self.killed.set(Some(code));
        // A child that has ended already is as dead as was asked for.
        self.inner.borrow_mut().kill().unwrap_or_default();
    }
}

pub(crate) fn wait_any(children: &[&Child]) -> u32 {
    loop {
        if let Some(index) = children.iter().position(|child| child.ended().is_some()) {
            return index as u32;
        }
        std::thread::yield_now();
    }
}

pub(crate) fn names() -> Vec<String> {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".into());
    let mut names: Vec<String> = path
        .split(':')
        .chain(["/usr/bin", "/bin"])
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names.dedup();
    names
}

pub(crate) fn payload() -> Vec<u8> {
    let Ok(path) = std::env::var(PAYLOAD) else { return Vec::new() };
    let bytes = std::fs::read(&path).unwrap_or_default();
    std::fs::remove_file(&path).unwrap_or_default();
    bytes
}

pub(crate) fn numbers() -> (u32, u32) {
    (std::process::id(), std::os::unix::process::parent_id())
}

pub(crate) fn exit(code: i32) -> ! {
    #[expect(clippy::disallowed_methods, reason = "the stand-in for the host's exit, which skips destructors too")]
    std::process::exit(code)
}
