"""`winnow dead-letters retry` on a broker in memory: which letters come back, and which do not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.alert import Status
from alerts.decision import Delivery, Outcome
from alerts.errors import KafkaError, WinnowError
from alerts.fingerprint import partition_of
from alerts.retry import decode
from connectors.job import Ended
from flows.trail import Trail
from tests.support.events import NOW_MS, alert, delivery
from tests.support.shelf import PARTITIONS, TOPICS, Shelf, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRED = delivery(1)
RESOLVED = FIRED._replace(
    id="e" * 32,
    transition="resolved/x/0",
    alert=FIRED.alert._replace(
        id=f"{2:032x}-0",
        status=Status.RESOLVED,
        envelope=FIRED.alert.envelope._replace(accepted_ms=NOW_MS + 60_000),
    ),
)
TARGETS = """targets:
  - {name: oncall, kind: webhook, url: "https://example.com/a"}
  - {name: team, kind: webhook, url: "https://example.com/b"}
  - {name: off, kind: webhook, enabled: false, url: "https://example.com/c"}
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Shelf]:
    with shelf(tmp_path, TARGETS) as made:
        yield made


def end(held: Shelf, *deliveries: Delivery, outcome: Outcome = Outcome.DEAD_LETTERED, error: str = "refused") -> None:
    """Each ends so, in this order."""
    for one in deliveries:
        for _, message in Trail(TOPICS, PARTITIONS, "c").of_ended([Ended(one, outcome, 1, 400, error, NOW_MS)]):
            held.put(message.topic, [message.value], partition=message.partition or 0)


def decide(held: Shelf, *deliveries: Delivery) -> None:
    for one in deliveries:
        row = {
            "id": one.alert.id,
            "fingerprint": one.alert.fingerprint,
            "accepted_ms": one.alert.envelope.accepted_ms,
            "transition": one.transition,
            "deliveries": [{"id": one.id, "target": one.target}],
        }
        value = json.dumps({"v": 1, "config": "c", "decisions": [row]}).encode()
        held.put(TOPICS.decisions, [value], partition=partition_of(one.alert.fingerprint, PARTITIONS))


def retry(held: Shelf, *arguments: str, code: int = 0) -> list[tuple[str, str, str]]:
    result = held.winnow("dead-letters", "retry", "-o", "json", *arguments)
    assert result.exit_code == code, result.stdout
    return [(row["place"], row["result"], row["detail"]) for row in json.loads(result.stdout)]


def written(held: Shelf) -> list[Any]:
    return [decode(message.value() or b"") for message in held.webhooks()]


def test_letter_comes_back_in_the_partition_of_its_alert_and_only_once(held: Shelf) -> None:
    end(held, FIRED)
    assert retry(held, "--target", "oncall") == [("0/0", "retried", "")]
    (message,) = held.webhooks()
    assert message.partition() == partition_of(FIRED.alert.fingerprint, PARTITIONS)
    assert message.headers() == [("winnow-retry-of", b"winnow.dead-letters/0/0")]
    assert [(one.letter, one.delivery) for one in written(held)] == [("winnow.dead-letters/0/0", FIRED)]
    ((_, result, detail),) = retry(held, "--target", "oncall")
    assert (result, detail) == ("already retried", f"as winnow.webhooks {message.partition()}/0")
    assert len(held.webhooks()) == 1


def test_exactly_those_are_retried_that_the_filters_leave(held: Shelf) -> None:
    end(held, FIRED, delivery(2, target="team"))
    end(held, delivery(3, target="team"), error="no answer")
    assert retry(held, "--target", "team", "--reason", "NO ANSWER") == [("0/2", "retried", "")]
    assert retry(held, "0/1") == [("0/1", "retried", "")]
    assert retry(held, FIRED.id) == [("0/0", "retried", "")]
    assert retry(held, "--since", "1h", "--target", "off") == []


