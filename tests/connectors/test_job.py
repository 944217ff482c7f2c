from __future__ import annotations

import orjson

from alerts.config import Deadline
from connectors.job import Job, Turned, begun
from connectors.lane_state import encode_job
from connectors.request import Judgement, Sent
from tests.support.build import alert, delivery

SENT = Sent(Judgement.RETRY, 503, "answered 503", took_ms=2.0)
EARLIER = Sent(Judgement.RETRY, None, "no answer", took_ms=1.0)
TURNED = Turned("pager", 3, 500, "answered 500", 4.0)
JOB = Job(delivery(), 1, 20, 30, "pager", 2, EARLIER, "refused", 10, True, True, 3.0, TURNED, True)  # noqa: FBT003


def test_a_try_changes_what_is_counted_and_nothing_else() -> None:
    assert JOB.tried(SENT) == JOB._replace(tries=2, failures=3, last=SENT, sending_ms=5.0)


def test_a_snapshot_holds_every_field() -> None:
    assert list(orjson.loads(encode_job(JOB))) == list(Job._fields)


def test_all_text_that_a_sender_chooses_counts_for_the_size() -> None:
    told = alert(labels={"ab": "cde"}, annotations={"f": "gh"})._replace(generator_url="http://i")
    assert begun(delivery(alert=told), 0, Deadline()).size_bytes == len('http://i{"ab":"cde"}{"f":"gh"}')
