"""The whole answer out of decisions and outcomes: every status of contract.md, and no success that was none."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from alerts.reply import TURNED, Decided, Judged, Outcome, Planned, Told
from alerts.webhook import Fault, Rejected
from http_gateway.waiting.known import Entry, Known, Stored
from http_gateway.waiting.models import Waited
from http_gateway.waiting.results import answer

JUDGED = Judged("critical", "database", 0.8, "rules", ("Fail over",), 1_764_000_000_000, 0.0421)
ALLOWED = ("allow", "default")
NEW = ("new", "window")

# What became of one target: (outcome, status, error).
TOOK = ("delivered", 200, "")
DEAD = ("dead-lettered", 403, "answered 403")
MERGED = ("merged", None, "into abc")
NEEDLESS = ("not-needed", None, "resolved before it could be sent")
LEFT = (TURNED, 503, "oncall: answered 503")
OPEN = None

Ends = list[tuple[str, int | None, str] | None]


def decided(number: int, *targets: str, **changes: Any) -> Decided:
    planned = tuple(Planned(f"{number}/{name}", name, "webhook") for name in targets)
    made = Decided(f"id-{number}", f"{number:016x}", NEW, JUDGED, ALLOWED, (("routed", "r"),), planned)
    return made._replace(**changes)


def told(target: str, *ends: tuple[str, int | None, str], tries: int = 1) -> tuple[Told, ...]:
    names = (target, "spare")
    return tuple(Told(name, "webhook", *end, tries, 12.34567) for name, end in zip(names, ends, strict=False))


def known(*news: Decided | Outcome) -> Known:
    made = Known()
    for one in news:
        made.add(one)
    return made


def stored(count: int, *rejected: Rejected) -> Stored:
    places = [place for place in range(count + len(rejected)) if place not in {one.position for one in rejected}]
    return Stored(tuple(Entry(place, f"{place:016x}", "Down") for place in places), rejected)


def answered(kept: Stored, facts: Known) -> tuple[int, Any]:
    status, body = answer(kept, facts, "ab" * 16, 1_764_000_000_000, 34.5)
    content = orjson.loads(body)
    assert Waited.model_validate(content, strict=True).model_dump(mode="json") == content
    return status, content


def one_alert(ends: Ends) -> tuple[int, Any]:
    """The answer about one alert with a target for each of these ends."""
    names = [f"t{number}" for number in range(len(ends))]
    outcomes = [
        Outcome("id-0", f"0/{name}", told(name, end)) for name, end in zip(names, ends, strict=True) if end is not None
    ]
    return answered(stored(1), known(decided(0, *names), *outcomes))


@pytest.mark.parametrize(
    ("ends", "http", "overall", "status"),
    [
        ([TOOK], 200, "success", "success"),
        ([TOOK, TOOK], 200, "success", "success"),
        ([TOOK, MERGED], 200, "success", "success"),
        ([TOOK, DEAD], 207, "partial", "partial"),
        ([DEAD], 500, "failed", "failed"),
        ([DEAD, DEAD], 500, "failed", "failed"),
        ([DEAD, MERGED], 500, "failed", "failed"),
        ([MERGED], 200, "success", "filtered"),
        ([NEEDLESS, MERGED], 200, "success", "filtered"),
        ([OPEN], 202, "accepted", "pending"),
        ([TOOK, OPEN], 202, "accepted", "pending"),
        ([DEAD, OPEN], 202, "accepted", "pending"),
    ],
)
def test_status_of_one_alert_is_that_of_its_targets(ends: Ends, http: int, overall: str, status: str) -> None:
    code, content = one_alert(ends)
    assert (code, content["status"]) == (http, overall)
    assert [result["status"] for result in content["alert_results"]] == [status]


@pytest.mark.parametrize(
    ("statuses", "http", "overall"),
    [
        (["success", "filtered"], 200, "success"),
        (["filtered", "filtered"], 200, "success"),
        (["success", "partial"], 207, "partial"),
        (["success", "failed"], 207, "partial"),
        (["filtered", "failed"], 207, "partial"),
        (["partial", "partial"], 207, "partial"),
        (["failed", "failed"], 500, "failed"),
        (["failed", "pending"], 202, "accepted"),
        (["success", "pending"], 202, "accepted"),
    ],
)
def test_overall_status_is_failed_only_if_every_alert_failed(statuses: list[str], http: int, overall: str) -> None:
    ends: dict[str, Ends] = {"success": [TOOK], "partial": [TOOK, DEAD], "failed": [DEAD], "filtered": [MERGED]}
    facts = known()
    for number, status in enumerate(statuses):
        if status != "pending":
            names = [f"t{place}" for place in range(len(ends[status]))]
            facts.add(decided(number, *names))
            for name, end in zip(names, ends[status], strict=True):
                assert end is not None
                facts.add(Outcome(f"id-{number}", f"{number}/{name}", told(name, end)))
    code, content = answered(stored(len(statuses)), facts)
    assert (code, content["status"]) == (http, overall)
    assert [result["status"] for result in content["alert_results"]] == statuses


@pytest.mark.parametrize("end", [DEAD, MERGED, NEEDLESS, LEFT, OPEN])
def test_what_was_not_delivered_is_never_a_success_and_never_published(end: tuple[str, int | None, str] | None) -> None:
    _, content = one_alert([end])
    (target,) = content["alert_results"][0]["publishing_results"]
    assert target["success"] is False
    assert target["error_code"]
    assert target["error_message"]
    assert content["alerts_summary"]["total_published"] == 0
    assert content["publishing_summary"]["successful_targets"] == 0


def test_target_has_its_status_its_tries_and_its_milliseconds() -> None:
    outcome = Outcome("id-0", "0/oncall", told("oncall", TOOK, tries=3))
    _, content = answered(stored(1), known(decided(0, "oncall"), outcome))
    assert content["alert_results"][0]["publishing_results"] == [
        {
            "target_name": "oncall",
            "target_type": "webhook",
            "success": True,
            "status_code": 200,
            "error_message": "",
            "error_code": "",
            "retry_count": 2,
            "processing_time_ms": 12.346,
        }
    ]
    assert content["publishing_summary"] == {
        "total_targets": 1,
        "successful_targets": 1,
        "failed_targets": 0,
        "total_publish_time_ms": 12.346,
    }


def test_alert_has_its_classification_with_its_true_source() -> None:
    _, content = one_alert([TOOK])
    (result,) = content["alert_results"]
    assert result["classification"] == {
        "severity": "critical",
        "category": "database",
        "confidence": 0.8,
        "source": "rules",
        "recommendations": ["Fail over"],
        "timestamp": "2025-11-24T16:00:00.000Z",
    }
    assert result["classification_time_ms"] == 0.042
    assert (result["fingerprint"], result["alert_name"]) == ("0000000000000000", "Down")
    assert (result["filter_action"], result["filter_reason"]) == ("allow", "filter: allow (default)")
    assert content["processing_time_ms"] == 34.5


def test_fallback_that_was_told_stands_beside_the_target_that_was_not() -> None:
    outcome = Outcome("id-0", "0/oncall", told("oncall", LEFT, TOOK))
    code, content = answered(stored(1), known(decided(0, "oncall"), outcome))
    own, spare = content["alert_results"][0]["publishing_results"]
    assert (own["target_name"], own["success"], own["error_code"]) == ("oncall", False, "TURNED_TO_FALLBACK")
    assert (own["status_code"], own["error_message"]) == (503, "oncall: answered 503")
    assert (spare["target_name"], spare["success"], spare["status_code"]) == ("spare", True, 200)
    assert (code, content["alert_results"][0]["status"]) == (207, "partial")
    assert content["publishing_summary"]["total_targets"] == 2


def test_fallback_that_failed_too_leaves_the_alert_failed() -> None:
    outcome = Outcome("id-0", "0/oncall", told("oncall", LEFT, DEAD))
    code, content = answered(stored(1), known(decided(0, "oncall"), outcome))
    assert (code, content["alert_results"][0]["status"]) == (500, "failed")


@pytest.mark.parametrize(
    ("changes", "status", "action", "reason"),
    [
        (
            {"dedup": ("duplicate", "window"), "judged": None, "filter": None},
            "filtered",
            "deny",
            "dedup: duplicate (window)",
        ),
        ({"filter": ("deny", "noise")}, "filtered", "deny", "filter: deny (noise)"),
        ({"route": (("unrouted", "default"),)}, "filtered", "allow", "route: unrouted (default)"),
        ({"route": (("routed", "r"), ("skipped", "hook/own"))}, "filtered", "allow", "route: skipped (hook/own)"),
        ({"dedup": ("unreadable", "line"), "judged": None, "filter": None}, "failed", None, "dedup: unreadable (line)"),
    ],
)
def test_alert_that_nobody_is_told_says_which_step_and_rule_decided(
    changes: dict[str, object], status: str, action: str | None, reason: str
) -> None:
    _, content = answered(stored(1), known(decided(0, **changes)))
    (result,) = content["alert_results"]
    assert (result["status"], result["filter_action"], result["filter_reason"]) == (status, action, reason)
    assert result["publishing_results"] == []
    assert content["alerts_summary"]["total_published"] == 0


def test_step_that_raised_let_the_alert_go_on() -> None:
    outcome = Outcome("id-0", "0/hook", told("hook", TOOK))
    _, content = answered(stored(1), known(decided(0, "hook", filter=("error", "ValueError")), outcome))
    (result,) = content["alert_results"]
    assert (result["filter_action"], result["filter_reason"]) == ("allow", "filter: error (ValueError)")


def test_alert_that_was_not_valid_has_failed_in_its_place_with_its_faults() -> None:
    line = b'{"status":"x","labels":{"alertname":"Broken"}}'
    rejected = Rejected(
        1, (Fault("alerts[1].status", "expected firing"), Fault("alerts[1].startsAt", "required")), line
    )
    facts = known(*(decided(place, filter=("deny", "noise")) for place in (0, 2)))
    code, content = answered(stored(2, rejected), facts)
    assert (code, content["status"]) == (207, "partial")
    assert [result["status"] for result in content["alert_results"]] == ["filtered", "failed", "filtered"]
    assert content["alert_results"][1]["alert_name"] == "Broken"
    assert (
        content["alert_results"][1]["error_message"]
        == "alerts[1].status: expected firing; alerts[1].startsAt: required"
    )


@pytest.mark.parametrize("line", [b"", b"7", b"{", b'{"labels":7}', b'{"labels":{"alertname":7}}', b'{"labels":{}}'])
def test_alert_that_does_not_even_name_itself_has_no_name(line: bytes) -> None:
    _, content = answered(stored(0, Rejected(0, (), line)), known())
    assert content["alert_results"][0]["alert_name"] == ""


def test_summary_counts_what_is_known_and_nothing_else() -> None:
    facts = known(
        decided(0, "hook"),
        Outcome("id-0", "0/hook", told("hook", TOOK)),
        decided(1, dedup=("duplicate", "window"), judged=None, filter=None),
        decided(2, "hook"),
        Outcome("id-2", "2/hook", told("hook", DEAD)),
        decided(3, "hook"),
    )
    code, content = answered(stored(5), facts)
    assert code == 202
    assert content["message"] == "3 of 5 alerts have their end; the others go on"
    assert content["alerts_summary"] == {
        "total_received": 5,
        "total_processed": 4,
        "total_classified": 3,
        "total_filtered": 1,
        "total_published": 1,
        "total_failed": 1,
    }


def test_it_is_complete_when_all_is_decided_and_all_that_was_planned_has_ended() -> None:
    facts = known(decided(0, "a", "b"))
    assert not facts.is_complete({0})
    facts.add(Outcome("id-0", "0/a", told("a", TOOK)))
    assert not facts.is_complete({0})
    facts.add(Outcome("id-0", "0/b", told("b", DEAD)))
    assert facts.is_complete({0})
    assert not facts.is_complete({0, 1})


def test_outcome_that_comes_before_its_decision_counts_all_the_same() -> None:
    facts = known(Outcome("id-0", "0/a", told("a", TOOK)))
    assert not facts.is_complete({0})
    facts.add(decided(0, "a"))
    assert facts.is_complete({0})


def test_what_is_known_of_winnows_own_warning_completes_nothing_and_holds_nothing_up() -> None:
    own = 1
    facts = known(decided(own, filter=("deny", "noise")))
    assert not facts.is_complete({0})
    facts = known(decided(own, "b"), decided(0, "a"))
    assert not facts.is_complete({0})
    facts.add(Outcome("id-0", "0/a", told("a", TOOK)))
    assert facts.is_complete({0})


def test_what_a_restarted_flow_says_again_takes_the_place_of_what_it_said() -> None:
    facts = known(decided(0, "a"), decided(0, "a"), Outcome("id-0", "0/a", told("a", DEAD)))
    facts.add(Outcome("id-0", "0/a", told("a", TOOK)))
    code, content = answered(stored(1), facts)
    assert (code, content["alerts_summary"]["total_published"]) == (200, 1)
