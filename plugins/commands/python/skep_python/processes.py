"""The standard library's subprocess, os.system and os.popen over skep:command: other commands of the image, started beside this one.

What belongs to an operating system's processes is refused: signals but the end, groups, users, file descriptors but 0, 1 and 2.
"""

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from componentize_py_types import Err
from wit_world.imports import process

PIPE, STDOUT, DEVNULL = subprocess.PIPE, subprocess.STDOUT, subprocess.DEVNULL

_TIMED_OUT = 124
# A pipe holds at least so much without a reader.
_FITS_A_PIPE = 4096
_PUMP = "import shutil, sys; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
_READ = process.OpenOptions(True, False, False, False, False, False)
_APPEND = process.OpenOptions(False, True, True, True, False, False)
_ERRORS = {
    "not-found": FileNotFoundError,
    "not-permitted": PermissionError,
    "is-directory": IsADirectoryError,
    "not-directory": NotADirectoryError,
    "exists": FileExistsError,
    "broken-pipe": BrokenPipeError,
}
_NUMBERS = {"not-found": 2, "not-permitted": 1, "is-directory": 21, "not-directory": 20, "exists": 17, "broken-pipe": 32}


def _error(failure, name=None):
    kind = failure.kind
    return _ERRORS.get(kind, OSError)(_NUMBERS.get(kind, 5), failure.message, name)


class _Reading(io.RawIOBase):
    """This side of a pipe that a command writes to."""

    def __init__(self, handle):
        self._handle = handle

    def readable(self):
        return True

    def readinto(self, room):
        try:
            read = self._handle.read(len(room))
        except Err as failure:
            raise _error(failure.value) from None
        room[: len(read)] = read
        return len(read)

    def close(self):
        if not self.closed:
            _release(self._handle)
        super().close()


class _Writing(io.RawIOBase):
    """This side of a pipe that a command reads from."""

    def __init__(self, handle):
        self._handle = handle

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        try:
            self._handle.write(data)
        except Err as failure:
            raise _error(failure.value) from None
        return len(data)

    def close(self):
        if not self.closed:
            _release(self._handle)
        super().close()


class _Afterwards(io.RawIOBase):
    """What a command wrote into a file, readable once it has ended: two pipes can't be read at once."""

    def __init__(self, child, path):
        self._child = child
        self._path = path
        self._file = None

    def readable(self):
        return True

    def readinto(self, room):
        if self._file is None:
            self._child.wait()
            self._file = open(self._path, "rb", buffering=0)
        return self._file.readinto(room)

    def close(self):
        if not self.closed:
            if self._file is not None:
                self._file.close()
            os.unlink(self._path)
        super().close()


def _release(handle):
    # At the end of the program the bindings have released it already.
    if handle.finalizer.alive:
        handle.__exit__(None, None, None)


def _open(path, options):
    try:
        return process.open(os.path.abspath(path), options)
    except Err as failure:
        raise _error(failure.value, path) from None


def _of_file(file, options):
    """The handle of an open file of Python's: of the standard stream, of a pipe to a command, or of the file with its name."""
    buffer = getattr(file, "buffer", file)
    pipe = getattr(buffer, "raw", buffer)
    if isinstance(pipe, (_Reading, _Writing)):
        return pipe._handle.duplicate()
    number = file if isinstance(file, int) else file.fileno()
    if number in (0, 1, 2):
        return process.given(number)
    name = getattr(file, "name", None)
    if not isinstance(name, str):
        raise ValueError("a command can be given a standard stream, a file with a name, PIPE or DEVNULL")
    if options is _APPEND:
        file.flush()
        return _open(name, options)
    handle = _open(name, options)
    _skip(handle, file.tell())
    return handle


def _skip(handle, count):
    while count > 0:
        read = len(handle.read(min(count, 65536)))
        if not read:
            return
        count -= read


