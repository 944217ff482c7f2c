"""What a body says, as JSON, within the bounds that hold before anybody looks at its alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.crowd import check_entries
from alerts.depth import is_deeper
from alerts.errors import LimitError
from alerts.json_text import loads
from alerts.webhook import Fault

if TYPE_CHECKING:
    from alerts.webhook import Received


def opened(received: Received) -> object:
    """The value of a body; a list in it would be one of alerts.

    Raises:
        FormatError: Not JSON, too deep, or a crowd of what is no alert.
    """
    check_depth(received)
    value = loads(received.body)
    check_entries(value, received.body)
    return value


def check_depth(received: Received) -> None:
    """Refuse a body whose lists and objects lie too deep in each other.

    Raises:
        LimitError: They do.
    """
    if is_deeper(received.body, received.json_depth):
        fault = Fault("", f"lists and objects may lie in each other at most {received.json_depth} deep")
        raise LimitError("json_depth", f"nested deeper than {received.json_depth} levels", fault)
