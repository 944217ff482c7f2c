"""Placeholder for trying the path out; the real renderer replaces it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import orjson

from alerts.config import HttpTarget
from connectors.request import Request

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.decision import Delivery


class Config(HttpTarget):
    kind: Literal["webhook"] = "webhook"


EXAMPLE: dict[str, object] = {"name": "hook", "kind": "webhook", "url": "https://x.example.com/h"}


def render(config: Config, delivery: Delivery, at: datetime) -> Request:
    a = delivery.alert
    return Request(
        config.url,
        {"content-type": "application/json", "webhook-id": delivery.id},
        orjson.dumps({"alert_name": a.name, "fingerprint": a.fingerprint, "status": a.status, "labels": a.labels}),
    )
