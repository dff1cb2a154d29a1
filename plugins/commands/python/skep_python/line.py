"""What a command line of python3 asks for."""

from dataclasses import dataclass, field

USAGE = """\
usage: python3 [option] ... [-c cmd | -m mod | file | -] [arg] ...
-c cmd : program passed in as string
-m mod : run library module as a script
-I     : isolate from the environment and from the current directory (also -E, -P, -s)
-u     : unbuffered output
-W arg : warning control
-V     : print the version and exit (also --version)
file   : program read from a file, a folder or an archive with __main__.py
-      : program read from standard input
Also taken, and without effect: -b -B -d -O -q -S -v -x -X arg
There are no threads, no sockets and no modules in C beside those of the standard library. Packages in Python are found in
PYTHONPATH, /workspace/.site and /site: folders, and wheels in these folders.
"""


class Wrong(Exception):
    """The command line asks for something that there is not."""


@dataclass
class Line:
    """One of command, module and file is what is run; none of them is standard input or a person."""

    command: str | None = None
    module: str | None = None
    file: str | None = None
    arguments: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    version: bool = False
    usage: bool = False
    interactive: bool = False
    unbuffered: bool = False
    ignore_environment: bool = False
    safe_path: bool = False


_FLAGS = {
    "V": ["version"],
    "h": ["usage"],
    "?": ["usage"],
    "i": ["interactive"],
    "u": ["unbuffered"],
    "E": ["ignore_environment"],
    "P": ["safe_path"],
    "I": ["ignore_environment", "safe_path"],
    **{letter: [] for letter in "bBdOqsSvx"},
}
_LONG = {"--version": "V", "--help": "h"}


def read(words):
    """Reads what follows the command's own name."""
    line = Line()
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "-" or not word.startswith("-"):
            line.file, line.arguments = word, words
            return line
        if word == "--":
            line.file, line.arguments = (words[0] if words else None), words[1:]
            return line
        if _option(line, word, words):
            line.arguments = words
            return line
    return line


def _option(line, word, words):
    """Takes a word of options, and says whether what follows is the program's."""
    letters = _LONG.get(word) or word[1:]
    if word.startswith("--") and word not in _LONG:
        raise Wrong(f"unknown option {word}")
    for place, letter in enumerate(letters):
        if letter in "cmWX":
            value = letters[place + 1 :] or (words.pop(0) if words else None)
            if value is None:
                raise Wrong(f"Argument expected for the -{letter} option")
            return _valued(line, letter, value)
        if letter not in _FLAGS:
            raise Wrong(f"Unknown option: -{letter}")
        for flag in _FLAGS[letter]:
            setattr(line, flag, True)
    return False


def _valued(line, letter, value):
    if letter == "c":
        line.command = value
    elif letter == "m":
        line.module = value
    elif letter == "W":
        line.warnings.append(value)
    return letter in "cm"
