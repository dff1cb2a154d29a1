"""The time zones of the world, which elsewhere are files of the system."""

import io
import os
import zlib
import zoneinfo
from zoneinfo import _common

_zones = {}


def keep():
    """Takes them into memory, from the package that is there while the component is built."""
    import tzdata

    folder = os.path.join(os.path.dirname(tzdata.__file__), "zoneinfo")
    with open(os.path.join(os.path.dirname(folder), "zones")) as names:
        for name in names.read().split():
            with open(os.path.join(folder, name), "rb") as file:
                _zones[name] = zlib.compress(file.read(), 9)
    _common.load_tzdata = _load
    zoneinfo.available_timezones = lambda: set(_zones)


def _load(name):
    if name not in _zones:
        raise _common.ZoneInfoNotFoundError(f"No time zone found with key {name}")
    return io.BytesIO(zlib.decompress(_zones[name]))
