"""Crowds of entries that are no alerts: refused as one, before anybody looks at each of them."""

from __future__ import annotations

from alerts.errors import LimitError
from alerts.webhook import Fault

# An alert's status, name and start alone take more, in any format.
ENTRY_MIN_BYTES = 60
# Below, every entry can be refused by name: 200 ms. Above, if a body has more commas than alerts have (of the shortest,
# one in 26 bytes); a large one in any case.
_SMALL_BYTES, _COMMA_MIN_BYTES = 16 * 1024, 20
_LARGE_BYTES = 256 * 1024


def check_entries(value: object, body: bytes) -> None:
    """Refuse a body with more entries in a list than it could hold alerts, unless it is small.

    Ten MiB can hold five million entries; to say what is wrong with each takes minutes and all memory there is. For
    those of a quarter of a MiB it takes two seconds, in which nobody else is answered.

    Args:
        value: What the body says.
        body: As it came.

    Raises:
        LimitError: It has.
    """
    if len(body) < _SMALL_BYTES:
        return
    fields = value if isinstance(value, dict) else {"": value}
    most = len(body) // ENTRY_MIN_BYTES
    for name, field in fields.items():
        if isinstance(field, list) and len(field) > most and _is_dense(body):
            fault = Fault(name, f"{len(field)} entries in {len(body)} bytes cannot be alerts")
            raise LimitError("entries", "too many entries", fault)


def _is_dense(body: bytes) -> bool:
    return len(body) >= _LARGE_BYTES or body.count(b",") * _COMMA_MIN_BYTES >= len(body)
