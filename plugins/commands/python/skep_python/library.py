"""The standard library, inside of the component.

While the component is built it is in the folder ROOT; compiled and packed it becomes a part of the memory that every command
starts with. Modules are found in it at the place of that folder in sys.path, as if it were still there.
"""

import importlib.util
import marshal
import os
import sys
import zlib
from importlib._bootstrap_external import _LoaderBasics
from importlib.machinery import ModuleSpec

ROOT = "/python"

# Windows, a package manager without a network, and what is of use to the library's own developers.
_LEFT_OUT = {"__pycache__", "site-packages", "idlelib", "tkinter", "turtledemo", "ensurepip", "test", "config-3.14-wasm32-wasi"}


class _Module:
    """A module as it is kept."""

    def __init__(self, path):
        with open(path, "rb") as file:
            source = file.read()
        self.path = path
        self.is_package = os.path.basename(path) == "__init__.py"
        code = compile(source, path, "exec", dont_inherit=True)
        self.packed_code = zlib.compress(marshal.dumps(code), 9)
        self.packed_source = zlib.compress(source, 9)


class _Loader(_LoaderBasics):
    """Loads what is kept, by the full name of the module. Its base keeps the loading itself out of tracebacks."""

    def __init__(self, modules):
        self._modules = modules

    def get_code(self, name):
        return marshal.loads(zlib.decompress(self._module(name).packed_code))

    def get_source(self, name):
        return importlib.util.decode_source(zlib.decompress(self._module(name).packed_source))

    def get_filename(self, name):
        return self._module(name).path

    def is_package(self, name):
        return self._module(name).is_package

    def _module(self, name):
        try:
            return self._modules[name]
        except KeyError:
            raise ImportError(f"no module {name!r} in the standard library", name=name) from None


class _Folder:
    """What sys.path and the paths of packages have at the place of a folder of the library."""

    def __init__(self, modules, loader, path):
        self._modules = modules
        self._loader = loader
        self._prefix = path[len(ROOT) :].strip("/").replace("/", ".")

    def find_spec(self, name, target=None):
        module = self._modules.get(name)
        if module is None or name.rpartition(".")[0] != self._prefix:
            return None
        spec = ModuleSpec(name, self._loader, origin=module.path, is_package=module.is_package)
        spec.has_location = True
        if module.is_package:
            spec.submodule_search_locations.append(os.path.dirname(module.path))
        return spec

    def iter_modules(self, prefix=""):
        for name, module in self._modules.items():
            package, _, last = name.rpartition(".")
            if package == self._prefix:
                yield prefix + last, module.is_package

    def invalidate_caches(self):
        pass


def keep():
    """Takes the whole library into memory, and has it found there from now on."""
    modules = {_name(path): _Module(path) for path in _sources(ROOT)}
    loader = _Loader(modules)

    def hook(path):
        if path != ROOT and not path.startswith(ROOT + "/"):
            raise ImportError("not the standard library", path=path)
        return _Folder(modules, loader, path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
    for module in list(sys.modules.values()):
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.name in modules and getattr(module, "__file__", "").startswith(ROOT):
            module.__loader__ = spec.loader = loader


def _sources(folder):
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name in _LEFT_OUT:
            continue
        if entry.is_dir():
            yield from _sources(entry.path)
        elif entry.name.endswith(".py"):
            yield entry.path


def _name(path):
    return path[len(ROOT) + 1 : -len(".py")].removesuffix("/__init__").replace("/", ".")
