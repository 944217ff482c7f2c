"""What a run is asked to do, and the configuration its product gets."""

from __future__ import annotations

from typing import NamedTuple

DROPS = ("gateway", "convert", "dedup", "filter", "route", "publish", "trail")
"""Where a test switch can make one alert vanish."""

PARTITIONS = 8
TIMEOUT_S = 2
"""Of an attempt to deliver, and of the broker's report at the gateway."""

STEADY = "steady"
"""The target that always answers well and is told everything."""
KINDS = {
    STEADY: "webhook",
    "hook": "webhook",
    "pager": "pagerduty",
    "root": "rootly",
    "chat": "slack",
    "am": "alertmanager",
}
"""By target: its kind. All but `STEADY` are made to misbehave."""
NOWHERE = "http://127.0.0.1:1"
INCIDENTS = frozenset({"pager", "root"})
"""Targets where a firing opens what only its resolve closes."""
NO_TESTS = "no_tests"
"""The one filter rule; alerts of `environment="test"` end there."""
NOBODY = "nobody"
"""The team whose alerts no route names."""


class Settings(NamedTuple):
    """One run."""

    seconds: float = 600.0
    """How long alerts come and faults happen."""
    seed: int = 1
    rate: float = 2000.0
    """Alerts a second."""
    drops: tuple[str, ...] = ()
    """Of `DROPS`."""
    calm_s: float = 0.0
    """At the end: alerts still come, nothing new breaks."""
    every_kind: bool = False
    """Whether to go on, four times as long at most, until each victim has met each of its faults."""
    pace: float = 1.0
    """Faults come so many times as often as usual."""
    scenario: str = "chaos"
    produce_timeout: str | None = f"{TIMEOUT_S}s"
    """Of the gateway; None: the product's own."""
    dedup_window: str = "4h"
    new_share: float = 0.03
    """Of the alerts, how many were never seen before."""
    processes: int = 1
    """Of the flow."""
    away: tuple[str, ...] = ()
    """Targets at an address where nobody listens."""


def sections(settings: Settings, receiver: str) -> dict[str, object]:
    """The keys of winnow.yaml beside `kafka`; `receiver` is the harness's own address."""
    produce = {} if settings.produce_timeout is None else {"produce_timeout": settings.produce_timeout}
    return {
        "gateway": {"request_timeout": "10s", **produce},
        "dedup": {"window": settings.dedup_window},
        "filter": [{"name": NO_TESTS, "when": 'environment="test"', "critical": True}],
        "routes": [
            *({"name": name, "match": f'watch="{name}"', "to": [name], "continue": True} for name in KINDS),
            {"name": "all", "match": f'team!="{NOBODY}"', "to": [STEADY]},
        ],
        # A cold start reads ten minutes again before it tells anything: that many deliveries must find room.
        "publish": {"backoff": "200ms", "max_concurrent": 64, "max_pending": 200_000},
        "targets": [
            _target(name, kind, f"{NOWHERE if name in settings.away else receiver}/{name}")
            for name, kind in KINDS.items()
        ],
    }


def _target(name: str, kind: str, url: str) -> dict[str, object]:
    own: dict[str, dict[str, object]] = {
        "pagerduty": {"routing_key": "chaos"},
        "rootly": {"token": "chaos"},
        "slack": {"rate": 1000, "burst": 100},
    }
    common = {"name": name, "kind": kind, "url": url, "allow_private": True, "timeout": f"{TIMEOUT_S}s"}
    return common | own.get(kind, {})