class Popen(subprocess.Popen):
    """A command that was started."""

    def __init__(
        self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, preexec_fn=None, close_fds=True,
        shell=False, cwd=None, env=None, universal_newlines=None, startupinfo=None, creationflags=0, restore_signals=True,
        start_new_session=False, pass_fds=(), *, encoding=None, errors=None, text=None, time_limit=None, **others,
    ):  # fmt: skip
        self._child_created = False
        self.returncode = None
        if preexec_fn is not None or pass_fds or any(value not in (None, -1) for value in others.values()):
            raise ValueError("commands of an image have no users, groups or descriptors, and nothing runs before them")
        self.args = args
        words = _words(args, shell)
        text = text or universal_newlines or encoding or errors
        mode = dict(encoding=encoding, errors=errors) if text else None
        self.text_mode = bool(text)
        self.encoding, self.errors = encoding, errors
        self._given = {}
        path = None
        try:
            reader, writer, path = self._streams(stdin, stdout, stderr)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            self._child = self._spawn(executable or words[0], words, cwd, env, time_limit)
        except BaseException:
            if path is not None:
                os.unlink(path)
            raise
        finally:
            for handle in set(self._given.values()):
                _release(handle)
        self._child_created = True
        self.pid = self._child.number()
        self.stdin = writer and _wrapped(_Writing(writer), "w", bufsize, mode)
        self.stdout = reader and _wrapped(_Reading(reader), "r", bufsize, mode)
        self.stderr = path and _wrapped(_Afterwards(self._child, path), "r", bufsize, mode)
        if stdout != PIPE and stderr == PIPE:
            self.stdout, self.stderr = None, _wrapped(_Reading(reader), "r", bufsize, mode)

    def _streams(self, stdin, stdout, stderr):
        """This side of the pipes, and the path of the file that stands for the second one."""
        reader = writer = path = None
        if stdin == PIPE:
            self._given[0], writer = process.pipe()
        else:
            self._give(0, stdin, _READ)
        if stdout == PIPE:
            reader, self._given[1] = process.pipe()
        else:
            self._give(1, stdout, _APPEND)
        if stderr == STDOUT:
            if 1 in self._given:
                self._given[2] = self._given[1].duplicate()
        elif stderr == PIPE and stdout == PIPE:
            number, path = tempfile.mkstemp(prefix="stderr-")
            os.close(number)
            self._given[2] = _open(path, _APPEND)
        elif stderr == PIPE:
            reader, self._given[2] = process.pipe()
        else:
            self._give(2, stderr, _APPEND)
        return reader, writer, path

    def _give(self, number, file, options):
        handle = None
        if file is None:
            handle = process.given(number)
        elif file != DEVNULL:
            handle = _of_file(file, options)
        if handle is not None:
            self._given[number] = handle

    def _spawn(self, program, words, cwd, env, time_limit):
        variables = {os.fsdecode(name): os.fsdecode(value) for name, value in (os.environ if env is None else env).items()}
        command = process.Command(
            program,
            words,
            list(variables.items()),
            os.path.abspath(os.fsdecode(cwd or ".")),
            list(self._given.items()),
            b"",
            None if time_limit is None else max(int(time_limit * 1000), 1),
        )
        try:
            return process.spawn(command)
        except Err as failure:
            raise _error(failure.value, program) from None

    def communicate(self, input=None, timeout=None):
        if self.stdin:
            self._feed(input)
        out, err = (stream and stream.read() for stream in (self.stdout, self.stderr))
        self.wait(timeout)
        for stream in (self.stdout, self.stderr):
            if stream:
                stream.close()
        return out, err

    def _feed(self, input):
        """Writes all of the input: what doesn't fit into the pipe by another command, since this one has to read."""
        if input and len(input) > _FITS_A_PIPE and self.stdout:
            raw = input.encode(self.encoding or "utf-8", self.errors or "strict") if self.text_mode else input
            with tempfile.NamedTemporaryFile(prefix="stdin-") as file:
                file.write(raw)
                file.flush()
                handle = _open(file.name, _READ)
            buffer = getattr(self.stdin, "buffer", self.stdin)
            writer = getattr(buffer, "raw", buffer)._handle
            pump = [(0, handle), (1, writer)]
            process.spawn(process.Command(None, ["python3", "-c", _PUMP], [], "/", pump, b"", None))
            _release(handle)
        elif input:
            try:
                self.stdin.write(input)
                self.stdin.flush()
            except BrokenPipeError:
                pass
        try:
            self.stdin.close()
        except BrokenPipeError:
            pass

    def poll(self):
        if self.returncode is None:
            ending = self._child.ended()
            if ending is not None:
                self._ended(ending)
        return self.returncode

    def wait(self, timeout=None):
        if timeout is None:
            if self.returncode is None:
                self._ended(self._child.wait())
            return self.returncode
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(self.args, timeout)
            time.sleep(0.002)
        return self.returncode

    def _ended(self, ending):
        self.ending_reason = ending.reason
        # As Unix has it: what was ended from outside has a negative code.
        self.returncode = -signal.SIGKILL if ending.reason == "" and ending.code == 137 else ending.code

    def send_signal(self, number):
        if self.poll() is None:
            self._child.kill(128 + int(number))

    def terminate(self):
        self.send_signal(15)

    def kill(self):
        self.send_signal(9)

    def __del__(self):
        pass


