"""The steps of a case as the alerts that a sender would send, and as the records that a gateway would make of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from alerts.advice import Advice, Answer, How
from alerts.alert import Envelope, Status
from alerts.config_tree import Fault
from alerts.formats.alertmanager import read_alert
from alerts.record import ALERT_MAX_BYTES, Stored, split
from alerts.webhook import Submission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.case import Case, Moment, Said, Step
    from alerts.within import Bounds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(NamedTuple):
    """One step, as its sender sends it."""

    step: Step
    at_ms: int
    """When it is accepted: milliseconds since the epoch."""
    submission: Submission
    said: Said | None
    """What the model says of it, if anything; of a resolve only what its step says."""


class _Known(NamedTuple):
    """How an alert of the case stands."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    is_firing: bool
    said: Said | None


def events(case: Case, bounds: Bounds | None = None) -> tuple[list[Event], list[Fault]]:
    """What is sent, in this order, and what cannot be; paths of faults start at the case.

    An alert beyond the bounds is a fault; None: there are none.
    """
    course = _Course(case, bounds)
    found: list[Event] = []
    faults: list[Fault] = []
    for number, step in enumerate(case.steps):
        path = ("steps", number)
        if number and step.at < case.steps[number - 1].at:
            faults.append(Fault((*path, "at"), "expected no earlier time than that of the step before"))
        try:
            found.append(course.event(step))
        except ValueError as error:
            faults.append(Fault((*path, "resolve" if step.fire is None else "fire"), str(error)))
    return found, faults


def records(sent: Iterable[Event], partitions: int) -> list[Stored]:
    """What a gateway writes to Kafka; the ids of their inputs are those of `input_id`."""
    made: list[Stored] = []
    for number, event in enumerate(sent):
        envelope = Envelope(f"{number:032x}", "alertmanager", "default", "winnow-test", "{}", event.at_ms)
        for partition, value in split(envelope, [event.submission], partitions):
            made.append(Stored(partition, number, event.at_ms, value))
    return made


def input_id(number: int) -> str:
    """The input id of the event with this number."""
    return f"{number:032x}-0"


def goes_by_its_firing(event: Event) -> bool:
    """Whether it is a resolve, which is weighed by what the flow remembers of its firing."""
    return event.submission.status is Status.RESOLVED and event.step.model is None


def advice(sent: Iterable[Event], model: str) -> dict[str, Advice]:
    """What the model of this name says, by input id."""
    return {
        input_id(number): Advice("", _how(event), _answer(event.said, model, event.at_ms))
        for number, event in enumerate(sent)
        if event.said is not None
    }


def _how(event: Event) -> How:
    if event.submission.status is Status.RESOLVED:
        return How.RESOLVED
    return How.ANSWERED if event.step.model is not None else How.CACHED


def _answer(said: Said, model: str, at_ms: int) -> Answer:
    told = (said.severity, said.category, said.confidence, said.reasoning, said.recommendations)
    return Answer(*told, model=model, prompt="test", tokens=0, took_ms=0, at_ms=at_ms)


class _Course:
    """Follows the alerts of one case."""

    def __init__(self, case: Case, bounds: Bounds | None) -> None:
        self._bounds = bounds
        self._starts = case.starts
        self._known: dict[str, _Known] = {}
        """By owner, in the order of their first firing."""

    def event(self, step: Step) -> Event:
        """What this step sends.

        Raises:
            ValueError: It is no alert, or it is not known which.
        """
        before = self._known.get(self._resolved(step)) if step.fire is None else None
        labels = {**(before.labels if before else {}), **(step.fire or step.resolve or {})}
        owner = self._submission(step, labels, {}, self._at(step.at)).owner
        before = before or self._known.get(owner)
        annotations = step.annotations if step.annotations is not None else before.annotations if before else {}
        submission = self._submission(step, labels, annotations, self._started(step, before))
        said = step.model if step.model is not None else before.said if before else None
        said = None if said == "none" else said
        is_firing = step.fire is not None
        self._known[owner] = _Known(labels, annotations, submission.starts_at, is_firing, said)
        sent = Event(step, _ms(self._starts + step.at), submission, said)
        return sent._replace(said=None) if goes_by_its_firing(sent) else sent

    def _started(self, step: Step, before: _Known | None) -> str:
        if step.starts_at is not None:
            return self._at(step.starts_at)
        goes_on = before is not None and (before.is_firing or step.fire is None)
        return before.starts_at if before is not None and goes_on else self._at(step.at)

    def _submission(
        self, step: Step, labels: dict[str, str], annotations: dict[str, str], starts_at: str
    ) -> Submission:
        entry: dict[str, object] = {"status": "firing", "labels": labels, "annotations": annotations}
        entry["startsAt"] = starts_at
        if step.fire is None:
            entry |= {"status": "resolved", "endsAt": self._at(step.at if step.ends_at is None else step.ends_at)}
        found = read_alert(0, entry, "")
        if not isinstance(found, Submission):
            raise ValueError("; ".join(map(str, found.faults)))  # noqa: TRY004 it is a fault of the case
        if self._bounds is not None:
            _check(found, self._bounds)
        return found._replace(identity=step.fingerprint or "")

    def _resolved(self, step: Step) -> str:
        """Who owns the alert that a step resolves: one that fires, or else one that did."""
        wanted = (step.resolve or {}).items()
        fitting = [
            owner
            for owner, known in self._known.items()
            if (owner == step.fingerprint if step.fingerprint else wanted <= known.labels.items())
        ]
        firing = [owner for owner in fitting if self._known[owner].is_firing]
        found = firing or fitting
        if len(found) == 1:
            return found[0]
        if not found:
            raise ValueError("expected labels of an alert that a step before fires, found none that has them")
        several = " and ".join(_spelled(self._known[owner].labels) for owner in found[:3])
        raise ValueError(f"expected the labels of one alert, found {len(found)} that have them: {several}")

    def _at(self, moment: Moment) -> str:
        if isinstance(moment, str):
            return moment
        return (self._starts + moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _check(sent: Submission, bounds: Bounds) -> None:
    """Refuse what the gateway would."""
    beyond = bounds.beyond(sent)
    if beyond is not None:
        raise ValueError(f"the gateway refuses this alert (gateway.limits.{beyond[0]}): {beyond[1].error}")
    if len(sent.line) > ALERT_MAX_BYTES:
        raise ValueError(
            f"the gateway refuses this alert: expected at most {ALERT_MAX_BYTES} bytes, got {len(sent.line)}"
        )


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _spelled(labels: dict[str, str]) -> str:
    return "{" + ", ".join(f"{name}={value!r}" for name, value in labels.items())[:200] + "}"
