"""How long a sender wants to wait for the whole answer: `Prefer: wait=10` (RFC 7240), or `?wait=10`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from alerts.webhook import Fault
from http_gateway.answers import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from http_gateway.body import Scope

# RFC 7240 section 2: preferences are separated by commas, parameters follow a semicolon, values may be quoted.
_PREFERENCE = re.compile(
    r"""\s*(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+) \s*
        (?: = \s* (?P<value> "(?:[^"\\]|\\.)*" | [^\s,;"]* ) )? \s*
        (?: ; (?: "(?:[^"\\]|\\.)*" | [^,"] )* )?
        (?:,|$)""",
    re.VERBOSE,
)
# RFC 9110 section 10.2.3: delta-seconds. More digits than these are longer than anything is waited for.
_SECONDS = re.compile(r"[0-9]{1,9}")


def asked_s(scope: Scope) -> int | None:
    """How many seconds the sender of this request wants to wait; None if it does not say. The query goes first.

    Raises:
        RefusedError: 400, what the query says is no number of seconds. In the header that is ignored: RFC 7240.
    """
    query: bytes = scope["query_string"]
    if query:
        given = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("wait")
        if given is not None:
            return _of_query(given)
    return _of_header(value for name, value in scope["headers"] if name == b"prefer")


def _of_query(given: list[str]) -> int:
    if len(given) == 1 and _SECONDS.fullmatch(given[0]):
        return int(given[0])
    came = ", ".join(given)[:60]
    fault = Fault("wait", f"expected a whole number of seconds, once, got {came!r}")
    raise RefusedError(400, "VALIDATION_ERROR", "the query parameter wait cannot be used", (fault,))


def _of_header(values: Iterable[bytes]) -> int | None:
    text, place = b",".join(values).decode("latin-1"), 0
    while place < len(text):
        found = _PREFERENCE.match(text, place)
        if found is None:  # nothing after it can be told apart
            return None
        if found["name"].lower() == "wait":  # section 2: the first one holds
            value = (found["value"] or "").strip('"')
            return int(value) if _SECONDS.fullmatch(value) else None
        place = found.end()
    return None
