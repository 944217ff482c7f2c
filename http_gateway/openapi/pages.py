"""What the gateway takes, for machines (`/openapi.json`) and for people (`/docs`); made once, at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from http_gateway.openapi import page as docs_page
from http_gateway.openapi.document import document
from http_gateway.ops import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.config import Gateway
    from http_gateway.entrance import Entrance


def pages(entrances: Mapping[str, Entrance], settings: Gateway) -> dict[str, Page]:
    """The pages by their paths; none if winnow.yaml says so."""
    if not settings.docs:
        return {}
    made = document(entrances, settings)
    html = {"content-type": "text/html; charset=utf-8", "content-security-policy": docs_page.POLICY}
    return {
        "/openapi.json": Page(orjson.dumps(made), {"content-type": "application/json"}),
        "/docs": Page(docs_page.render(made).encode(), html),
    }
