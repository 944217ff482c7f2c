"""`winnow classify`: what every judge says of an alert, tried before anybody sends one."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from alerts import bounds, prompt
from alerts.advice import How
from alerts.errors import FormatError, WinnowError
from alerts.formats import Format, formats, lines_as
from alerts.instant import rfc3339
from alerts.mapped import mapped
from alerts.webhook import Received
from connectors.configuration import load
from winnow import _advice
from winnow._completing import forms
from winnow._hearing import Case, alerts, hear
from winnow._output import Output, write_json, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.advice import Template
    from alerts.config import Config
    from alerts.decision import Classification
    from alerts.webhook import Webhook

    Fields = dict[str, Any]

PANEL = "Configure it"
_TOLD = ("severity", "category", "confidence", "source", "rule", "recommendations", "reasoning")


def classify(
    file: Annotated[str, typer.Argument(help="A webhook as its sender sends it, or one alert; - is standard input.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="alertmanager, prometheus, ... or a mapping's name; else by what it looks like.",
            autocompletion=forms,
        ),
    ] = None,
    ask: Annotated[bool, typer.Option(help="Ask the model of classify.llm, if there is one.")] = True,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Show what every judge says of the alerts in a file.

    The judges are each rule, the label and the model; what comes of it stands below them. Needs no Kafka and changes
    nothing.

    Example: winnow classify alert.json

    Exit codes:
        0: Every alert was judged.
        1: One cannot be read, or the model was asked and did not answer.
        2: The file or the configuration cannot be used.
    """
    config = load(needs_sources=False, needs_model=ask)
    now_ms = time.time_ns() // 1_000_000
    body, guessed = _alertmanagers(_read(file), now_ms)
    name, reader = _reader(config, form or guessed)
    try:
        webhook = bounds.read(reader, Received(body, now_ms))
    except FormatError as error:
        raise WinnowError("\n".join([f"{file}: {error}", *(f"  {fault}" for fault in error.faults)])) from error
    if not webhook.submissions and not webhook.rejected:
        raise WinnowError(f"{file}: {webhook.note or 'no alert in it'}")
    cases = hear(alerts(webhook, lines_as(reader, name), now_ms), config.classify, may_ask=ask)
    if output is Output.JSON:
        write_json({"format": name, "alerts": [_plain(case) for case in cases], "rejected": _rejected(webhook)})
    else:
        write_lines(_lines(cases, webhook))
    if webhook.rejected or any(_has_failed(case) for case in cases):
        raise typer.Exit(1)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise WinnowError(f"{file}: cannot be read: {error.strerror}") from error


def _alertmanagers(body: bytes, now_ms: int) -> tuple[bytes, str]:
    """The body, one alert alone as a webhook of it, and the format that it looks like."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body, "alertmanager"
    if isinstance(content, dict) and "labels" in content and "alerts" not in content:
        alert = {"status": "firing", "startsAt": rfc3339(now_ms), **content}
        return orjson.dumps({"receiver": "winnow", "alerts": [alert]}), "alertmanager"
    return body, "prometheus" if isinstance(content, list) else "alertmanager"


def _reader(config: Config, name: str) -> tuple[str, Format]:
    known: dict[str, Format] = {**formats(), **mapped(config.mappings)}
    if name not in known:
        raise WinnowError(f"--format: expected one of {', '.join(sorted(known))}, got {name[:40]!r}")
    return name, known[name]


def _has_failed(case: Case) -> bool:
    return case.judged.advice is not None and case.judged.advice.how is How.FAILED


def _plain(case: Case) -> Fields:
    alert, judged = case.alert, case.judged
    advice = judged.advice
    answer = advice.answer if advice else None
    return {
        "name": alert.name,
        "status": alert.status.value,
        "fingerprint": alert.fingerprint,
        "judges": [
            {"judge": judge, "found": None if found is None else _classification(found)}
            for judge, found in case.opinions
        ],
        "prompt": prompt.PROMPT if case.template else None,
        "template": _template(case.template) if case.template else None,
        "model": {
            "how": advice.how.value if advice else None,
            "answer": answer._asdict() if answer else None,
            "why_none": case.silence or None,
        },
        "alone": _classification(judged.alone or judged.weighed),
        "guards": list(judged.guards),
        "told": _classification(judged.told),
        "weighed": _classification(judged.weighed),
    }


def _classification(found: Classification) -> Fields:
    return {name: getattr(found, name) for name in _TOLD}


def _template(template: Template) -> Fields:
    return {"id": template.id, "labels": dict(template.labels), "annotations": dict(template.annotations)}


def _rejected(webhook: Webhook) -> list[Fields]:
    return [{"position": one.position, "faults": [fault._asdict() for fault in one.faults]} for one in webhook.rejected]


def _lines(cases: list[Case], webhook: Webhook) -> Iterator[str]:
    for case in cases:
        yield from _case_lines(_plain(case))
    for one in webhook.rejected:
        yield f"alerts[{one.position}]  goes to the quarantine"
        yield from (f"  {fault}" for fault in one.faults)


def _case_lines(case: Fields) -> Iterator[str]:
    yield f"{case['status']}  {case['name']}  {case['fingerprint']}"
    for one in case["judges"]:
        yield _line(one["judge"], "says nothing" if one["found"] is None else _advice.rule(one["found"]))
    if template := case["template"]:
        yield _line("template", f"{template['id']}, all that a model is shown:")
        for kind in ("labels", "annotations"):
            yield from (_line("", f"{name}: {value}") for name, value in template[kind].items())
    model = case["model"]
    if model["answer"] is None:
        yield _line("model", f"no answer ({model['why_none']})")
    else:
        yield _line("model", f"{_advice.answer(model['answer'])}; {_advice.how(model['how'])}")
        yield from (_line(word, text) for word, text in _advice.reasons(model["answer"]))
    yield _line("rules alone", _advice.rule(case["alone"]))
    yield from (_line("guard", _advice.guard(word)) for word in case["guards"])
    yield _line("outcome", _advice.rule(case["told"]))
    if case["weighed"] != case["told"]:
        yield _line("", f"filtered and routed as its firing: {_advice.rule(case['weighed'])}")
    if model["answer"] is None:
        yield from (_line("do", text) for text in case["told"]["recommendations"])


def _line(word: str, text: str) -> str:
    return f"  {word[:24]:<12} {text}"
