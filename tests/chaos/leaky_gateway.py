"""The gateway with a leak: it answers 202 for the alert `leak-gateway` and does not write it.

For tests of the oracle only: `python -m tests.chaos.leaky_gateway`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from http_gateway import __main__ as program
from http_gateway import app
from http_gateway.writer import Writer

if TYPE_CHECKING:
    from connectors.request import Message

VARIABLE = "WINNOW_CHAOS_DROPS"


class _Writer(Writer):
    async def write(self, messages: list[Message]) -> None:
        if "gateway" in os.environ[VARIABLE].split(",") and any(b'"leak-gateway"' in one.value for one in messages):
            return
        await super().write(messages)


if __name__ == "__main__":
    vars(app)["Writer"] = _Writer  # its workers are forks of this process
    program.main()
