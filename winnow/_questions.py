"""What `winnow replay --ask-model` asks: templates of alerts that the configured model has not answered on record.

The alerts are judged twice: once to see what is to be asked, for nobody waits between Kafka and the steps; then by the
answers. Which alerts are asked about depends on no answer: dedup comes before the model.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from alerts import prompt
from alerts.advice import Advice, How
from alerts.alert import Status
from flows.plumbing.pending import Pending
from flows.plumbing.recorded import Recorded
from flows.templates import Templates
from flows.told import NOTHING
from winnow._asking import Heard, ask
from winnow._progress import steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alerts.advice import Answer, Template
    from alerts.alert import Alert
    from alerts.config_llm import Llm
    from winnow._recorded import Span

_ERRORS_MAX = 5


class Questions:
    """The templates of a time range, and what the model says of each."""

    def __init__(self, settings: Llm, span: Span, *, asks_all: bool = False) -> None:
        """Of the alerts in `span`; `asks_all`: recorded answers do not count."""
        self._settings = settings
        self._span = span
        self._asks_all = asks_all
        self._templates = Templates(settings)
        self._open: dict[str, Template] = {}
        """By id, in the order of their first alerts: what is to be asked."""
        self._answers: dict[str, Answer] = {}
        """By template: what is on record, then also what was asked."""
        self._before: dict[str, Template] = {}
        """By fingerprint: what fires since before the span, for its resolve is weighed by what its firing was."""
        self.heard = Heard({}, {}, Counter(), 0, 0)
        """What the model said when it was asked."""
        self.alerts = 0
        """How many of the span are judged by what it said."""

    def reading(self, recorded: Mapping[str, Advice]) -> Recorded:
        """The first time: notes what is to be asked."""
        return _Reading(self, recorded)

    def answering(self, recorded: Mapping[str, Advice]) -> Recorded:
        """The second time: says what came of it."""
        return _Answering(self, recorded)

    def ask(self) -> None:
        """Ask what no record answers; all were read. What was asked before is not asked again."""
        self.alerts = 0
        known = self._answers.keys() | self.heard.silent.keys()
        asked = [template for id_, template in self._open.items() if id_ not in known]
        if not asked:
            return
        with steps(f"asking {self._settings.model}", len(asked)) as show:
            self.heard = ask(self._settings, asked, show)
        self._answers |= self.heard.answers

    def _template(self, alert: Alert) -> Template | None:
        try:
            return self._templates.of(alert)
        except Exception:  # noqa: BLE001 without a template the rules decide, as in the flow
            return None

    def _is_meant(self, alert: Alert) -> bool:
        return self._span.since_ms <= alert.envelope.accepted_ms < self._span.until_ms

    def holds(self, advice: Advice | None) -> bool:
        """Whether this is an answer of this model to this prompt."""
        if self._asks_all or advice is None or advice.answer is None:
            return False
        return (advice.answer.model, advice.answer.prompt) == (self._settings.model, prompt.PROMPT)

    def note(self, alert: Alert, advice: Advice | None) -> None:
        """Take an alert that is judged, and what is on record of it."""
        is_asked = self._is_meant(alert)
        if alert.status is Status.RESOLVED:
            fired = self._before.pop(alert.fingerprint, None)
            if fired is not None and is_asked and not self.holds(advice):
                self._open.setdefault(fired.id, fired)
            return
        template = self._template(alert)
        if template is None:
            return
        if not is_asked:
            self._before[alert.fingerprint] = template
            return
        self._before.pop(alert.fingerprint, None)
        if advice is not None and advice.answer is not None and self.holds(advice) and advice.template == template.id:
            self._answers.setdefault(template.id, advice.answer)
        else:
            self._open.setdefault(template.id, template)

    def advice(self, alert: Alert, advice: Advice | None) -> Advice:
        """What an alert is weighed by."""
        if alert.status is Status.RESOLVED:
            return advice if advice is not None and self.holds(advice) else NOTHING
        shown = self._template(alert)
        if shown is None:
            return Advice("", How.FAILED, None)
        template = shown.id
        if advice is not None and self.holds(advice) and advice.template == template:
            return advice
        answer = self._answers.get(template)
        if answer is None:
            return Advice(template, self.heard.silent.get(template, How.UNRECORDED), None)
        self.alerts += template in self.heard.answers and self._is_meant(alert)
        return Advice(template, How.ANSWERED, answer)


class _Reading(Recorded):
    def __init__(self, questions: Questions, recorded: Mapping[str, Advice]) -> None:
        super().__init__(recorded, Pending(1))
        self._questions = questions

    def advice(self, alert: Alert, owner: str, now_ms: int) -> tuple[str, Advice | None]:
        """Notes it; the rules decide for now."""
        found = self.recorded.get(alert.id)
        self._questions.note(alert, found)
        return super().advice(alert, owner, now_ms)


class _Answering(Recorded):
    def __init__(self, questions: Questions, recorded: Mapping[str, Advice]) -> None:
        super().__init__(recorded, Pending(1))
        self._questions = questions

    def advice(self, alert: Alert, owner: str, now_ms: int) -> tuple[str, Advice | None]:  # noqa: ARG002 as asked now
        """What is on record of it, or what was asked."""
        found = self._questions.advice(alert, self.recorded.get(alert.id))
        return found.template, found


def lines(questions: Questions) -> Iterator[tuple[str, int]]:
    """What was asked and what came of it, for people."""
    heard = questions.heard
    yield "asked the model about kinds of alerts", len(heard.answers) + len(heard.silent)
    yield "  answered", len(heard.answers)
    yield from ((f"  {why.value}", count) for why, count in sorted(Counter(heard.silent.values()).items()))
    yield from ((f"    {error}", count) for error, count in heard.errors.most_common(_ERRORS_MAX))
    yield "  calls", heard.calls
    yield "  tokens", heard.tokens
    yield "  alerts judged by these answers", questions.alerts


def plain(questions: Questions) -> dict[str, object]:
    """The same for machines."""
    heard = questions.heard
    silent = Counter(why.value for why in heard.silent.values())
    return {
        "questions": len(heard.answers) + len(heard.silent),
        "answered": len(heard.answers),
        "unanswered": dict(sorted(silent.items())),
        "errors": dict(heard.errors.most_common()),
        "calls": heard.calls,
        "tokens": heard.tokens,
        "alerts": questions.alerts,
    }
