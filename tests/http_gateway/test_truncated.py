"""Winnow's own warning lies in Kafka beside the alerts it is about, and counts as none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.gateway import PROXY, alert, webhook

if TYPE_CHECKING:
    from tests.support.gateway import Gateway


def test_warning_is_stored_and_neither_counted_nor_limited(running: Gateway) -> None:
    limit = 100
    body = webhook(*(alert(f"{number}") for number in range(limit)), truncatedAlerts=7)
    response = running.post(body, PROXY)
    assert response.status_code == 202
    assert response.json()["alerts_summary"]["total_accepted"] == limit
    rows = [row for record in running.webhooks(response.json()["ingest_id"]) for row in record.rows]
    assert sorted(str(row[0]) for row in rows) == sorted(str(number) for number in range(limit + 1))
    (own,) = [row for row in rows if row[0] == limit]
    assert own[2:4] == ["firing", "WinnowAlertsTruncated"]
