"""What happened to one alert as a case (`alerts.case`) that expects it to happen again."""

from __future__ import annotations

from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from alerts.alert import Status
from alerts.fields import spelled
from alerts.fingerprint import identity
from alerts.instant import instant_ms, rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.alert import Alert

Row = dict[str, Any]

_NO_END = "0001-01-01T00:00:00Z"
_NAME_MAX_CHARS = 200
# What the flow says by itself and takes back: a case would say it with the voice of a sender.
_TAKEN_BACK = ("renewed", "over")


class Kept(NamedTuple):
    """One event of an alert."""

    alert: Alert
    decision: Row | None
    """As docs/decisions.md describes it; None: there is none."""


def recorded(kept: Sequence[Kept]) -> Row | None:
    """The case of one alert's events, in the order accepted; None if in none of them it is known to begin.

    It begins with the first firing that dedup let pass: what comes then depends on nothing before. Of duplicates in a
    row, which change nothing, it has the last.
    """
    told = _without_echoes([one for one in kept if not _is_taken_back(one)])
    first = next((number for number, one in enumerate(told) if _may_begin(one)), None)
    if first is None:
        return None
    steps = _Steps(told[first:])
    name = told[first].alert.labels.get("alertname", "")[:_NAME_MAX_CHARS]
    owner = told[first].alert.fingerprint
    return {"name": f"{name} {owner}", "starts": rfc3339(steps.starts_ms), "steps": list(steps)}


def text(case: Row) -> str:
    """A file with this case, in ASCII."""
    made: str = yaml.safe_dump([_escaped(case)], sort_keys=False, default_flow_style=None, width=120)
    return made


def _without_echoes(kept: Sequence[Kept]) -> list[Kept]:
    pairs = zip_longest(kept, kept[1:])
    return [one for one, then in pairs if then is None or not (_ended(one) and _ended(then))]


def _ended(one: Kept) -> bool:
    return one.decision is not None and "transition" not in one.decision


def _is_taken_back(one: Kept) -> bool:
    return one.decision is not None and one.decision["dedup"]["outcome"] in _TAKEN_BACK


def _may_begin(one: Kept) -> bool:
    return one.alert.status is Status.FIRING and not _ended(one)


def _labels(alert: Alert) -> dict[str, str]:
    # One without a value is as good as none, to rules and to who an alert is.
    return {name: value for name, value in alert.labels.items() if value}


class _Steps:
    """The steps of a case, one after another, each without what the one before says already."""

    def __init__(self, kept: Sequence[Kept]) -> None:
        self._kept = kept
        self.starts_ms = kept[0].alert.envelope.accepted_ms
        self._has_owner = any(identity(one.alert.labels, "") != one.alert.fingerprint for one in kept)
        self._at_ms = self.starts_ms
        self._said: Row | None = None

    def __iter__(self) -> Iterator[Row]:
        before: Alert | None = None
        for one in self._kept:
            yield self._step(one, before)
            before = one.alert

    def _step(self, one: Kept, before: Alert | None) -> Row:
        alert = one.alert
        # Clocks of gateways differ; for dedup time never goes back.
        self._at_ms = max(self._at_ms, alert.envelope.accepted_ms)
        step: Row = {"at": spelled(timedelta(milliseconds=self._at_ms - self.starts_ms))}
        labels = _labels(alert)
        if alert.status is Status.FIRING:
            step["fire"] = labels
        else:
            is_same = before is not None and _labels(before) == labels
            step["resolve"] = {"alertname": labels.get("alertname", "")} if is_same else labels
        if self._has_owner:
            step["fingerprint"] = alert.fingerprint
        if alert.annotations != (before.annotations if before else {}):
            step["annotations"] = dict(alert.annotations)
        step |= self._times(alert, before)
        step |= self._model(one.decision or {})
        if one.decision is not None:
            step["expect"] = list(_expected(one.decision))
        return step

    def _times(self, alert: Alert, before: Alert | None) -> Row:
        is_firing = alert.status is Status.FIRING
        goes_on = before is not None and (before.status is Status.FIRING or not is_firing)
        times: Row = {}
        if before is None or not goes_on or before.starts_at != alert.starts_at:
            times["startsAt"] = alert.starts_at
        if not is_firing and (alert.ends_at is None or instant_ms(alert.ends_at) != self._at_ms):
            times["endsAt"] = alert.ends_at or _NO_END
        return times

    def _model(self, decision: Row) -> Row:
        """What it says, if it is something else than before."""
        advice = decision.get("advice")
        if advice is None:
            return {}
        answer = advice.get("answer")
        said = None if answer is None else _said(answer)
        if said == self._said:
            return {}
        self._said = said
        return {"model": "none" if said is None else said}


def _said(answer: Row) -> Row:
    weighed = {name: answer[name] for name in ("severity", "category", "confidence")}
    return weighed | {name: answer[name] for name in ("reasoning", "recommendations") if answer[name]}


def _expected(decision: Row) -> Iterator[Row]:
    if "transition" not in decision:
        yield {"duplicate": True}
        return
    if decision["filter"]["outcome"] == "deny":
        yield {"filtered_by": decision["filter"]["rule"]}
    found = decision.get("classify")
    for planned in decision.get("deliveries", ()):
        about = {"severity": found["severity"], "category": found["category"]} if found else {}
        yield {"target": planned["target"], "status": decision["status"], **about}


def _escaped(value: object) -> object:
    """With dollar signs that mean themselves."""
    if isinstance(value, dict):
        return {key: _escaped(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_escaped(part) for part in value]
    return value.replace("$", "$$") if isinstance(value, str) else value
