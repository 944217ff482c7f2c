"""`winnow llm`: what the model did, by what decisions record of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alerts.advice_count import HIGHER, LOWER, SAME, AdviceCount
from alerts.errors import FormatError
from alerts.instant import rfc3339
from connectors.configuration import load
from connectors.kafka.topics import topics
from winnow import _advice
from winnow._archive import Archive
from winnow._moments import between, milliseconds
from winnow._output import Output, shown, write_json, write_lines
from winnow._past import CLOCKS_DIFFER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from alerts.config import Config

    Fields = dict[str, Any]

PANEL = "Watch it"
_TOP = 10


def llm() -> None:
    """See what a language model contributed.

    Example: winnow llm stats --since 7d
    """


def stats(
    since: Annotated[str, typer.Option(help="Accepted from then on: how long ago (2h), or RFC 3339.")] = "24h",
    until: Annotated[str, typer.Option(help="Accepted before then: how long ago, or RFC 3339.")] = "0s",
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Count a model's answers and tokens, and what they changed.

    How alerts came to answers, where model and rules differ, and what guard rails changed. It counts what decisions
    record: calls that failed, and answers that no alert has used, are in the flow's metrics alone
    (winnow_llm_calls_total).

    Example: winnow llm stats --since 7d
    """
    first, end = between(since, until, datetime.now(UTC))
    config = load(needs_sources=False)
    counted, unreadable = read(config, first, end)
    fields = plain(counted, first, end, unreadable)
    if output is Output.JSON:
        write_json(fields)
    else:
        write_lines(lines(fields))


def read(config: Config, since: datetime, until: datetime) -> tuple[AdviceCount, int]:
    """What was counted, and how many records could not be read.

    Raises:
        KafkaError: No broker answers, or there is no such topic.
    """
    topic = topics(config.kafka).decisions
    counted = AdviceCount(milliseconds(since), milliseconds(until))
    unreadable = 0
    for stored in shown(topic, Archive(config.kafka).records(topic, since - CLOCKS_DIFFER)):
        try:
            counted.take(stored.value)
        except FormatError:
            unreadable += 1
    return counted, unreadable


def plain(counted: AdviceCount, since: datetime, until: datetime, unreadable: int) -> Fields:
    """For machines."""
    top = sorted(counted.differences.items(), key=lambda entry: (-entry[1], entry[0]))[:_TOP]
    return {
        "since": rfc3339(milliseconds(since)),
        "until": rfc3339(milliseconds(until)),
        "judged": counted.judged,
        "answers": counted.answers,
        "tokens": counted.tokens,
        "models": dict(counted.models.most_common()),
        "took_ms": {"p50": counted.took_ms(0.5), "p99": counted.took_ms(0.99)},
        "cache_hit_rate": counted.hit_rate,
        "by_how": dict(counted.by_how.most_common()),
        "model_beside_rules": {kind: counted.compared[kind] for kind in (LOWER, SAME, HIGHER)},
        "differences": [
            {**one._asdict(), "kind": one.kind, "alerts": count, "example": counted.names[one.template]}
            for one, count in top
        ],
        "guards": dict(counted.guards.most_common()),
        "unreadable_records": unreadable,
    }


def lines(fields: Fields) -> Iterator[str]:
    """For people."""
    yield f"accepted {fields['since']} to {fields['until']}"
    yield _line("alerts judged", fields["judged"])
    yield from _counts(fields["by_how"], _advice.how)
    if without := fields["judged"] - sum(fields["by_how"].values()):
        yield _line("  no model was configured", without)
    if fields["by_how"]:
        yield from _answers(fields)
        yield from _differences(fields)
    if fields["guards"]:
        yield "guard rails"
        yield from _counts(fields["guards"], _advice.guard)
    if fields["unreadable_records"]:
        yield _line("not counted: unreadable records", fields["unreadable_records"])


def _answers(fields: Fields) -> Iterator[str]:
    if fields["cache_hit_rate"] is not None:
        yield _line("cache hit rate", f"{fields['cache_hit_rate']:.1%}")
    yield _line("answers that came and were used", fields["answers"])
    yield from _counts(fields["models"], str)
    yield _line("  tokens they took", fields["tokens"])
    for name, took_ms in fields["took_ms"].items():
        if took_ms is not None:
            yield _line(f"  time they took, {name}", f"{took_ms:,} ms")


def _differences(fields: Fields) -> Iterator[str]:
    yield "severity by the model, beside that by the rules alone"
    yield from _counts(fields["model_beside_rules"], str)
    for one in fields["differences"]:
        both = f"{one['rules_say']} by {one['rule']}, {one['model_says']} by the model"
        yield _line(f"    {both}: {one['example']} ({one['template']})", one["alerts"])


def _counts(counts: Mapping[str, int], spelled: Callable[[str], str]) -> Iterator[str]:
    return (_line(f"  {spelled(word)}", count) for word, count in counts.items())


def _line(name: str, value: int | str) -> str:
    return f"{name:<72} {value if isinstance(value, str) else f'{value:,}':>12}"


COMMANDS = (stats,)
