"""What a command finds around it: its environment, folder, streams and paths.

Everything that the interpreter has read of these belongs to the time when the component was built.
"""

import io
import os
import random
import sys

from . import library

SITES = ["/workspace/.site", "/site"]


def begin(variables, line):
    """Puts the interpreter where this command was started."""
    for name in list(os.environ):
        del os.environ[name]
    os.environ.update(variables)
    _change_folder(os.environ.get("PWD", ""))
    unbuffered = line.unbuffered or bool(_python_variable(line, "PYTHONUNBUFFERED"))
    sys.stdin = sys.__stdin__ = _stream(0, "rb", "surrogateescape", False)
    sys.stdout = sys.__stdout__ = _stream(1, "wb", "surrogateescape", unbuffered)
    sys.stderr = sys.__stderr__ = _stream(2, "wb", "backslashreplace", True)
    sys.executable = "/usr/bin/python3"
    sys.path[:] = [*_given_paths(line), library.ROOT, *_sites()]
    # The generator that is there has the seed of whoever built the component.
    random.seed()


def _change_folder(folder):
    # A folder that is gone leaves the command in `/`, where it can still say so about the paths that it is given.
    try:
        os.chdir(folder)
    except OSError:
        os.chdir("/")


def _stream(number, mode, errors, unbuffered):
    buffer = open(number, mode, closefd=False)
    return io.TextIOWrapper(
        buffer, encoding="utf-8", errors=errors, line_buffering=unbuffered or buffer.isatty(), write_through=unbuffered
    )


def _python_variable(line, name):
    return None if line.ignore_environment else os.environ.get(name)


def _given_paths(line):
    given = _python_variable(line, "PYTHONPATH") or ""
    return [os.path.abspath(path) for path in given.split(":") if path]


def _sites():
    """Folders for packages, and the wheels in them, which are imported as they are."""
    for site in SITES:
        try:
            names = sorted(os.listdir(site))
        except OSError:
            continue
        yield site
        yield from (f"{site}/{name}" for name in names if name.endswith(".whl"))