def test_nothing_is_written_when_it_is_only_asked_what_would_be(held: Shelf) -> None:
    end(held, FIRED)
    assert retry(held, "0/0", "--dry-run") == [("0/0", "to retry", "")]
    assert held.webhooks() == []


def test_nothing_is_written_by_another_number_of_partitions_than_the_topic_has(held: Shelf, tmp_path: Path) -> None:
    file = tmp_path / "winnow.yaml"
    file.write_text(file.read_text().replace(f"partitions: {PARTITIONS}", "partitions: 3"))
    end(held, FIRED)
    with pytest.raises(KafkaError, match=r"winnow\.webhooks has 4 partitions, winnow\.yaml says kafka\.partitions: 3"):
        retry(held, "0/0")
    assert held.webhooks() == []


def test_firing_is_left_out_when_its_resolve_was_told(held: Shelf) -> None:
    decide(held, FIRED, RESOLVED)
    end(held, FIRED)
    end(held, RESOLVED, outcome=Outcome.DELIVERED)
    ((_, result, detail),) = retry(held, "0/0")
    assert result == "superseded"
    assert detail == "by resolved/x/0 accepted 2025-11-24T16:01:00.000Z: delivered"
    assert retry(held, "0/0", "--even-superseded") == [("0/0", "retried", "")]
    assert [one.newest_ms for one in written(held)] == [None]


def test_firing_waits_for_its_resolve_that_is_under_way(held: Shelf) -> None:
    decide(held, FIRED, RESOLVED)
    end(held, FIRED)
    assert retry(held, "0/0", "--even-superseded", code=1) == [("0/0", "not yet", "resolved/x/0, newer, is under way")]


def test_firing_and_resolve_that_were_both_given_up_come_back_in_their_order(held: Shelf) -> None:
    decide(held, FIRED, RESOLVED)
    end(held, RESOLVED, FIRED)
    assert retry(held, "--target", "oncall") == [("0/1", "retried", ""), ("0/0", "retried", "")]
    assert [one.delivery.transition for one in written(held)] == [FIRED.transition, RESOLVED.transition]


def test_firing_does_not_follow_its_resolve_that_was_retried_before(held: Shelf) -> None:
    decide(held, FIRED, RESOLVED)
    end(held, FIRED, RESOLVED)
    retry(held, RESOLVED.id)
    assert [row[1] for row in retry(held, FIRED.id, code=1)] == ["not yet"]


def test_delivery_given_up_again_is_retried_from_its_newest_letter(held: Shelf) -> None:
    end(held, FIRED)
    retry(held, "0/0")
    end(held, FIRED)
    assert [row[:2] for row in retry(held, "--since", "1h")] == [("0/0", "already retried"), ("0/1", "retried")]


def test_two_letters_of_one_delivery_are_one_notification(held: Shelf) -> None:
    end(held, FIRED, FIRED)
    assert retry(held, "--since", "1h") == [
        ("0/0", "ended otherwise", "given up again since: 0/1"),
        ("0/1", "retried", ""),
    ]


def test_letter_whose_delivery_was_told_after_all_is_left_out(held: Shelf) -> None:
    end(held, FIRED)
    end(held, FIRED, outcome=Outcome.DELIVERED)
    assert retry(held, "0/0") == [("0/0", "ended otherwise", "delivered since")]


def test_letter_that_the_flow_dropped_for_something_newer_can_be_retried(held: Shelf) -> None:
    end(held, FIRED)
    retry(held, "0/0")
    row = {"letter": "winnow.dead-letters/0/0", "fingerprint": FIRED.alert.fingerprint}
    value = json.dumps({"v": 1, "retries": [{**row, "retry": {"outcome": "superseded"}}]}).encode()
    held.put(TOPICS.decisions, [value], partition=partition_of(FIRED.alert.fingerprint, PARTITIONS))
    assert retry(held, "0/0") == [("0/0", "retried", "")]


