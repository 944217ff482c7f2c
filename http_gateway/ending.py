"""What to do as soon as this process is told to end, beside what Granian does then.

Granian stops taking connections and waits for the requests under way, and only then tells the application: too late for
requests that wait for something.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


def at_signal(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Call it on the loop at SIGTERM or SIGINT; whatever the loop itself does at these goes on as before.

    A loop's own handlers hang on the wake-up descriptor, and that is written to whichever function is set here.
    Source: https://docs.python.org/3.11/library/signal.html#signal.set_wakeup_fd
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))
        # As the loop has it: system calls that this signal breaks into go on.
        signal.siginterrupt(number, False)  # noqa: FBT003 the library's own signature
