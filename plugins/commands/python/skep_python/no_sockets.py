"""asyncio without sockets and threads: its loop waits for time alone, and what it would give to a thread is done at once."""

import asyncio.selector_events
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
        future = self.create_future()
        try:
            future.set_result(function(*arguments))
        except Exception as problem:
            future.set_exception(problem)
        return future

    async def shutdown_default_executor(self, timeout=None):
        pass


def replace():
    """Makes this loop the one that asyncio.run makes."""
    asyncio.unix_events._DefaultEventLoopPolicy._loop_factory = _Loop
    asyncio.SelectorEventLoop = asyncio.EventLoop = _Loop
