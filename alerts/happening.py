"""What happened, one thing at a time: the decisions topic as a stream that can be watched and counted."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from alerts.errors import FormatError, MatcherError
from alerts.took import took
from alerts.verdict_words import check_verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.matchers import Matchers

Row = dict[str, Any]

STEPS = ("dedup", "classify", "filter", "route", "publish")
FIELDS = ("step", "verdict", "rule", "name", "status", "source", "severity", "fingerprint", "target")
"""What matchers may name. Labels do not lie in decisions."""

_KNOWN_MAX = 20_000
_DENY = "deny"
# An outcome that an older Winnow wrote has none of them.
_ABOUT = ("name", "status", "source", "severity")
# Without routes there is no verdict of one.
_EVERYONE: Row = {"outcome": "routed", "rule": "", "saw": {}}


class Happening(NamedTuple):
    """One step's word about one alert event, or the end of one of its deliveries."""

    at_ms: int
    """When it was written to Kafka."""
    step: str
    verdict: str
    rule: str
    name: str
    """The alert's; empty if its decision was not seen and an older Winnow told how its delivery ended."""
    status: str
    source: str
    severity: str
    """As the step `classify` found it; empty if it was not asked."""
    fingerprint: str
    targets: tuple[str, ...]
    """Who is to be told (`route`) or was (`publish`)."""
    input: str
    detail: str
    """The values the step saw, or how the delivery went."""


class Happenings:
    """Reads records in the order they come; knows of an outcome what the decision before it said."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[str, str, str, str]] = OrderedDict()

    def read(self, value: bytes, at_ms: int) -> Iterator[Happening]:
        """What one record tells, in its order: of a decision every step that had a word.

        Raises:
            FormatError: It is no record of decisions.
        """
        try:
            record = orjson.loads(value)
            told = [*map(dict, record.get("decisions", ())), *map(dict, record.get("outcomes", ()))]
            told += map(dict, record.get("retries", ()))
            yield from (one for row in told for one in self._row(row, at_ms))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise FormatError(f"no record of decisions: {type(error).__name__}") from error

    def _row(self, row: Row, at_ms: int) -> Iterator[Happening]:
        if "dedup" in row:
            found = row.get("weighed") or row.get("classify") or {}
            about = (row["name"], row["status"], row.get("source", "default"), found.get("severity", ""))
            self._know(row["id"], about)
            yield from _decided(row, about, at_ms)
            return
        about = self._known.get(row["input"]) or tuple(row.get(field, "") for field in _ABOUT)
        if "retry" in row:
            verdict, rule, detail = row["retry"]["outcome"], row["retry"]["rule"], f"letter {row['letter']}"
        else:
            verdict, rule, detail = row["outcome"], "", _went(row)
        name, status, source, severity = about
        targets = (row["target"],)
        fingerprint, input_ = row["fingerprint"], row["input"]
        yield Happening(
            at_ms, "publish", verdict, rule, name, status, source, severity, fingerprint, targets, input_, detail
        )

    def _know(self, input_: str, about: tuple[str, str, str, str]) -> None:
        self._known[input_] = about
        if len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)


def _decided(row: Row, about: tuple[str, str, str, str], at_ms: int) -> Iterator[Happening]:
    name, status, source, severity = about
    fingerprint, input_ = row["fingerprint"], row["id"]

    def one(step: str, verdict: Row, targets: tuple[str, ...] = (), *, is_judged: bool = True) -> Happening:
        word, rule, detail = verdict["outcome"], verdict["rule"], saw(verdict)
        how_bad = severity if is_judged else ""
        return Happening(at_ms, step, word, rule, name, status, source, how_bad, fingerprint, targets, input_, detail)

    yield one("dedup", row["dedup"], is_judged=False)
    if "classify" in row:
        found = row["classify"]
        seen = {key: found[key] for key in ("category", "confidence", "source")}
        yield one("classify", {"outcome": found["severity"], "rule": found["rule"], "saw": seen})
    if "filter" in row:
        yield one("filter", row["filter"])
    targets = tuple(planned["target"] for planned in row.get("deliveries", ()))
    yield from (one("route", verdict, targets) for verdict in row.get("route", ()))
    if targets and not row.get("route"):
        yield one("route", _EVERYONE, targets)


def saw(verdict: Row) -> str:
    """The values a verdict's rule looked at, on one line."""
    return ", ".join(f"{name}={value}" for name, value in verdict.get("saw", {}).items())


def _went(outcome: Row) -> str:
    late = took(outcome["ended_ms"] - outcome["accepted_ms"])
    tries = "1 try" if outcome["tries"] == 1 else f"{outcome['tries']} tries"
    answer = "" if outcome["status_code"] is None else f", answered {outcome['status_code']}"
    replayed = "replayed, " if "replayed" in outcome else ""
    return f"{replayed}{late} after acceptance, {tries}{answer}" + (f": {outcome['error']}" if outcome["error"] else "")


def ends(told: Iterable[Happening]) -> Iterable[Happening]:
    """Of each alert event the word that decided where it went, and every end of a delivery, in order."""
    last: dict[object, Happening] = {}
    for number, one in enumerate(told):
        if one.step == "publish":
            last[number] = one
        elif one.step in {"dedup", "route"} or one.verdict == _DENY:
            before = last.get(one.input)
            # Behind the route that led somewhere stand those that followed it, and the targets it left out.
            if before is None or before.step != "route" or not before.targets:
                last[one.input] = one
    return last.values()


class Sieve:
    """Which happenings are asked for."""

    def __init__(self, step: str | None, matchers: Matchers) -> None:
        """Take those of one step, None: of all, for which the matchers hold.

        Raises:
            MatcherError: They name what decisions do not hold, or a verdict that there is none of.
        """
        unknown = [name for name in matchers.names if name not in FIELDS]
        if unknown:
            raise MatcherError(
                f"decisions do not hold {', '.join(unknown)}; known: {', '.join(FIELDS)} "
                "(to find alerts by their labels: winnow explain)"
            )
        check_verdicts(step, matchers)
        self._step = step
        self._matchers = matchers

    def takes(self, one: Happening) -> bool:
        """Whether it is asked for; of several targets one is enough."""
        if self._step is not None and one.step != self._step:
            return False
        fields = {name: getattr(one, name) for name in FIELDS if name != "target"}
        return any(self._matchers.matches({**fields, "target": target}) for target in one.targets or ("",))
