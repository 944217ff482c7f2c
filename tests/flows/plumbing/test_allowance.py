"""What a candidate may take of a worker's time."""

from __future__ import annotations

import pytest

from flows.plumbing.allowance import Allowance

ACCEPTED_MS = 1_000_000_000


class Worker:
    """A worker whose time goes by as the test says; it reads alerts that were accepted so long ago."""

    def __init__(self, late_s: float = 60) -> None:
        self.busy_s = 0.0
        self.late_s = late_s
        self.allowance = Allowance(lambda: self.busy_s, lambda: ACCEPTED_MS / 1000 + self.late_s)

    def judges(self, takes_s: float) -> bool:
        """Whether the candidate may judge what takes it so long, which it then does."""
        self.allowance.look(ACCEPTED_MS)
        if not self.allowance.allows():
            return False
        self.busy_s += takes_s
        self.allowance.end()
        return True

    def judged(self, flow_s: float, takes_s: float, times: int = 1000) -> int:
        """How much of what comes is judged, if the flow itself takes so long for each."""
        judged = 0
        for _ in range(times):
            self.busy_s += flow_s
            judged += self.judges(takes_s)
        return judged


def test_candidate_that_takes_less_than_the_flow_judges_everything() -> None:
    assert Worker().judged(flow_s=0.010, takes_s=0.009) == 1000


@pytest.mark.parametrize("takes_s", [0.1, 1.0, 10.0])
def test_candidate_that_takes_longer_takes_no_more_than_half_of_the_time(takes_s: float) -> None:
    worker = Worker()
    taken_s = worker.judged(flow_s=0.010, takes_s=takes_s, times=10_000) * takes_s
    # At most what was saved and one more, beside the hundred seconds that the flow takes.
    assert 90 <= taken_s <= 100 + 4 + takes_s


@pytest.mark.parametrize(("late_s", "judged"), [(10, 1000), (10.1, 5)])
def test_candidate_takes_what_it_likes_unless_the_flow_is_behind(late_s: float, judged: int) -> None:
    assert Worker(late_s).judged(flow_s=0.0005, takes_s=1.0) == judged


def test_what_it_took_while_nobody_waited_is_not_held_against_it() -> None:
    worker = Worker(late_s=0)
    worker.judged(flow_s=0.001, takes_s=0.1)
    worker.late_s = 60
    assert worker.judged(flow_s=0.010, takes_s=0.009) >= 980


def test_time_that_was_not_used_is_saved_for_seconds_and_no_longer() -> None:
    worker = Worker()
    worker.busy_s = 3600.0
    assert [worker.judges(1.0) for _ in range(6)] == [True, True, True, True, False, False]
