from __future__ import annotations

import orjson
import pytest

from alerts.config import Deadline
from alerts.decision import Outcome
from connectors.job import Ended, Job, Turned, begun
from connectors.lane_state import encode_job
from connectors.request import Judgement, Sent
from tests.support.build import alert, delivery

SENT = Sent(Judgement.RETRY, 503, "answered 503", took_ms=2.0)
EARLIER = Sent(Judgement.RETRY, None, "no answer", took_ms=1.0)
TURNED = Turned("pager", 3, 500, "answered 500", 4.0)
JOB = Job(delivery(), 1, 20, 30, "pager", 2, EARLIER, "refused", 10, True, True, 3.0, TURNED, True)  # noqa: FBT003


# All but one of what is only true or false: they are not to change places.
@pytest.mark.parametrize(
    "job", [JOB._replace(is_repeat=False), JOB._replace(may_repeat=False), JOB._replace(is_alone=False)]
)
def test_a_try_changes_what_is_counted_and_nothing_else(job: Job) -> None:
    assert job.tried(SENT) == job._replace(tries=2, failures=3, last=SENT, sending_ms=5.0)


def test_an_end_is_made_of_its_job() -> None:
    assert JOB.ended(Outcome.DEAD_LETTERED, "too late", 40) == Ended(
        delivery=JOB.delivery,
        outcome=Outcome.DEAD_LETTERED,
        tries=1,
        status=None,
        error="too late",
        ended_ms=40,
        is_repeat=True,
        sending_ms=3.0,
        turned=TURNED,
    )


def test_a_job_that_begins_has_what_is_said_of_it_and_nothing_else() -> None:
    told = delivery()
    made = begun(told, 10, Deadline())
    assert made == Job(told, tries=0, due_ms=10, deadline_ms=made.deadline_ms, to=told.target, since_ms=10)
    assert made.deadline_ms > 10


def test_a_snapshot_holds_every_field() -> None:
    assert list(orjson.loads(encode_job(JOB))) == list(Job._fields)


def test_all_text_that_a_sender_chooses_counts_for_the_size() -> None:
    told = alert(labels={"ab": "cde"}, annotations={"f": "gh"})._replace(generator_url="http://i")
    assert begun(delivery(alert=told), 0, Deadline()).size_bytes == len('http://i{"ab":"cde"}{"f":"gh"}')
