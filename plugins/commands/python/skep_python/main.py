"""Runs what the command line asks for, as CPython's own main does."""

import atexit
import code
import gc
import linecache
import os
import runpy
import sys
import threading
import types
import warnings

from . import line as command_line
from . import library, start


def run(words, variables):
    """Runs a command from its start to its end, and returns its exit code."""
    try:
        line = command_line.read(words[1:])
    except command_line.Wrong as wrong:
        line, problem = command_line.Line(), wrong
    else:
        problem = None
    start.begin(variables, line)
    if problem is not None:
        print(f"{problem}\nusage: python3 [option] ... [-c cmd | -m mod | file | -] [arg] ...", file=sys.stderr)
        return 2
    sys.orig_argv = list(words)
    return _end(_ending_of(lambda: _execute(line)))


def _execute(line):
    for action in line.warnings:
        warnings._setoption(action)
    if line.version:
        print("Python", sys.version.split()[0])
    elif line.usage:
        print(command_line.USAGE, end="")
    elif line.command is not None:
        _begin_at(line, "", "-c")
        _program(line.command + "\n", "<string>")
    elif line.module is not None:
        _begin_at(line, os.getcwd(), "-m")
        runpy._run_module_as_main(line.module)
    elif line.file in (None, "-"):
        _begin_at(line, "", line.file or "")
        _from_standard_input(line)
    else:
        _file(line)


def _begin_at(line, folder, name):
    sys.argv[:] = [name, *line.arguments]
    if not line.safe_path:
        sys.path.insert(0, folder)


def _from_standard_input(line):
    if sys.stdin.isatty() or line.interactive:
        code.interact(local=_main_module().__dict__, exitmsg="")
    else:
        _program(sys.stdin.buffer.read(), "<stdin>")


def _file(line):
    sys.argv[:] = [line.file, *line.arguments]
    if os.path.isdir(line.file) or _is_archive(line.file):
        sys.path.insert(0, line.file)
        runpy._run_module_as_main("__main__", alter_argv=False)
        return
    try:
        with open(line.file, "rb") as file:
            source = file.read()
    except OSError as problem:
        what = f"can't open file {os.path.abspath(line.file)!r}: [Errno {problem.errno}] {problem.strerror}"
        print(f"{sys.executable}: {what}", file=sys.stderr)
        raise SystemExit(2) from None
    if not line.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(line.file)))
    _program(source, line.file)


def _is_archive(path):
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"PK\3\4"
    except OSError:
        return False


def _program(source, name):
    module = _main_module()
    if name.startswith("<"):
        # Where a traceback finds the lines.
        text = source if isinstance(source, str) else source.decode(errors="replace")
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    else:
        module.__file__ = name
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)


def _main_module():
    module = types.ModuleType("__main__")
    module.__builtins__ = sys.modules["builtins"]
    sys.modules["__main__"] = module
    return module


def _ending_of(work):
    """The code that a piece of a program ends with."""
    try:
        work()
    except SystemExit as ending:
        return _code_of(ending.code)
    except BaseException as problem:
        _report(problem)
        return 130 if isinstance(problem, KeyboardInterrupt) else 1
    return 0


def _code_of(value):
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 0xFF
    print(value, file=sys.stderr)
    return 1


def _report(problem):
    _flush(sys.stdout)
    trace = problem.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.excepthook(type(problem), problem.with_traceback(trace), trace)


def _end(ending):
    """What is left to do after the program: what it asked to be done at its end, and what it has not written yet."""
    threading._shutdown()
    atexit._run_exitfuncs()
    _ending_of(_let_go)
    problem = _ending_of(lambda: _flush(sys.stdout))
    _ending_of(lambda: _flush(sys.stderr))
    return ending or problem


def _let_go():
    """The interpreter is not taken down with the command, but files that the program left open are still to be written."""
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and (name == "__main__" or not _is_of_the_interpreter(module)):
            module.__dict__.clear()
    gc.collect()


def _is_of_the_interpreter(module):
    path = module.__dict__.get("__file__") or library.ROOT
    return str(path).startswith((library.ROOT, "/world/", "/bundled/", "/0/"))


def _flush(stream):
    if stream is not None and not stream.closed:
        stream.flush()