def test_what_cannot_be_retried_is_named_and_the_exit_is_1(held: Shelf) -> None:
    held.put(TOPICS.dead_letters, [b'{"v": 1}'])
    end(held, delivery(2, target="gone"), FIRED, delivery(3, target="off"))
    told = retry(held, "--since", "1h", code=1)
    assert [row[1] for row in told] == ["unreadable", "no target", "retried", "no target"]
    assert "no target named gone in winnow.yaml" in told[1][2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name some by place or id, or by --target"),
        (("0/9",), "there is no '0/9'; expected PARTITION/OFFSET or an id"),
        (("--since", "soon"), "--since: expected"),
    ],
)
def test_what_is_not_clear_is_refused_with_what_to_do(held: Shelf, arguments: tuple[str, ...], says: str) -> None:
    end(held, FIRED)
    with pytest.raises(WinnowError, match=says):
        retry(held, *arguments)


def test_people_are_told_each_and_the_sum(held: Shelf) -> None:
    end(held, FIRED, delivery(2, alert=alert("\x1b[31mHigh", fingerprint=f"{2:016x}")))
    lines = held.winnow("dead-letters", "retry", "--target", "oncall").stdout.splitlines()
    assert lines[0].split() == ["place", "at", "of", "target", "alert", "result", "detail"]
    assert "firing HighCPU" in lines[1]
    assert "\x1b" not in lines[2]
    assert lines[-1] == "2 retried"
    assert held.winnow("dead-letters", "retry", "--target", "team").stdout == "nothing to retry\n"


def states(held: Shelf, *arguments: str) -> list[tuple[str, str]]:
    result = held.winnow("dead-letters", "ls", "-o", "json", *arguments)
    assert result.exit_code == 0
    return [(row["place"], row["state"]) for row in json.loads(result.stdout)]


def test_list_says_what_came_of_each_letter_that_was_retried(held: Shelf) -> None:
    others = [delivery(n, id=f"{n:032x}") for n in (3, 4, 5)]
    end(held, FIRED, *others)
    assert states(held) == [(f"0/{n}", "open") for n in range(4)]
    retry(held, "0/0", "0/1", "0/2")
    end(held, FIRED, outcome=Outcome.DELIVERED)
    end(held, others[0])
    told = [("0/0", "retried: delivered"), ("0/1", "retried: given up again"), ("0/2", "retried: not ended yet")]
    assert states(held) == [*told, ("0/3", "open"), ("0/4", "open")]
    assert states(held, "--open", "--target", "oncall") == [("0/3", "open"), ("0/4", "open")]
    lines = held.winnow("dead-letters", "ls", "--open").stdout.splitlines()
    assert len(lines) == 1 + 2 + 2
    assert lines[-2] == "2 open, 1 retried: delivered, 1 retried: given up again, 1 retried: not ended yet"


def test_list_says_which_letters_nobody_has_to_retry(held: Shelf) -> None:
    decide(held, FIRED, RESOLVED)
    twice = delivery(3, id=f"{3:032x}")
    end(held, FIRED, twice, twice)
    end(held, RESOLVED, twice, outcome=Outcome.DELIVERED)
    assert states(held) == [("0/0", "superseded"), ("0/1", "given up again"), ("0/2", "delivered")]
    assert states(held, "--open") == []
    lines = held.winnow("dead-letters", "ls", "--open").stdout.splitlines()
    assert lines[-1] == "0 open, 1 superseded, 1 given up again, 1 delivered"


def test_letters_to_a_target_that_is_gone_or_that_cannot_be_read_are_listed_as_open(held: Shelf) -> None:
    held.put(TOPICS.dead_letters, [b'{"v": 1}'])
    end(held, delivery(2, target="gone"))
    assert states(held) == [("0/0", "open"), ("0/1", "open")]
    assert held.winnow("dead-letters", "ls", "--target", "gone").stderr == ""
    assert retry(held, "--target", "gone", "--reason", "of another") == []
    with pytest.raises(WinnowError, match="did you mean 'gone'"):
        held.winnow("dead-letters", "ls", "--target", "gon")
