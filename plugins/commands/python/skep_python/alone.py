"""What there is one of: one thread, one user, and no socket. asyncio's loop waits for time alone, and what would be given to another thread is
done at once by this one."""

import asyncio.selector_events
import concurrent.futures
import errno
import os
import socket
import time


class _Selector:
    """Waits for nothing but time."""

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("the event loop would wait for ever: there is no task that can go on")
        time.sleep(max(timeout, 0))
        return []

    def get_map(self):
        return {}

    def close(self):
        pass


class _Loop(asyncio.selector_events.BaseSelectorEventLoop):
    def __init__(self):
        super().__init__(_Selector())

    def _make_self_pipe(self):
        self._ssock = self._csock = None

    def _close_self_pipe(self):
        pass

    def run_in_executor(self, executor, function, *arguments):
        return asyncio.wrap_future(_done(function, arguments, {}), loop=self)

    async def shutdown_default_executor(self, timeout=None):
        pass


def _done(function, arguments, named):
    future = concurrent.futures.Future()
    try:
        future.set_result(function(*arguments, **named))
    except Exception as problem:
        future.set_exception(problem)
    return future


def _submit(executor, function, /, *arguments, **named):
    if executor._shutdown:
        raise RuntimeError("cannot schedule new futures after shutdown")
    return _done(function, arguments, named)


def _refuse(*arguments, **named):
    raise OSError(errno.EACCES, "no destination is granted: commands have no network")


# The number of the user that a command runs as, and of its group.
_OWNER = 1000


def replace():
    """Puts these where programs look for them."""
    for name in ("getuid", "geteuid", "getgid", "getegid"):
        setattr(os, name, lambda: _OWNER)
    os.umask = lambda mask: 0o022
    asyncio.unix_events._DefaultEventLoopPolicy._loop_factory = _Loop
    asyncio.SelectorEventLoop = asyncio.EventLoop = _Loop
    concurrent.futures.ThreadPoolExecutor.submit = _submit
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection", "create_server"):
        setattr(socket, name, _refuse)