def _words(args, shell):
    if shell:
        script = args if isinstance(args, str) else os.fsdecode(args[0])
        return ["sh", "-c", script]
    if isinstance(args, (str, bytes, os.PathLike)):
        return [os.fsdecode(args)]
    return [os.fsdecode(word) for word in args]


def _wrapped(raw, direction, bufsize, mode):
    if direction == "r":
        buffered = io.BufferedReader(raw)
    else:
        buffered = raw if bufsize == 0 else io.BufferedWriter(raw)
    if mode is None:
        return buffered
    return io.TextIOWrapper(buffered, encoding=mode["encoding"] or "utf-8", errors=mode["errors"], write_through=bufsize == 1)


def run(*args, input=None, capture_output=False, timeout=None, check=False, **options):
    """As subprocess.run is."""
    if input is not None and options.get("stdin") is not None:
        raise ValueError("stdin and input arguments may not both be used.")
    if capture_output:
        if options.get("stdout") is not None or options.get("stderr") is not None:
            raise ValueError("stdout and stderr arguments may not be used with capture_output.")
        options.update(stdout=PIPE, stderr=PIPE)
    if input is not None:
        options["stdin"] = PIPE
    with Popen(*args, time_limit=timeout, **options) as child:
        out, err = child.communicate(input)
    if timeout is not None and child.returncode == _TIMED_OUT and child.ending_reason:
        raise subprocess.TimeoutExpired(child.args, timeout, output=out, stderr=err)
    if check and child.returncode:
        raise subprocess.CalledProcessError(child.returncode, child.args, output=out, stderr=err)
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def _system(command):
    return Popen(command, shell=True).wait() << 8


class _Pipe(io.TextIOWrapper):
    """What os.popen gives: closing it waits for the command."""

    def __init__(self, child, stream):
        super().__init__(stream, encoding="utf-8")
        self._child = child

    def close(self):
        super().close()
        code = self._child.wait()
        return code << 8 if code else None


def _popen(command, mode="r", buffering=-1):
    if mode == "r":
        child = Popen(command, shell=True, stdout=PIPE)
        return _Pipe(child, child.stdout)
    child = Popen(command, shell=True, stdin=PIPE)
    return _Pipe(child, child.stdin)


_which = shutil.which


def _which_of_the_image(command, mode=os.F_OK | os.X_OK, path=None):
    """Commands of the image are no files, but can be started by their names and by these paths."""
    known = path is None and isinstance(command, str) and command in process.names()
    return f"/usr/bin/{command}" if known else _which(command, mode, path)


def replace():
    """Puts these where programs look for them."""
    subprocess.Popen = Popen
    subprocess.run = run
    os.system = _system
    shutil.which = _which_of_the_image
    os.popen = _popen
    os._exit = lambda code: process.exit(code & 0xFF)
