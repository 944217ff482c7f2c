"""A candidate in one partition: when it begins, what it remembers, and for what it waits."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from alerts.advice import Advice, How
from flows import metrics
from flows.plumbing.allowance import Allowance
from flows.plumbing.candidate import Overheard
from flows.plumbing.shadow import WAITING_MAX, ShadowLogic
from tests.support.events import NOW_MS
from tests.support.judging import event
from tests.support.shadowing import LLM, OWN_ANSWER, PARTITION, Live, broken, config, rows, shadow

if TYPE_CHECKING:
    from alerts.alert import Arrival
    from flows.chunk import Chunk
    from flows.plumbing.candidate import Shadow
    from flows.plumbing.shadow import Saved

HOUR_MS = 3_600_000
ASKS = config(classify={"llm": LLM})
SAID = Advice("a" * 16, How.ANSWERED, OWN_ANSWER)


def at(hours: float, number: int = 1, name: str = "Checkout", status: str = "firing") -> Arrival:
    """An event that many hours after the first, each with an id of its own."""
    made = event(number, name, status)
    envelope = made.envelope._replace(accepted_ms=NOW_MS + int(hours * HOUR_MS))
    return made._replace(envelope=envelope, id=f"{number}-{hours}")


def judged(logic: ShadowLogic, *values: Chunk | Overheard) -> list[dict[str, Any]]:
    return rows(logic.on_batch(list(values))[0])


def outcomes(found: list[dict[str, Any]]) -> list[str]:
    return [row["dedup"]["outcome"] for row in found]


def skipped() -> float:
    return float(metrics.shadow_skipped._value.get())


def saved(logic: ShadowLogic) -> Saved:
    """The state as the next process finds it."""
    state = logic.snapshot()
    assert state is not None
    found: Saved = pickle.loads(pickle.dumps(state))
    return found


def seen_once(part: Shadow) -> tuple[Live, Saved]:
    """A flow and a candidate beside it that have both seen one alert."""
    live, logic = Live(), ShadowLogic(part, None)
    assert outcomes(judged(logic, live.chunk(at(0)))) == ["new"]
    return live, saved(logic)


def test_candidate_that_begins_late_knows_what_the_flow_remembers() -> None:
    live = Live()
    live.chunk(at(0))
    logic = ShadowLogic(shadow(config()), None)
    found = judged(logic, live.chunk(at(3.9), at(4.1), at(4.2, status="resolved"), at(4.2, 2)))
    assert outcomes(found) == ["duplicate", "repeat", "changed", "new"]
    assert found[0]["dedup"]["saw"] == {"passed_ms": NOW_MS}


def test_first_event_of_an_alert_in_a_chunk_says_what_was_before_and_later_ones_do_not() -> None:
    live, logic = Live(), ShadowLogic(shadow(config()), None)
    assert outcomes(judged(logic, live.chunk(at(0), at(0.1)))) == ["new", "duplicate"]


def test_shorter_window_of_the_candidate_counts_from_what_the_flow_remembers() -> None:
    live = Live()
    live.chunk(at(0))
    logic = ShadowLogic(shadow(config(dedup={"window": "1h"})), None)
    assert outcomes(judged(logic, live.chunk(at(0.9)), live.chunk(at(1)))) == ["duplicate", "repeat"]


def test_candidate_goes_on_after_a_restart_with_what_it_remembers_itself() -> None:
    part = shadow(config(dedup={"window": "1h"}))
    live, state = seen_once(part)
    logic = ShadowLogic(part, state)
    found = judged(logic, live.chunk(at(0.9)), live.chunk(at(1)), live.chunk(at(1.5)))
    assert outcomes(found) == ["duplicate", "repeat", "duplicate"]
    assert saved(logic)["begun_ms"] == NOW_MS


def test_candidate_that_was_off_for_a_while_begins_anew_with_what_the_flow_remembers() -> None:
    part = shadow(config())
    live, state = seen_once(part)
    live.chunk(at(5))
    logic = ShadowLogic(part, state)
    found = judged(logic, live.chunk(at(6)))
    assert outcomes(found) == ["duplicate"]
    assert found[0]["dedup"]["saw"] == {"passed_ms": NOW_MS + 5 * HOUR_MS}
    assert saved(logic)["begun_ms"] == NOW_MS + 6 * HOUR_MS


def test_another_candidate_begins_anew() -> None:
    live, state = seen_once(shadow(config(dedup={"window": "1h"})))
    logic = ShadowLogic(shadow(config(dedup={"window": "2h"})), state)
    assert outcomes(judged(logic, live.chunk(at(1)))) == ["duplicate"]
    assert saved(logic)["begun_ms"] == NOW_MS + HOUR_MS


@pytest.mark.parametrize("change", [{"dedup": {"v": 99}}, {"waiting": [{}]}, {"next": "x"}, {"begun_ms": None}])
def test_state_that_cannot_be_used_is_none(change: dict[str, object]) -> None:
    part = shadow(config())
    live, state = seen_once(part)
    logic = ShadowLogic(part, {**state, **change})  # type: ignore[arg-type]
    messages = list(logic.on_batch([live.chunk(at(1))])[0])
    assert rows(messages, "faults")
    assert outcomes(judged(logic, live.chunk(at(2)))) == ["duplicate"]


def test_state_of_another_version_of_winnow_is_none() -> None:
    part = shadow(config())
    live, state = seen_once(part)
    logic = ShadowLogic(part, {**state, "v": 0})
    assert outcomes(judged(logic, live.chunk(at(1)))) == ["duplicate"]
    assert saved(logic)["begun_ms"] == NOW_MS + HOUR_MS


def test_state_that_cannot_be_saved_is_a_fault_and_none() -> None:
    part = shadow(config())
    logic = ShadowLogic(part, None)
    live = Live()
    judged(logic, live.chunk(at(0)))
    logic._dedup.snapshot = broken  # type: ignore[method-assign, assignment]
    assert logic.snapshot() is None
    (fault,) = rows(logic.on_batch([])[0], "faults")
    assert fault == {"step": "snapshot", "error": "ZeroDivisionError", "times": 1}


def test_what_the_flow_asks_a_model_about_waits_until_it_is_heard() -> None:
    live, logic = Live(), ShadowLogic(shadow(ASKS, ASKS), None)
    assert judged(logic, live.chunk(at(0), at(0, 2))) == []
    (found,) = judged(logic, Overheard({at(0, 2).id: (1, SAID)}))
    assert (found["id"], found["advice"]["how"], found["classify"]["severity"]) == ("2-0", "answered", "critical")
    (found,) = judged(logic, Overheard({at(0).id: (1, SAID)}))
    assert found["id"] == "1-0"


def test_what_is_heard_before_the_alert_comes_counts() -> None:
    live, logic = Live(), ShadowLogic(shadow(ASKS, ASKS), None)
    assert judged(logic, Overheard({at(0).id: (1, SAID)})) == []
    (found,) = judged(logic, live.chunk(at(0)))
    assert found["advice"]["how"] == "answered"


def test_what_only_the_candidate_lets_pass_was_asked_nowhere_and_waits_for_nothing() -> None:
    live, logic = Live(ASKS), ShadowLogic(shadow(config(dedup={"window": "1h"}, classify={"llm": LLM}), ASKS), None)
    judged(logic, live.chunk(at(0)), Overheard({at(0).id: (1, SAID)}))
    (found,) = judged(logic, live.chunk(at(1)))
    assert (found["dedup"]["outcome"], found["advice"]["how"]) == ("repeat", "unrecorded")


def test_what_waits_is_in_the_snapshot_and_is_heard_after_a_restart() -> None:
    part = shadow(ASKS, ASKS)
    live, logic = Live(), ShadowLogic(part, None)
    judged(logic, live.chunk(at(0)))
    (message,) = ShadowLogic(part, saved(logic)).on_batch([Overheard({at(0).id: (1, SAID)})])[0]
    ((found,), partition) = rows([message]), message.partition
    assert (found["id"], found["advice"]["how"], partition) == ("1-0", "answered", PARTITION)


def test_what_waited_when_the_flow_lost_its_model_is_decided_by_rules() -> None:
    live, logic = Live(), ShadowLogic(shadow(ASKS, ASKS), None)
    judged(logic, live.chunk(at(0)))
    found = judged(ShadowLogic(shadow(ASKS), saved(logic)), live.chunk(at(1)))
    assert [(row["id"], row["dedup"]["outcome"]) for row in found] == [("1-0", "new"), ("1-1", "duplicate")]
    assert found[0]["advice"]["how"] == "unrecorded"


def test_what_is_heard_and_never_asked_for_does_not_pile_up() -> None:
    logic = ShadowLogic(shadow(ASKS, ASKS), None)
    judged(logic, Overheard({f"{number}": (number, SAID) for number in range(2 * WAITING_MAX)}))
    assert len(logic._heard) == WAITING_MAX


def test_what_is_heard_of_an_alert_that_the_candidate_has_let_pass_by_is_forgotten() -> None:
    # The flow tells it once an hour, the candidate once in a hundred.
    live_config = config(classify={"llm": LLM}, dedup={"window": "1h"})
    part = shadow(config(classify={"llm": LLM}, dedup={"window": "100h"}), live_config)
    live, logic = Live(live_config), ShadowLogic(part, None)
    for hours in range(3):
        judged(logic, live.chunk(at(hours)))
        judged(logic, Overheard({at(hours).id: (live.offset, SAID)}))
    assert (logic._heard, logic._waiting) == ({}, {})
    again = ShadowLogic(part, saved(logic))
    judged(again, Overheard({at(2).id: (live.offset, SAID)}))
    assert again._heard == {}


def test_dead_letter_that_is_retried_is_no_gap_after_a_restart() -> None:
    part = shadow(config())
    live, state = seen_once(part)
    logic = ShadowLogic(part, state)
    judged(logic, *live.retry())
    assert outcomes(judged(logic, live.chunk(at(1)))) == ["duplicate"]
    assert saved(logic)["begun_ms"] == NOW_MS


def test_snapshot_before_the_first_alert_is_none() -> None:
    assert ShadowLogic(shadow(config()), None).snapshot() is None


def test_what_takes_too_long_is_not_judged_while_the_flow_is_behind_and_dedup_knows_of_it() -> None:
    part = shadow(config())
    live, logic = Live(), ShadowLogic(part, None)
    assert outcomes(judged(logic, live.chunk(at(0)))) == ["new"]
    used_up = part._replace(allowance=Allowance(iter([0.0, 100.0, 100.0]).__next__, lambda: NOW_MS / 1000 + 1e6))
    before = skipped()
    logic = ShadowLogic(used_up, saved(logic))
    assert outcomes(judged(logic, live.chunk(at(0, 2)))) == ["new"]
    assert judged(logic, live.chunk(at(0, 3), at(0, 4))) == []
    assert skipped() - before == 2
    again = ShadowLogic(part, saved(logic))
    assert outcomes(judged(again, live.chunk(at(1, 3), at(1, 5)))) == ["duplicate", "new"]
