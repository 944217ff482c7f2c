"""Large bodies are worked on in a thread, one at a time, so that other requests do not wait until one is done."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from http_gateway import limits

if TYPE_CHECKING:
    from collections.abc import Callable

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

LARGE_BYTES = 256 * 1024
"""About a millisecond for every 20 KiB: what is smaller is done before a thread is asked."""

# At half a second each the last of them waits for as long as for Kafka.
_WAITING_MAX = 8
# Each request needs the interpreter several times, and may wait so long for it each time; Python's default is 5 ms.
_SWITCH_S = 0.0005


class Apart:
    """The thread."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "large-bodies")
        self._waiting = 0
        self._usual_s = sys.getswitchinterval()

    async def run(
        self, work: Callable[_Parameters, _Result], *args: _Parameters.args, **kwargs: _Parameters.kwargs
    ) -> _Result:
        """What `work` returns or raises.

        Raises:
            RefusedError: 503, too many wait already.
        """
        if self._waiting >= _WAITING_MAX:
            message = "too many large bodies are under way"
            raise limits.over("large_bodies", 503, "SERVICE_UNAVAILABLE", message, ((b"retry-after", b"2"),))
        self._waiting += 1
        sys.setswitchinterval(_SWITCH_S)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: work(*args, **kwargs))
        finally:
            self._waiting -= 1
            if not self._waiting:
                sys.setswitchinterval(self._usual_s)
