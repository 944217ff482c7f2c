"""The OpenAPI document's part about senders that wait for what becomes of their alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from http_gateway.openapi.models import Accepted, Refused
from http_gateway.waiting.models import Waited

if TYPE_CHECKING:
    from alerts.described import Schema

PARAMETERS: tuple[Schema, ...] = (
    {
        "name": "wait",
        "in": "query",
        "description": "Wait so many seconds, at most gateway.wait_max, for what becomes of the alerts.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 999_999_999},
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=10` does the same (RFC 7240); what is no such preference is ignored.",
        "schema": {"type": "string"},
    },
)
ANSWERS: dict[int, tuple[str, object]] = {
    200: ("Its sender waited, and nothing failed", Waited),
    202: ("All alerts are stored; if its sender waited, what is known of them when the time is up", Accepted | Waited),
    207: ("Some alerts are not valid, or some failed while the sender waited", Accepted | Waited),
    500: (
        "Every alert failed while the sender waited; or a bug in Winnow, logged under the request id",
        Refused | Waited,
    ),
}
HEADERS: Schema = {"Preference-Applied": {"description": "`wait=N`, if it waited", "schema": {"type": "string"}}}
