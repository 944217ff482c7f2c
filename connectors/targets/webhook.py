"""Any HTTP endpoint: one alert a request, or a list of what waits, signed as Standard Webhooks says.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from alerts.alert import Status
from alerts.config import HttpTarget
from alerts.decision import Classification, Delivery
from alerts.fields import HeaderSecret, Secret, check_one_proof, header_text
from alerts.instant import rfc3339
from alerts.text import cut
from connectors.request import REPLAYED, Request
from connectors.text import cut_map, moment, to_json

# Real alerts have under 10 KiB. With both maps at the bound a document stays under 1 MB, what Kafka takes by default.
MAP_MAX_BYTES = 400_000
TEXT_MAX_CHARS = 4000
NAME_MAX_CHARS = 1024
RECOMMENDATIONS_MAX = 10
BATCH_MAX = 64
"""Of what so many cost the request is little already, and the ids of more would fill 4 KB of headers."""

_PREFIX = "whsec_"
# RFC 9110, section 5.6.2.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset({"connection", "content-length", "content-type", "host", "transfer-encoding"})


def _headers(headers: dict[str, Secret]) -> dict[str, Secret]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError("expected names of headers such as X-Team")
        if name.lower() in _OURS or name.lower().startswith("webhook-"):
            raise ValueError(f"expected other headers than {', '.join(sorted(_OURS))} and webhook-*: Winnow sets them")
        header_text(value)
    lower = {name.lower(): value for name, value in headers.items()}
    if len(lower) < len(headers):
        raise ValueError("expected each header once, no matter whether in upper or lower case")
    return lower


def _signing_secret(secret: Secret | None) -> Secret | None:
    if secret is not None:
        try:
            size = len(_key(secret))
        except binascii.Error:
            size = 0
        if not secret.get_secret_value().startswith(_PREFIX) or not 24 <= size <= 64:
            raise ValueError(f"expected {_PREFIX} and 24 to 64 bytes in base64, as Standard Webhooks says")
    return secret


def _key(secret: Secret) -> bytes:
    return base64.b64decode(secret.get_secret_value().removeprefix(_PREFIX).encode("ascii", "replace"), validate=True)


class Config(HttpTarget):
    """An endpoint of your own."""

    kind: Literal["webhook"] = "webhook"
    secret: Annotated[Secret | None, AfterValidator(_signing_secret)] = None
    """`whsec_...`; without it requests are not signed."""
    previous_secret: Annotated[Secret | None, AfterValidator(_signing_secret)] = None
    """The one before: as long as it is given, requests carry both signatures."""
    token: HeaderSecret | None = None
    """Sent as `Authorization: Bearer ...`."""
    headers: Annotated[dict[str, Secret], AfterValidator(_headers)] = Field(default_factory=dict)
    """Sent as they are; names in lower case."""
    batch: Annotated[int, Field(ge=1, le=BATCH_MAX)] = 1
    """How many alerts that wait may share a request; above 1 each body is a list of documents, if only of one."""

    @property
    def alerts_a_request(self) -> int:
        """As it is configured."""
        return self.batch

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.previous_secret and not self.secret:
            raise ValueError("expected a secret beside the previous_secret")
        if self.token and "authorization" in self.headers:
            raise ValueError("expected one of token and headers.authorization, got both")
        check_one_proof("token", self.token, self.url)
        check_one_proof("headers.authorization", "authorization" in self.headers, self.url)
        return self


EXAMPLE: dict[str, object] = {
    "name": "team-hook",
    "kind": "webhook",
    "url": "https://hooks.example.com/alerts",
    "secret": "whsec_ZXhhbXBsZS1vbmx5LW5vdC1hLXNlY3JldC0wMDAw",
}


def render(config: Config, delivery: Delivery, at: datetime) -> Request:
    """The document, its id in `webhook-id`, and a signature if there is a secret."""
    if config.batch > 1:
        return render_several(config, [delivery], at)
    return _request(config, [delivery], to_json(document(delivery)), at)


def render_several(config: Config, deliveries: Sequence[Delivery], at: datetime) -> Request:
    """All documents as a list, their ids in its order; only where `batch` is above 1."""
    return _request(config, deliveries, to_json([document(delivery) for delivery in deliveries]), at)


def _request(config: Config, deliveries: Sequence[Delivery], body: bytes, at: datetime) -> Request:
    ids = ", ".join(delivery.id for delivery in deliveries)
    # Whole seconds since the epoch, of this attempt: receivers refuse what is older than some minutes.
    headers = {"webhook-id": ids, "webhook-timestamp": str(int(at.timestamp()))}
    secrets = [secret for secret in (config.secret, config.previous_secret) if secret]
    if secrets:
        content = f"{ids}.{headers['webhook-timestamp']}.".encode() + body
        headers["webhook-signature"] = " ".join(signature(secret, content) for secret in secrets)
    traces = {delivery.alert.envelope.traceparent for delivery in deliveries}
    if len(traces) == 1 and "" not in traces:
        headers["traceparent"] = traces.pop()
    if all(delivery.replayed for delivery in deliveries):
        headers[REPLAYED] = "true"
    if config.token:
        headers["authorization"] = f"Bearer {config.token.get_secret_value()}"
    own = {name: value.get_secret_value() for name, value in config.headers.items()}
    return Request(config.url, {**own, **headers, "content-type": "application/json"}, body)


def signature(secret: Secret, content: bytes) -> str:
    """What stands in `webhook-signature` for `<id>.<timestamp>.<body>`."""
    return "v1," + base64.b64encode(hmac.digest(_key(secret), content, "sha256")).decode()


def document(delivery: Delivery, map_max_bytes: int = MAP_MAX_BYTES) -> dict[str, object]:
    """The delivery as plain data, for programs: what the sender said is left as it is, only bounded.

    Labels and annotations take at most `map_max_bytes` each, all else together less than 160 000 bytes.
    """
    alert, found = delivery.alert, delivery.classification
    replayed: dict[str, object] = {"replayed": True} if delivery.replayed else {}
    return {
        **replayed,
        "type": "alert." + alert.status,
        "timestamp": moment(
            alert.ends_at if alert.status is Status.RESOLVED else alert.starts_at, alert.envelope.accepted_ms
        ),
        "notification_id": delivery.id,
        "transition": delivery.transition,
        "untold_firing": delivery.untold_firing,
        "input_id": alert.id,
        "receiver": cut(alert.envelope.receiver, NAME_MAX_CHARS),
        "group_key": cut(alert.envelope.group_key, TEXT_MAX_CHARS),
        "accepted_at": rfc3339(alert.envelope.accepted_ms),
        "alert_name": cut(alert.name, NAME_MAX_CHARS),
        "fingerprint": alert.fingerprint,
        "status": alert.status,
        "labels": cut_map(alert.labels, map_max_bytes),
        "annotations": cut_map(alert.annotations, map_max_bytes),
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "generator_url": cut(alert.generator_url, TEXT_MAX_CHARS),
        "classification": _classified(found),
    }


# Rules say the same of many alerts.
@lru_cache(maxsize=256)
def _classified(found: Classification) -> dict[str, object]:
    return {
        "severity": found.severity,
        "category": cut(found.category, NAME_MAX_CHARS),
        "confidence": found.confidence,
        "source": found.source,
        "rule": found.rule,
        "reasoning": cut(found.reasoning, TEXT_MAX_CHARS),
        "recommendations": [cut(text, NAME_MAX_CHARS) for text in found.recommendations[:RECOMMENDATIONS_MAX]],
    }
