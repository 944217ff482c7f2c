"""What a model contributed, counted from decisions."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from alerts.advice import Advice, Answer, How, to_plain
from alerts.advice_count import HIGHER, LOWER, SAME, AdviceCount, Difference
from alerts.decision import Severity
from alerts.errors import FormatError
from tests.support.advice import ANSWER
from tests.support.events import NOW_MS

A, B = "a" * 16, "b" * 16


def row(
    advice: Advice | None, alone: str = "warning", *, guards: tuple[str, ...] = (), **more: object
) -> dict[str, Any]:
    plain = None if advice is None else to_plain(advice)
    if plain is not None and advice is not None and advice.answer is not None:
        plain |= {"alone": {"severity": alone, "rule": "disk"}, "guards": guards}
    fields = {"name": "DiskFull", "accepted_ms": NOW_MS, "classify": {}, **more}
    return fields if plain is None else fields | {"advice": plain}


def counted(*rows: dict[str, Any]) -> AdviceCount:
    count = AdviceCount(NOW_MS - 1000, NOW_MS + 1000)
    count.take(orjson.dumps({"v": 1, "config": "c", "decisions": rows}))
    return count


def answered(template: str = A, how: How = How.CACHED, **changes: Any) -> Advice:
    return Advice(template, how, ANSWER._replace(**changes))


def test_answer_that_serves_many_alerts_counts_once() -> None:
    found = counted(row(answered(how=How.ANSWERED)), row(answered()), row(answered(B)), row(answered(at_ms=NOW_MS + 1)))
    assert (found.answers, found.tokens, found.models) == (3, 300, {"small": 3})


def test_answer_that_came_before_is_none_of_these_but_its_alerts_are() -> None:
    found = counted(row(answered(at_ms=NOW_MS - 1001)))
    assert (found.answers, found.by_how, found.compared) == (0, {"cached": 1}, {HIGHER: 1})


def test_alerts_outside_the_time_asked_for_and_those_dedup_ended_count_nothing() -> None:
    duplicate = row(None)
    del duplicate["classify"]
    late, early = (row(answered(), accepted_ms=at_ms) for at_ms in (NOW_MS + 1000, NOW_MS - 1001))
    assert counted(duplicate, late, early).judged == 0
    assert counted(row(None)).judged == 1


def test_hit_rate_leaves_out_whom_nobody_asks_for() -> None:
    others = [row(Advice(A, how, None)) for how in (How.LATE, How.STORM, How.FAILED)]
    found = counted(
        row(answered()), *others, row(Advice(A, How.RESOLVED, ANSWER)), row(Advice(A, How.UNRECORDED, None))
    )
    assert found.hit_rate == 0.25
    assert counted(row(Advice(A, How.RESOLVED, None))).hit_rate is None


@pytest.mark.parametrize(
    ("model", "rules", "kind"),
    [
        ("critical", "warning", HIGHER), ("warning", "critical", LOWER), ("info", "info", SAME),
        ("warning", "unknown", SAME), ("noise", "info", LOWER), ("critical", "unknown", HIGHER),
    ],
)  # fmt: skip
def test_severities_are_compared_by_what_they_mean(model: str, rules: str, kind: str) -> None:
    found = counted(row(answered(severity=Severity(model)), rules))
    assert found.compared == {kind: 1}
    assert [one.kind for one in found.differences] == ([] if kind == SAME else [kind])


def test_differences_are_counted_by_rule_template_and_words() -> None:
    found = counted(*[row(answered())] * 2, row(answered(B)))
    assert found.differences == {
        Difference("disk", A, "warning", "critical"): 2,
        Difference("disk", B, "warning", "critical"): 1,
    }
    assert found.names == {A: "DiskFull", B: "DiskFull"}


def test_guard_rails_are_counted_by_name() -> None:
    found = counted(row(answered(), guards=("floor", "links")), row(answered(), guards=("floor",)))
    assert found.guards == {"floor": 2, "links": 1}


def test_times_are_those_of_answers_and_not_of_alerts() -> None:
    slow = [row(answered(f"{number:016x}", took_ms=number)) for number in range(1, 101)]
    found = counted(*slow, *[row(answered(took_ms=9999))] * 1)
    assert (found.took_ms(0.5), found.took_ms(0.99), counted().took_ms(0.5)) == (51, 100, None)


@pytest.mark.parametrize(
    "value", [b"", b"[]", b"{}", b'{"v":2}', b'{"v":1,"decisions":[{}]}', b'{"v":1,"decisions":3}']
)
def test_what_is_no_record_is_refused(value: bytes) -> None:
    with pytest.raises(FormatError):
        AdviceCount(0, 1).take(value)


def test_answer_with_a_word_nobody_knows_is_refused_and_not_counted_as_another() -> None:
    broken = row(answered())
    broken["advice"]["answer"]["severity"] = "mild"
    with pytest.raises(FormatError):
        counted(broken)
    assert isinstance(ANSWER, Answer)
