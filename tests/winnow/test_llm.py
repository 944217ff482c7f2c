"""`winnow llm stats` on a broker in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.advice import Advice, How, to_plain
from alerts.errors import WinnowError
from tests.support.advice import ANSWER
from tests.support.moment import now_ms
from tests.support.shelf import TOPICS, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.shelf import Shelf


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path) as it:
        yield it


def record(*advices: Advice | None, age_ms: int = 1000) -> bytes:
    row = {"name": "Disk\x1b[31m", "accepted_ms": now_ms() - age_ms, "classify": {}}
    alone = {"alone": {"severity": "warning", "rule": "disk"}, "guards": ["links"]}
    rows = [row if one is None else row | {"advice": to_plain(one) | (alone if one.answer else {})} for one in advices]
    return json.dumps({"v": 1, "config": "c", "decisions": rows}).encode()


def advice(how: How, template: str = "a" * 16) -> Advice:
    return Advice(template, how, ANSWER._replace(at_ms=now_ms()) if how in {How.ANSWERED, How.CACHED} else None)


def told(held: Shelf, *arguments: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(held.winnow("llm", "stats", "-o", "json", *arguments).stdout)
    return fields


def test_all_partitions_are_counted_for_machines(held: Shelf) -> None:
    held.put(TOPICS.decisions, [record(advice(How.ANSWERED), None, advice(How.LATE))], partition=0)
    held.put(TOPICS.decisions, [record(*[advice(How.CACHED)] * 2), b"{}"], partition=3)
    fields = told(held)
    assert {name: fields[name] for name in ("judged", "answers", "tokens", "unreadable_records")} == {
        "judged": 5, "answers": 1, "tokens": 100, "unreadable_records": 1,
    }  # fmt: skip
    assert fields["by_how"] == {"cached": 2, "answered": 1, "late": 1}
    assert (fields["cache_hit_rate"], fields["took_ms"]) == (0.5, {"p50": 40, "p99": 40})
    assert fields["model_beside_rules"] == {"lower": 0, "same": 0, "higher": 3}
    (difference,) = fields["differences"]
    assert (difference["rule"], difference["alerts"], difference["kind"]) == ("disk", 3, "higher")


def test_people_get_it_in_words_without_control_characters(held: Shelf) -> None:
    held.put(TOPICS.decisions, [record(advice(How.ANSWERED), None, advice(How.CACHED))])
    text = held.winnow("llm", "stats").stdout
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in (
        "alerts judged 3", "cached: it was there already 1", "no model was configured 1", "cache hit rate 50.0%",
        "answers that came and were used 1", "tokens they took 100", "time they took, p99 40 ms", "higher 2",
        f"warning by disk, critical by the model: Disk\\x1b[31m ({'a' * 16}) 2",
        "links: links in its text were made unclickable 2",
    ):  # fmt: skip
        assert line in lines
    assert [char for char in text if not char.isprintable() and char != "\n"] == []


def test_ten_differences_are_shown_the_most_frequent_first(held: Shelf) -> None:
    some = [advice(How.CACHED, f"{number:016x}") for number in range(12) for _ in range(number + 1)]
    held.put(TOPICS.decisions, [record(*some)])
    assert [one["alerts"] for one in told(held)["differences"]] == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]


def test_since_and_until_go_by_when_alerts_were_accepted(held: Shelf) -> None:
    held.put(TOPICS.decisions, [record(None, age_ms=3_600_000), record(None, None)])
    assert [told(held, "--since", since)["judged"] for since in ("30m", "2h")] == [2, 3]
    assert told(held, "--since", "2h", "--until", "30m")["judged"] == 1
    with pytest.raises(WinnowError, match="expected an earlier moment"):
        told(held, "--since", "1h", "--until", "2h")


def test_without_a_model_it_says_how_many_alerts_were_judged_and_no_more(held: Shelf) -> None:
    held.put(TOPICS.decisions, [record(None)])
    assert [" ".join(line.split()) for line in held.winnow("llm", "stats").stdout.splitlines()[1:]] == [
        "alerts judged 1",
        "no model was configured 1",
    ]
