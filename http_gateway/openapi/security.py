"""How the configured sources prove who they are, as OpenAPI says it. Their names are nobody's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from http_gateway.senders.signatures import HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.config import Gateway
    from alerts.config_sources import Source
    from alerts.described import Schema


def schemes(settings: Gateway) -> dict[str, Schema]:
    """Each way to prove it that some source has, by name."""
    return {name: scheme for source in settings.sources for name, scheme in _of(source)}


def requirements(settings: Gateway) -> list[Schema]:
    """What a request needs: one of these, of which all must hold. A source known by its address needs nothing else."""
    found: list[Schema] = [{name: [] for name, _ in _of(source)} for source in settings.sources]
    return [need for place, need in enumerate(found) if need not in found[:place]]


def _of(source: Source) -> Iterator[tuple[str, Schema]]:
    if source.bearer:
        yield "bearer", {"type": "http", "scheme": "bearer"}
    if source.basic:
        yield "basic", {"type": "http", "scheme": "basic"}
    if source.api_key:
        yield f"key-{source.api_key.header}", {"type": "apiKey", "in": "header", "name": source.api_key.header}
    if source.hmac:
        header = source.hmac.header or HEADERS[source.hmac.flavour]
        about = f"HMAC-SHA256 of the body, as {source.hmac.flavour} makes it"
        yield f"signature-{header}", {"type": "apiKey", "in": "header", "name": header, "description": about}
    if source.mtls:
        yield "certificate", {"type": "mutualTLS"}
