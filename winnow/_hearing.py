"""What every judge says of the alerts of one body, as the flow would have them judged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from alerts.advice import Advice, How
from alerts.alert import Envelope, Status
from alerts.record import decode, open_alert, split
from connectors.llm import Model, Reply
from flows.guard_rails import weigh
from flows.steps.classify import Classify, Opinion
from flows.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alerts.advice import Template
    from alerts.alert import Alert
    from alerts.config import Classify as Settings
    from alerts.config_llm import Llm
    from alerts.webhook import Webhook
    from flows.steps.classify import Judged

_NO_MODEL = "no model: classify.llm is not set"
_NOT_ASKED = "not asked"
_RESOLVE = "not asked: a resolve waits for no model"


class Case(NamedTuple):
    """One alert, and what was said of it."""

    alert: Alert
    opinions: tuple[Opinion, ...]
    """Of each rule, in their order, and of the label."""
    template: Template | None
    """What a model is shown; None: there is no model."""
    silence: str
    """Why no model answered; empty if one did."""
    judged: Judged


def alerts(webhook: Webhook, form: str, now_ms: int) -> Iterator[Alert]:
    """The alerts of a body, opened as the flow opens them.

    Args:
        webhook: What was read.
        form: The format that reads its lines.
        now_ms: When it came.
    """
    envelope = Envelope("0" * 32, form, "default", webhook.receiver, webhook.group_key, now_ms)
    for _, value in split(envelope, webhook.submissions, 1):
        yield from map(open_alert, decode(value, now_ms))


def hear(found: Iterable[Alert], settings: Settings, *, may_ask: bool) -> list[Case]:
    """Have each judged, and a model asked once for each template, if there is one and it may be asked."""
    step = Classify(settings.rules)
    heard = [(alert, tuple(step.opinions(alert)), step(alert)) for alert in found]
    llm = settings.llm
    if llm is None:
        return [Case(alert, opinions, None, _NO_MODEL, judged) for alert, opinions, judged in heard]
    templates = Templates(llm)
    shown = [templates.of(alert) for alert, _, _ in heard]
    firing = {one.id: one for one, (alert, *_) in zip(shown, heard, strict=True) if alert.status is Status.FIRING}
    replies = asyncio.run(_asked(llm, firing.values())) if may_ask else {}
    cases: list[Case] = []
    known: set[str] = set()
    for template, (alert, opinions, judged) in zip(shown, heard, strict=True):
        silence, weighed = _weighed(judged, alert, template, replies, known)
        cases.append(Case(alert, opinions, template, silence, weighed))
    return cases


def _weighed(
    judged: Judged, alert: Alert, template: Template, replies: dict[str, Reply], known: set[str]
) -> tuple[str, Judged]:
    """Why there is no answer, and what the alert is taken for; answers of alerts before it are known."""
    is_known = template.id in known
    if alert.status is Status.RESOLVED:
        answer = replies[template.id].answer if is_known else None
        return "" if answer else _RESOLVE, weigh(judged, Advice(template.id, How.RESOLVED, answer))
    reply = replies.get(template.id)
    if reply is None:
        return _NOT_ASKED, judged
    if reply.answer is None:
        return reply.error, weigh(judged, Advice(template.id, How.FAILED, None))
    known.add(template.id)
    return "", weigh(judged, Advice(template.id, How.CACHED if is_known else How.ANSWERED, reply.answer))


async def _asked(settings: Llm, templates: Iterable[Template]) -> dict[str, Reply]:
    """What the model says of each; as patient as the flow, and without its budgets."""
    model = Model(settings)
    turn = asyncio.Semaphore(settings.max_concurrent)

    async def ask(template: Template) -> tuple[str, Reply]:
        async with turn:
            return template.id, await model.ask(template, lambda _: None, lambda: True)

    try:
        return dict(await asyncio.gather(*map(ask, templates)))
    finally:
        await model.close()
