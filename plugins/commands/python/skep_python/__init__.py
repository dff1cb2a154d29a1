"""CPython as a command of an image: its standard library, its command line, and what WASI lacks over skep:command."""
