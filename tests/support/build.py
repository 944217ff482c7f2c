"""Deliveries as targets get them, with all that a real alert has; name what the test is about."""

from __future__ import annotations

from datetime import UTC, datetime

from alerts.alert import Alert, Envelope, Status
from alerts.decision import Classification, Delivery, Judge, Severity

AT = datetime(2026, 11, 24, 3, 5, 7, 900_000, tzinfo=UTC)
"""When the attempt is made."""
STARTS_AT = "2026-11-24T03:00:00Z"
ENDS_AT = "2026-11-24T03:04:00Z"
ACCEPTED_MS = 1_795_489_505_250
"""2026-11-24T03:05:05.250Z."""
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

HOSTILE = (
    "<!channel> <!here|x> <@U123> <#C1> <https://evil.example|click> & *bold* _it_ ~no~ `code` [a](javascript:1) "
    "<script>alert(1)</script> \x00\x07\x1b[31m\x85\u202eabc\u2066 "
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 "
    '👩\u200d👩\u200d👧\u200d👦 🇩🇪 e\u0301 \ud800 \udfff "quotes" \\ \r\n\t# head\n- item\n    code ${jndi:x} {{ x }}'
)
"""What text from elsewhere may hold."""


def alert(**changes: object) -> Alert:
    """A database that is down, in a namespace, with a runbook."""
    envelope = Envelope("0123456789abcdef0123456789abcdef", "alertmanager", "default", "team", "{}:{}", ACCEPTED_MS)
    made = Alert(
        f"{envelope.id}-0",
        "00000000000000aa",
        Status.FIRING,
        "PostgresDown",
        STARTS_AT,
        None,
        envelope,
        {"alertname": "PostgresDown", "instance": "db-1:9187", "job": "postgres", "namespace": "shop"},
        {"summary": "db-1 does not answer", "runbook_url": "https://runbooks.example.com/db?a=1&b=2"},
        "http://prometheus.example.com:9090/graph?g0.expr=pg_up+%3D%3D+0&g0.tab=1",
    )
    return made._replace(**changes)  # type: ignore[arg-type]


def resolved(**changes: object) -> Alert:
    """The same, over."""
    return alert(**{"status": Status.RESOLVED, "ends_at": ENDS_AT, **changes})


def classification(**changes: object) -> Classification:
    """What a model said of it."""
    made = Classification(
        Severity.CRITICAL,
        "database",
        0.8,
        Judge.LLM,
        "model",
        ("Check the disk", "Fail over", "Call the DBA", "Go home"),
        "The primary stopped answering.",
    )
    return made._replace(**changes)  # type: ignore[arg-type]


def delivery(**changes: object) -> Delivery:
    """A delivery of that alert; changes are those of the delivery, `alert` and `classification` among them."""
    made = Delivery("f" * 31 + "1", "oncall", f"firing/{STARTS_AT}/0", alert(), classification())
    return made._replace(**changes)  # type: ignore[arg-type]


def hostile() -> Delivery:
    """A delivery whose every free text is `HOSTILE`."""
    bad = alert(
        name=HOSTILE,
        labels={"alertname": HOSTILE, "namespace": HOSTILE, "instance": HOSTILE, HOSTILE: HOSTILE},
        annotations=dict.fromkeys(("summary", "description", "runbook_url", "image_url", HOSTILE), HOSTILE),
        generator_url=HOSTILE,
        starts_at=HOSTILE,
    )
    envelope = bad.envelope._replace(receiver=HOSTILE, group_key=HOSTILE, source=HOSTILE)
    found = classification(category=HOSTILE, rule=HOSTILE, recommendations=(HOSTILE,) * 5, reasoning=HOSTILE)
    return delivery(alert=bad._replace(envelope=envelope), classification=found)


def huge(character: str = "x") -> Delivery:
    """A delivery of an alert with 200 kB annotations and 1000 labels."""
    long = character * 200_000
    labels = {f"label_{number:04}": character * 100 for number in range(1000)}
    big = alert(
        name=long,
        labels=labels | {"alertname": long, "namespace": long, "instance": long},
        annotations=dict.fromkeys(("summary", "description", "message", "runbook_url", "other"), long),
        generator_url="https://prometheus.example.com/" + long,
    )
    found = classification(category=long, recommendations=(long,) * 5, reasoning=long)
    envelope = big.envelope._replace(receiver=long, group_key=long, source=long)
    return delivery(alert=big._replace(envelope=envelope), classification=found)


def traced() -> Delivery:
    """A delivery of an alert whose sender gave a trace context."""
    told = alert()
    return delivery(alert=told._replace(envelope=told.envelope._replace(traceparent=TRACEPARENT)))
