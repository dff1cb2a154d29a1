"""What componentize-py is given: taken into memory when the component is built, and asked to run when a command starts."""

import sys

from . import library

library.keep()

# What most programs import is in memory from the start. None of it may look at the clock or the environment when imported,
# but for what is put right in start.py.
import argparse, ast, asyncio, code, collections, concurrent.futures, contextlib, copy, csv, dataclasses, datetime  # noqa: E401
import decimal, difflib, enum, fnmatch, functools, gc, glob, hashlib, heapq, html, importlib.metadata, inspect, io, itertools  # noqa: E401
import json, logging, math, operator, os, pathlib, pprint, random, re, shlex, shutil, statistics, string, struct  # noqa: E401
import runpy, subprocess, tempfile, textwrap, time, traceback, types, typing, unittest, urllib.parse, uuid, zipfile, zlib  # noqa: E401

from wit_world import exports
from wit_world.imports import environment, process

from . import alone, main, processes, zones

zones.keep()
alone.replace()
processes.replace()
sys.path[:] = [library.ROOT]
sys.path_importer_cache.clear()
# None of this is ever garbage, so no collection has to look at it.
gc.collect()
gc.freeze()


class Run(exports.Run):
    """The export wasi:cli/run."""

    def run(self):
        code = main.run(environment.get_arguments(), environment.get_environment())
        process.exit(code)
