"""A delivery as plain data: what snapshots and dead letters hold, so both outlive this code.

Shape: `{"v": 1, "id", "target", "transition", "untold_firing", "only_closes", "alert": {...}, "classification":
{...}}`, all of it JSON. What was written by a Winnow that did not know `untold_firing` or `only_closes` has none, which
means false; `replayed` stands there only if it is true.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.alert import Alert, Envelope, Status
from alerts.decision import Classification, Delivery, Judge, Severity
from alerts.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = 1

Plain = dict[str, object]


def to_plain(delivery: Delivery) -> Plain:
    """The delivery as strings, numbers, lists and dicts.

    Field by field: a snapshot writes all that waits, and `_asdict` of three tuples takes three times as long.
    """
    plain: Plain = {
        "v": VERSION,
        "id": delivery.id,
        "target": delivery.target,
        "transition": delivery.transition,
        "untold_firing": delivery.untold_firing,
        "only_closes": delivery.only_closes,
        "alert": _alert(delivery.alert),
        "classification": _classification(delivery.classification),
    }
    if delivery.replayed:
        plain["replayed"] = True
    return plain


def _alert(alert: Alert) -> Plain:
    return {
        "id": alert.id,
        "fingerprint": alert.fingerprint,
        "status": alert.status.value,
        "name": alert.name,
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "envelope": alert.envelope.plain(),
        "labels": alert.labels,
        "annotations": alert.annotations,
        "generator_url": alert.generator_url,
    }


def _classification(found: Classification) -> Plain:
    return {
        "severity": found.severity.value,
        "category": found.category,
        "confidence": found.confidence,
        "source": found.source.value,
        "rule": found.rule,
        "recommendations": list(found.recommendations),
        "reasoning": found.reasoning,
    }


def from_plain(plain: Mapping[str, Any]) -> Delivery:
    """The delivery that `to_plain` was given.

    Raises:
        FormatError: Another version, or not a delivery.
    """
    try:
        if plain["v"] != VERSION:
            raise FormatError(f"delivery version {plain['v']!r}; this Winnow reads {VERSION}")
        alert, found = plain["alert"], plain["classification"]
        return Delivery(
            plain["id"],
            plain["target"],
            plain["transition"],
            Alert(**{**alert, "status": Status(alert["status"]), "envelope": Envelope(**alert["envelope"])}),
            Classification(
                **{
                    **found,
                    "severity": Severity(found["severity"]),
                    "source": Judge(found["source"]),
                    "recommendations": tuple(found["recommendations"]),
                }
            ),
            bool(plain.get("untold_firing", False)),
            bool(plain.get("only_closes", False)),
            bool(plain.get("replayed", False)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"not a delivery: {type(error).__name__}: {error}") from error
