"""The alerts: bodies like Alertmanager's, the same ones for the same seed.

A group is what one Alertmanager route would send: its alerts are its own, and it sends one body after another, so the
order in which the states of an alert are accepted is the order in which they are made here.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts.instant import rfc3339
from tests.chaos.settings import KINDS, NOBODY, STEADY

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY_MAX_ALERTS = 100
_AGAIN_SHARE = 0.01
_FIRST_SHARE = 0.2
_NO_END = "0001-01-01T00:00:00Z"
_FLAKY = [name for name in KINDS if name != STEADY]


class Told(NamedTuple):
    """One alert as one body tells it."""

    name: str
    """Its label `instance`, which no other alert has."""
    status: str
    starts_at: str


class Body(NamedTuple):
    """One webhook."""

    told: list[Told]
    content: bytes


class Group:
    """Makes the bodies of one group."""

    def __init__(self, seed: int, number: int, begin_ms: int, new_share: float = 0.03, live: int = 300) -> None:
        """Make bodies whose alerts begin from `begin_ms` on; about `live` of them fire at any time.

        Of the alerts of a body, `new_share` were never seen before, and about as many end.
        """
        self._new_share = new_share
        self._random = Random(f"{seed}/{number}")
        self._number = number
        self._begin_ms = begin_ms
        self._want = live
        self._count = 0
        self._labels: dict[str, dict[str, str]] = {}
        self._live: dict[str, str] = {}
        self._over: list[str] = []
        self._bodies = 0

    def marked(self, name: str) -> Body:
        """A body with one alert only, routed like any other."""
        self._labels[name] = {
            "alertname": name,
            "instance": name,
            "team": "t",
            "watch": "hook",
            "severity": "warning",
        }
        return self._body([Told(name, "firing", self._starts_at())])

    def bodies(self, size: int = BODY_MAX_ALERTS) -> Iterator[Body]:
        """Bodies without end."""
        while True:
            yield self._body(self._next(size))

    def _next(self, size: int) -> list[Told]:
        # At first many at once: an outage that was there before.
        share = self._new_share if self._count >= self._want else _FIRST_SHARE
        told = [self._new() for _ in range(self._some(size * share))]
        told += [self._again() for _ in range(min(self._some(size * _AGAIN_SHARE), len(self._over)))]
        fresh = {one.name for one in told}
        known = [name for name in self._live if name not in fresh]
        self._random.shuffle(known)
        ends = self._some(size * (self._new_share + _AGAIN_SHARE) * len(known) / self._want)
        told += [self._end(name) for name in known[:ends]]
        rest = known[ends : ends + max(0, size - len(told))]
        told += [Told(name, "firing", self._live[name]) for name in rest]
        self._random.shuffle(told)
        return told

    def _some(self, mean: float) -> int:
        """About `mean`, a whole number."""
        return int(mean + self._random.random())

    def _starts_at(self) -> str:
        return rfc3339(self._begin_ms + self._bodies * 10 + self._number)

    def _new(self) -> Told:
        self._count += 1
        name = f"alert-{self._number}-{self._count}"
        pick = self._random.random
        self._labels[name] = {
            "alertname": f"Chaos{self._count % 17}",
            "instance": name,
            "team": NOBODY if pick() < 0.02 else "t",
            "environment": "test" if pick() < 0.02 else "live",
            "watch": self._random.choice(_FLAKY) if pick() < 0.8 else "none",
            "severity": self._random.choice(["critical", "warning", "info"]),
        }
        self._live[name] = self._starts_at()
        return Told(name, "firing", self._live[name])

    def _again(self) -> Told:
        name = self._over.pop(self._random.randrange(len(self._over)))
        self._live[name] = self._starts_at()
        return Told(name, "firing", self._live[name])

    def _end(self, name: str) -> Told:
        starts_at = self._live.pop(name)
        self._over.append(name)
        if len(self._over) > self._want:
            del self._labels[self._over.pop(0)]
        return Told(name, "resolved", starts_at)

    def _body(self, told: list[Told]) -> Body:
        self._bodies += 1
        head = {"version": "4", "receiver": "chaos", "groupKey": f"{{}}:{{group={self._number}}}", "status": "firing"}
        return Body(told, orjson.dumps({**head, "alerts": [self._alert(one) for one in told]}))

    def _alert(self, one: Told) -> dict[str, object]:
        return {
            "status": one.status,
            "labels": self._labels[one.name],
            "annotations": {"summary": f"{one.name} is not well", "description": "made by tests/chaos"},
            "startsAt": one.starts_at,
            "endsAt": rfc3339(self._begin_ms + self._bodies * 10) if one.status == "resolved" else _NO_END,
            "generatorURL": "http://prometheus.example.com:9090/graph",
        }
