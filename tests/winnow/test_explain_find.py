"""`winnow explain` by name, notification and labels, and what it says of a target, on a broker in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from alerts.errors import MatcherError, NotFoundError, WinnowError
from alerts.fingerprint import partition_of
from alerts.formats import cloudevents
from alerts.instant import rfc3339
from alerts.record import decode, split
from alerts.webhook import Received
from tests.alerts.test_happening import DECIDED, OUTCOME, of
from tests.support.events import ENVELOPE, NOW_MS, submission
from tests.support.moment import now_ms
from tests.support.shelf import PARTITIONS, TOPICS, Shelf, shelf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY_MS = 86_400_000
FOURTH = "00000000000000bb"
SENT = [
    submission("PostgresDown", 0, namespace="shop", severity="critical"),
    submission("PostgresDown", 1, namespace="shop", severity="info"),
    submission("DiskFull", 2, namespace="back office", severity="info"),
]
TARGETS = """
targets:
  - {name: oncall, kind: webhook, url: "http://127.0.0.1:1/a", allow_private: true}
  - {name: hook, kind: webhook, url: "http://127.0.0.1:1/b", allow_private: true}
"""


def fingerprints() -> list[str]:
    """Of `SENT`, in order."""
    made = [one for _, value in split(ENVELOPE, SENT, 1) for one in decode(value, NOW_MS)]
    return [one.fingerprint for one in made]


FIRST, SECOND, THIRD = fingerprints()
NOTIFICATION, ELSEWHERE = (FIRST + digit * 16 for digit in "de")
PLANNED = [{"id": NOTIFICATION, "target": "oncall"}, {"id": ELSEWHERE, "target": "hook"}]


def put(held: Shelf, fingerprint: str, *rows: dict[str, object], days_ago: int = 0) -> None:
    at_ms = now_ms() - days_ago * DAY_MS
    values = [json.dumps(row).encode() for row in rows]
    held.put(TOPICS.decisions, values, at_ms=at_ms, partition=partition_of(fingerprint, PARTITIONS))


def decided(fingerprint: str, name: str, **changes: object) -> dict[str, object]:
    return of({**DECIDED, "id": f"{fingerprint}-0", "fingerprint": fingerprint, "name": name, **changes})


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with shelf(tmp_path_factory.mktemp("explain"), TARGETS) as made:
        for partition, value in split(ENVELOPE, SENT, PARTITIONS):
            made.put(TOPICS.webhooks, [value], at_ms=now_ms(), partition=partition)
        event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "Derived", "data": {"severity": 1e3}}
        read = cloudevents.read(Received(json.dumps(event).encode(), now_ms(), {}))
        for partition, value in split(ENVELOPE._replace(format="cloudevents"), read.submissions, PARTITIONS):
            made.put(TOPICS.webhooks, [value], at_ms=now_ms(), partition=partition)
        made.put(TOPICS.webhooks, [b"garbage"], at_ms=now_ms())
        told = {**OUTCOME, "fingerprint": FIRST, "input": f"{FIRST}-0", "delivery": NOTIFICATION}
        put(made, FIRST, decided(FIRST, "PostgresDown", deliveries=PLANNED), {"v": 1, "outcomes": [told]})
        put(made, SECOND, decided(SECOND, "PostgresDown", accepted_ms=now_ms(), deliveries=[]))
        put(
            made,
            THIRD,
            decided(THIRD, "DiskFull", deliveries=[]),
            decided(THIRD, "DiskFull", id="other-0", deliveries=[]),
        )
        put(made, "00000000000000aa", decided("00000000000000aa", "LongAgo"), days_ago=3)
        yield made


def explained(held: Shelf, *arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(held.winnow("explain", *arguments, "-o", "json").stdout)
    return found


def test_name_of_several_alerts_lists_them_newest_first(held: Shelf) -> None:
    assert [(one["fingerprint"], one["events"]) for one in explained(held, "PostgresDown")] == [(SECOND, 1), (FIRST, 1)]
    people = held.winnow("explain", "PostgresDown").stdout
    assert "2 alerts match; `winnow explain FINGERPRINT` tells of one" in people


def test_name_of_one_alert_tells_its_story(held: Shelf) -> None:
    assert [event["id"] for event in explained(held, "DiskFull")] == [f"{THIRD}-0", "other-0"]


def test_events_whose_deliveries_have_not_ended_are_all_told(held: Shelf) -> None:
    planned = {"id": f"{FOURTH}-1", "deliveries": [{"id": "a" * 32, "target": "oncall"}]}
    put(held, FOURTH, decided(FOURTH, "Waits", **planned), decided(FOURTH, "Waits", **{**planned, "id": f"{FOURTH}-2"}))
    told = held.winnow("explain", FOURTH).stdout
    assert told.count("oncall: not ended yet") == 2


@pytest.mark.parametrize("notification", [NOTIFICATION.upper(), ELSEWHERE])
def test_notification_tells_the_event_it_was_of(held: Shelf, notification: str) -> None:
    (event,) = explained(held, notification)
    assert (event["fingerprint"], event["outcomes"][0]["outcome"]) == (FIRST, "delivered")


def test_notification_tells_no_other_event_of_its_alert_and_is_found_however_old_it_is(held: Shelf) -> None:
    fingerprint = "00000000000000cc"
    first, second, closing = (fingerprint + digit * 16 for digit in "123")
    for days_ago, planned in ((3, first), (2, second)):
        made = decided(fingerprint, "Again", id=f"{planned}-0", deliveries=[{"id": planned, "target": "oncall"}])
        put(held, fingerprint, made, days_ago=days_ago)
    told = {**OUTCOME, "fingerprint": fingerprint, "input": f"{second}-0", "delivery": closing, "closes": True}
    put(held, fingerprint, {"v": 1, "outcomes": [told]}, days_ago=2)
    events = [[event["id"] for event in explained(held, one)] for one in (first, second, closing)]
    assert events == [[f"{first}-0"], [f"{second}-0"], [f"{second}-0"]]


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        ('namespace="shop",severity="critical"', {FIRST}),
        ('{namespace="back office"}', {THIRD}),
        ('severity!="critical",alertname=~"Disk.*"', {THIRD}),
    ],
)
def test_matchers_find_alerts_by_their_labels(held: Shelf, matchers: str, expected: set[str]) -> None:
    assert {event["fingerprint"] for event in explained(held, matchers)} == expected


def test_label_that_is_made_when_an_event_is_read_is_found(held: Shelf) -> None:
    with pytest.raises(WinnowError, match="no decision about"):  # which is what comes after it was found
        held.winnow("explain", 'alertname="Derived"')


def test_matchers_of_several_alerts_list_them(held: Shelf) -> None:
    assert {one["fingerprint"] for one in explained(held, 'namespace="shop"')} == {FIRST, SECOND}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("postgresdown", "look.* further back; did you mean 'PostgresDown'\\?"),
        ("Nothing", "no decision names 'Nothing' since"),
        ("Nothing", "\nit may wait for the flow .*`winnow doctor`.*, or was refused .*`winnow quarantine ls`"),
        ("LongAgo", "no decision names 'LongAgo' since .* --since 7d looks further back"),
        ("0" * 32, "no decision and no outcome that is kept names the notification 0000"),
        (FIRST + "0" * 16, f"no decision and no outcome that is kept names the notification {FIRST}"),
        ('namespace="x"', "no alert whose labels match"),
        ("f" * 16, "no decision about ffffffffffffffff is kept"),
    ],
)
def test_what_is_not_there_says_how_far_it_was_looked_for(held: Shelf, what: str, said: str) -> None:
    with pytest.raises(NotFoundError, match=said):
        held.winnow("explain", what)


def test_name_that_was_told_after_until_only_is_not_suggested_for_itself(held: Shelf) -> None:
    with pytest.raises(NotFoundError) as raised:
        held.winnow("explain", "PostgresDown", "--until", "2000-01-02T00:00:00Z", "--since", "2000-01-01T00:00:00Z")
    said = str(raised.value)
    assert "since 2000-01-01T00:00:00.000Z and before 2000-01-02T00:00:00.000Z" in said
    assert "did you mean" not in said


def test_matchers_that_are_none_are_told_apart_from_what_is_not_there(held: Shelf) -> None:
    with pytest.raises(MatcherError, match="a quote without its end"):
        held.winnow("explain", 'namespace="')


def test_what_is_older_is_found_by_looking_further_back(held: Shelf) -> None:
    (event,) = explained(held, "LongAgo", "--since", "7d")
    assert event["name"] == "LongAgo"


def test_why_not_gives_the_reason_of_each_event(held: Shelf) -> None:
    (event,) = explained(held, SECOND, "--why-not", "hook")
    assert event["why_not"]["reason"].startswith("no route that held leads to it; held: 'pages'")
    told = " ".join(held.winnow("explain", FIRST, "--why-not", "oncall").stdout.split())
    assert "publish oncall: it was told: delivered 5 ms after acceptance" in told
    with pytest.raises(WinnowError, match="no target 'nobody'; it has: oncall, hook"):
        held.winnow("explain", FIRST, "--why-not", "nobody")


def test_time_is_told_in_milliseconds(held: Shelf) -> None:
    (event,) = explained(held, FIRST)
    decided_ms = now_ms() - DECIDED["accepted_ms"]
    assert event["waterfall"] == [
        {"what": "decided", "from_ms": 0, "to_ms": decided_ms, "detail": ""},
        {"what": "oncall delivered", "from_ms": 5, "to_ms": 5, "detail": "2 tries"},
    ]
    assert "oncall delivered: 5 to 5 ms (2 tries)" in held.winnow("explain", FIRST).stdout


def test_alert_is_found_in_its_partition_whatever_number_of_them_winnow_yaml_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: Shelf
) -> None:
    for number in (1, 2, 32):
        file = tmp_path / "other.yaml"
        file.write_text(f"kafka: {{partitions: {number}}}\n{TARGETS}")
        monkeypatch.setenv("WINNOW_CONFIG", str(file))
        assert [len(explained(held, fingerprint)) for fingerprint in (FIRST, SECOND, THIRD)] == [1, 1, 2]


@pytest.mark.parametrize("value", ['no json "DiskFull" {0} {1}', '["DiskFull", "{0}", "{1}"]'])
def test_records_that_are_no_decisions_are_passed_over(held: Shelf, value: str) -> None:
    held.put(
        TOPICS.decisions, [value.format(THIRD, THIRD + "9" * 16).encode()], partition=partition_of(THIRD, PARTITIONS)
    )
    assert len(explained(held, "DiskFull")) == len(explained(held, THIRD)) == 2
    with pytest.raises(NotFoundError, match="no decision and no outcome that is kept names the notification"):
        explained(held, THIRD + "9" * 16)


def test_listed_alerts_have_the_labels_that_differ(held: Shelf) -> None:
    labels = {one["fingerprint"]: one["labels"] for one in explained(held, "PostgresDown")}
    assert labels == {FIRST: {"severity": "critical"}, SECOND: {"severity": "info"}}
    assert "severity=info" in held.winnow("explain", "PostgresDown").stdout


def test_why_not_of_a_name_is_a_reason_for_each_alert(held: Shelf) -> None:
    reasons = {one["fingerprint"]: one["why_not"] for one in explained(held, "PostgresDown", "--why-not", "oncall")}
    assert (reasons[FIRST]["step"], reasons[FIRST]["is_told"]) == ("publish", True)
    assert (reasons[SECOND]["event"], reasons[SECOND]["step"]) == (f"{SECOND}-0", "route")
    told = held.winnow("explain", "PostgresDown", "--why-not", "oncall").stdout
    assert "no route that held leads to it" in told


def test_file_that_is_read_is_named_where_it_lacks_something(
    held: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yaml").write_text(TARGETS)
    monkeypatch.setenv("WINNOW_CONFIG", str(tmp_path / "mine.yaml"))
    with pytest.raises(WinnowError, match=r"--why-not: mine\.yaml has no target 'nobody'"):
        held.winnow("explain", FIRST, "--why-not", "nobody")


def test_what_was_accepted_after_until_is_left_out(held: Shelf) -> None:
    before = rfc3339(now_ms())
    (event,) = explained(held, "PostgresDown", "--until", before)
    assert event["id"] == f"{FIRST}-0"
    with pytest.raises(NotFoundError, match="no decision about"):
        held.winnow("explain", SECOND, "--until", before)
    with pytest.raises(WinnowError, match="--since: expected an earlier moment than --until"):
        held.winnow("explain", SECOND, "--since", "1h", "--until", "2h")
    with pytest.raises(NotFoundError, match="no alert whose labels match"):
        held.winnow("explain", 'namespace="shop"', "--until", before)
