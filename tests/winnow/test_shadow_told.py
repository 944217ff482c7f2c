"""`winnow shadow` on a candidate that decides as what runs does, and tells it otherwise, or is no other at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.shelf import shelf
from tests.winnow.test_shadow import LIVE, SHADOW, decide, history, put, told

if TYPE_CHECKING:
    from pathlib import Path

ELSEWHERE = LIVE.replace("http://127.0.0.1:1/x", "http://127.0.0.1:1/wrong")
UNUSED = LIVE.replace("http://127.0.0.1:1/y", "http://127.0.0.1:1/wrong")


def judged(folder: Path, other: str, *arguments: str, limits: str = "") -> tuple[int, str]:
    """Exit code and what is printed, of this candidate beside what runs."""
    (folder / "candidate.yaml").write_text(other)
    with shelf(folder, LIVE + f"shadow: {{config: candidate.yaml, min_events: 50{limits}}}\n", SHADOW) as held:
        for messages in decide(history()):
            put(held, messages)
        result = held.winnow("shadow", *arguments)
    return result.exit_code, result.stdout


def test_candidate_that_tells_somebody_else_is_beyond_the_default_limits_and_named(tmp_path: Path) -> None:
    code, said = judged(tmp_path, ELSEWHERE)
    assert (code, "targets differ: oncall (url)" in said) == (1, True)
    last = "verdict: beyond limits: 1 told_otherwise, at most 0 allowed (shadow.max_told_otherwise)"
    assert said.splitlines()[-1] == last
    assert "wrong" not in said


def test_candidate_may_tell_somebody_else_if_it_is_allowed(tmp_path: Path) -> None:
    code, said = judged(tmp_path, ELSEWHERE, limits=", max_told_otherwise: 1")
    assert (code, "targets differ: oncall (url)" in said) == (0, True)


def test_target_that_is_another_and_was_told_nothing_counts_for_nothing_and_is_named(tmp_path: Path) -> None:
    code, said = judged(tmp_path, UNUSED)
    assert (code, "targets differ: chat (url; nothing is sent there)" in said) == (0, True)
    assert "same configuration" not in said


@pytest.mark.parametrize("more", ["publish: {backoff: 7s}\n", "publish: {deadline: {others: 20m}}\n"])
def test_candidate_that_would_send_otherwise_is_beyond(tmp_path: Path, more: str) -> None:
    code, said = judged(tmp_path, LIVE + more)
    assert (code, "publish differs: " in said) == (1, True)


def test_candidate_that_is_what_runs_is_told_plainly(tmp_path: Path) -> None:
    code, said = judged(tmp_path, LIVE)
    last = "verdict: within limits: 105 alert events compared; the candidate is the same configuration as what runs, "
    assert (code, said.splitlines()[-1]) == (0, f"{last}so nothing can differ")


def test_json_holds_what_is_told_otherwise_and_whether_they_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "candidate.yaml").write_text(ELSEWHERE)
    with shelf(tmp_path, LIVE + "shadow: candidate.yaml\n", SHADOW) as held:
        for messages in decide(history()):
            put(held, messages)
        code, found = told(held)
    assert (code, found["same"]) == (1, False)
    assert found["told_otherwise"] == [{"what": "target", "name": "oncall", "fields": ["url"], "used": True}]
