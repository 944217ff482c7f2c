"""What an Alertmanager hears while nothing changes, on a real Kafka, also after kill -9."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import yaml

from tests.integration.test_flow_process import ends, recovery
from tests.integration.test_main_job import webhook
from tests.support.product import Product, end, wait_for


def _beats(made: Product, since: int) -> list[bool]:
    """Of each alert told again after the first `since` requests: whether it still fires."""
    beats = [one for one in made.arrived[since:] if "webhook-id" not in one.headers]
    return [told.status == "firing" for beat in beats for told in beat.notifications()]


def test_alertmanager_is_told_again_what_it_knows_also_after_kill_9_and_nothing_of_it_is_an_outcome(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Product(kafka_bootstrap, topic_prefix, Path(folder))
        config = Path(made.environ["WINNOW_CONFIG"])
        am = {"name": "am", "kind": "alertmanager", "url": made.inbox.url, "allow_private": True, "repeat_every": "1s"}
        config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | {"targets": [am]}))
        try:
            made.gateway()
            flow = made.flow(*recovery(made))
            made.post(webhook(range(3)))
            wait_for(lambda: len(_beats(made, 0)) >= 6, "heartbeats of all three")
            os.killpg(flow.pid, signal.SIGKILL)
            end(flow)
            before = len(made.arrived)
            made.flow(*recovery(made))
            wait_for(lambda: len(_beats(made, before)) >= 6, "heartbeats after the crash")
            assert all(_beats(made, before))
            made.post(webhook(range(3), "resolved"))
            wait_for(lambda: _beats(made, before)[-3:] == [False] * 3, "heartbeats of the resolves")
            assert len(ends(made)) == 6
        finally:
            made.close()
