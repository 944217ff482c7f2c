"""`winnow replay` on a broker in memory."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from alerts.errors import WinnowError
from connectors.configuration import load
from tests.support.history import decided, event, keep
from tests.support.moment import now_ms
from tests.support.shelf import TOPICS, Shelf, shelf
from winnow import _replay_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alerts.record import Stored

MINUTE_MS = 60_000
TARGETS = """
targets:
  - {name: oncall, kind: webhook, url: http://127.0.0.1:1/x, allow_private: true}
  - {name: chat, kind: webhook, url: http://127.0.0.1:1/y, allow_private: true}
dedup: {window: 30m}
"""
LIVE = TARGETS + "filter: [{name: quiet, when: 'team=\"lab\"', action: deny}]\nroutes: [{name: rest, to: [oncall]}]\n"
CANDIDATE = f"""{TARGETS}
filter: [{{name: calm, when: 'team="web"', action: deny}}]
routes: [{{match: 'team="lab"', to: [chat]}}, {{name: rest, to: [oncall]}}]
"""


def history() -> list[Stored]:
    """Three alerts, each said each five minutes from three hours ago on."""
    teams = ("lab", "web", "db")
    return [
        event(number, now_ms() - (180 - 5 * (number // 3)) * MINUTE_MS, team=teams[number % 3]) for number in range(105)
    ]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A history that a flow has judged; one more alert waits to be read."""
    folder = tmp_path_factory.mktemp("replay")
    (folder / "candidate.yaml").write_text(CANDIDATE)
    with shelf(folder, LIVE) as made:
        records = history()
        keep(made, records, decided(load(needs_sources=False), records))
        keep(made, [event(999, now_ms() - MINUTE_MS, team="db")])
        made.folder = folder  # type: ignore[attr-defined]
        yield made


def told(full: Shelf, *arguments: str) -> dict[str, Any]:
    result = full.winnow("replay", "-o", "json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def ago(minutes: int) -> str:
    """So long before the moment from which the history is counted; the test may run minutes after that."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime((now_ms() - minutes * MINUTE_MS) / 1000))


def candidate(full: Shelf) -> str:
    return str(full.folder / "candidate.yaml")  # type: ignore[attr-defined]


@pytest.mark.parametrize("warm_up", [(), ("--warm-up", "0s"), ("--warm-up", "7m"), ("--warm-up", "366d")])
def test_same_configuration_decides_the_same_wherever_it_begins(full: Shelf, warm_up: tuple[str, ...]) -> None:
    found = told(full, "--since", ago(102), "--diff", *warm_up)
    assert (found["different"], found["not_recorded"], found["not_kept"]) == (0, 1, 0)
    assert found["compared"] == 57
    assert found["totals"] == found["totals_before"]


def test_range_is_counted_and_nothing_else(full: Shelf) -> None:
    assert told(full, "--since", ago(31), "--until", ago(16))["totals"]["events"] == 9


def test_without_diff_it_says_what_would_have_been_sent_and_what_ended_where(full: Shelf) -> None:
    totals = told(full, "--since", ago(102))["totals"]
    assert totals["events"] == 58
    assert set(totals["notifications"]) == {"oncall"}
    assert totals["suppressed"]["filter"] == {"quiet": totals["notifications"]["oncall"] // 2}
    assert sum(totals["severities"].values()) + totals["suppressed"]["dedup"]["duplicate"] == 58


def test_other_rules_differ_where_they_decide_and_nowhere_else(full: Shelf) -> None:
    found = told(full, "--since", ago(102), "--config", candidate(full), "--diff")
    passes = found["totals"]["notifications"]["oncall"]
    assert found["kinds"] == {"newly sent": passes, "no longer sent": passes}
    one = next(one for one in found["differences"] if one["kinds"] == ["newly sent"])
    assert one["before"] == {"targets": [], "severity": "warning", "step": "filter", "outcome": "deny", "rule": "quiet"}
    assert one["after"] == {
        "targets": ["chat"], "severity": "warning", "step": "route", "outcome": "sent", "rule": "routes[0]",
    }  # fmt: skip
    assert (one["name"], one["status"], len(one["fingerprint"])) == ("Disk", "firing", 16)


@pytest.mark.parametrize("output", ["table", "json", "html"])
def test_two_replays_of_a_range_print_the_same(full: Shelf, output: str) -> None:
    arguments = ("--since", ago(102), "--until", ago(10), "--config", candidate(full), "--diff", "-o", output)
    first = full.winnow("replay", *arguments).stdout
    assert first == full.winnow("replay", *arguments).stdout
    assert "no longer sent" in first


def test_exit_is_1_only_if_something_differs_and_that_was_asked(full: Shelf) -> None:
    other = ("--since", ago(102), "--config", candidate(full))
    assert full.winnow("replay", *other, "--fail-on-diff").exit_code == 1
    assert full.winnow("replay", *other, "--diff").exit_code == 0
    assert full.winnow("replay", "--since", ago(102), "--fail-on-diff").exit_code == 0


def test_table_holds_at_most_as_many_differences_as_asked_and_says_how_many_there_are(full: Shelf) -> None:
    printed = full.winnow("replay", "--since", ago(102), "--config", candidate(full), "--diff", "--limit", "2").stdout
    assert sum("no longer sent" in line or "newly sent" in line for line in printed.splitlines()) == 4
    assert "and 4 more: --limit 6 lists them" in printed
    assert "not compared: no decision is recorded" in printed


def test_what_differs_in_a_detail_alone_is_listed_last(full: Shelf) -> None:
    other = full.folder / "window.yaml"  # type: ignore[attr-defined]
    other.write_text(LIVE.replace("30m", "45m"))
    found = told(full, "--since", "102m", "--config", str(other), "--diff")
    assert {"later", "no longer sent"} & set(found["kinds"])
    printed = full.winnow("replay", "--since", "102m", "--config", str(other), "--diff").stdout
    kinds = ["other detail" in line for line in printed.splitlines() if "firing" in line]
    assert kinds == sorted(kinds)
    assert True in kinds


def test_table_does_not_list_the_rules_own_words_as_markup(full: Shelf) -> None:
    printed = full.winnow("replay", "--since", ago(102), "--config", candidate(full), "--diff").stdout
    assert "to chat (routes[0]), warning" in printed


def test_decision_whose_webhook_is_gone_is_counted_apart(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        records = history()
        keep(made, records[3:], decided(load(needs_sources=False), records))
        found = told(made, "--since", "1d", "--diff")
    assert (found["not_kept"], found["not_recorded"]) == (3, 0)


def test_what_was_written_again_after_a_crash_is_compared_once(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        records = history()
        messages = decided(load(needs_sources=False), records)
        keep(made, records, [*messages, *messages[-2:]])
        found = told(made, "--since", "1d", "--diff")
    assert (found["compared"], found["different"], found["not_kept"]) == (105, 0, 0)


def test_input_that_lies_there_twice_is_compared_by_its_last_decision(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        first = event(1, now_ms() - 9 * MINUTE_MS, team="db")
        records = [first, first._replace(offset=2, accepted_ms=first.accepted_ms + 1000)]
        keep(made, records, decided(load(needs_sources=False), records))
        found = told(made, "--since", "1d", "--diff")
    assert (found["different"], found["not_recorded"], found["not_kept"]) == (0, 0, 0)


def test_records_that_nobody_can_read_change_nothing(tmp_path: Path) -> None:
    with shelf(tmp_path, LIVE) as made:
        records = history()
        keep(made, records, decided(load(needs_sources=False), records))
        made.put(TOPICS.webhooks, [b"garbage"])
        made.put(TOPICS.decisions, [b"garbage", b"{}", b'{"v":1,"outcomes":[{"delivery":"x"}]}'])
        assert told(made, "--since", "1d", "--diff")["different"] == 0


def test_recorded_answers_of_the_model_are_used(tmp_path: Path) -> None:
    llm = "classify: {llm: {base_url: 'http://127.0.0.1:1/v1', model: small}}\n"
    with shelf(tmp_path, LIVE + llm) as made:
        records = history()
        config = load(needs_sources=False)
        advised = [_advised(message.value) for message in decided(config, records)]
        messages = decided(config, records)
        keep(made, records, [one._replace(value=value) for one, value in zip(messages, advised, strict=True)])
        found = told(made, "--since", "1d", "--diff")
    assert (found["compared"], found["different"]) == (105, 0)


def _advised(value: bytes) -> bytes:
    """As if the model had been late."""
    assert b'"how":"unrecorded"' in value or b'"advice"' not in value
    return value.replace(b'"how":"unrecorded"', b'"how":"late"')


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--since: expected how long ago"),
        (("--since", "1h", "--until", "2h"), "--since: expected an earlier moment than --until"),
        (("--since", "1h", "--warm-up", "soon"), "--warm-up: expected a length of time"),
        (("--since", "1h", "--from-file", "x"), "--from-file: the whole file is judged"),
        (("--from-file", "gone.ndjson"), "gone.ndjson: cannot be read"),
        (("--since", "1h", "--config", "gone.yaml"), "gone.yaml: cannot be read"),
    ],
)
def test_option_that_makes_no_sense_is_refused_by_name(full: Shelf, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(WinnowError, match=says):
        full.winnow("replay", *arguments)


def test_page_holds_what_alerts_say_as_text_and_fetches_nothing(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(CANDIDATE)
    with shelf(tmp_path, LIVE) as made:
        records = [event(1, now_ms() - MINUTE_MS, alertname="<script>alert(1)</script>", team="web")]
        keep(made, records, decided(load(needs_sources=False), records))
        page = made.winnow("replay", "--since", "1h", "--config", str(tmp_path / "other.yaml"), "--diff", "-o", "html")
    assert "&lt;script&gt;alert(1)" in page.stdout
    assert "<script>alert" not in page.stdout
    assert "default-src 'none'" in page.stdout
    assert "http" not in page.stdout.replace("http-equiv", "")


def test_on_a_narrow_screen_nothing_of_a_difference_is_cut_away(full: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("replay", "--since", "4h", "--config", str(full.folder / "candidate.yaml"), "--diff")  # type: ignore[attr-defined]
    wide = full.winnow(*arguments).output
    monkeypatch.setattr(_replay_report, "_is_narrow", lambda: True)
    narrow = full.winnow(*arguments).output
    assert "    now:    deny at filter (calm)" in narrow
    assert max(map(len, narrow.splitlines())) < 100 < max(map(len, wide.splitlines()))
