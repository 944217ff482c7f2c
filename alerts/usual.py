"""Webhooks of Alertmanager and Grafana with nothing odd in them, read in one go, which costs half of all other ways."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from alerts.alert import Status
from alerts.entry import bounded, check_labels, instant_text
from alerts.instant import is_zero
from alerts.webhook import Submission, Webhook, submission_of

Text = str | UnsetType
Texts = dict[str, str] | UnsetType
# Of longer ones others that read the line make what they like.
Whole = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
Word = Literal["firing", "resolved"]


class UsualAlert(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """One entry of `alerts`; its last fields are Grafana's own."""

    status: Word
    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str  # noqa: N815 the sender's spelling
    endsAt: str  # noqa: N815
    generatorURL: str  # noqa: N815
    fingerprint: Text = UNSET
    silenceURL: Text = UNSET  # noqa: N815
    dashboardURL: Text = UNSET  # noqa: N815
    panelURL: Text = UNSET  # noqa: N815
    imageURL: Text = UNSET  # noqa: N815
    values: dict[str, Whole | float | None] | UnsetType | None = UNSET
    valueString: Text = UNSET  # noqa: N815
    orgId: Whole | UnsetType = UNSET  # noqa: N815


class UsualBody(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A body; its last fields are Grafana's own. One that was cut says more than this can be told."""

    receiver: str
    alerts: list[UsualAlert]
    status: Word | UnsetType = UNSET
    version: Text = UNSET
    groupKey: str = ""  # noqa: N815
    externalURL: Text = UNSET  # noqa: N815
    groupLabels: Texts = UNSET  # noqa: N815
    commonLabels: Texts = UNSET  # noqa: N815
    commonAnnotations: Texts = UNSET  # noqa: N815
    truncatedAlerts: Literal[0] = 0  # noqa: N815
    notification_reason: Text = UNSET
    routeLabels: Texts = UNSET  # noqa: N815
    orgId: Whole | UnsetType = UNSET  # noqa: N815
    title: Text = UNSET
    state: Text = UNSET
    message: Text = UNSET


_STATUS = {status.value: status for status in Status}
_decode = msgspec.json.Decoder(UsualBody).decode
_encode = msgspec.json.Encoder().encode


def usual(body: bytes) -> Webhook | None:
    """The webhook, all of its alerts valid; None: something about it is odd or wrong, and the model has to be asked.

    What is read here the models of `alerts.formats.alertmanager` take too, and read the same in it. It is never deep
    (four levels, and nothing is skipped) and no crowd of what is no alert.
    """
    try:
        found = _decode(body)
        submissions = [_submission(position, alert) for position, alert in enumerate(found.alerts)]
    except (msgspec.MsgspecError, KeyError, ValueError):
        return None
    if not found.receiver or not submissions:
        return None
    return Webhook(bounded(found.receiver), bounded(found.groupKey), submissions, [])


def _submission(position: int, alert: UsualAlert) -> Submission:
    labels, status = alert.labels, _STATUS[alert.status]
    if not labels["alertname"]:
        raise ValueError("no alertname")
    check_labels(labels)
    starts_at, ends_at = instant_text(alert.startsAt), end_of(status, instant_text(alert.endsAt))
    return submission_of((position, labels, status, starts_at, ends_at, alert.fingerprint or "", _encode(alert), ""))


def end_of(status: Status, ends_at: str | None) -> str | None:
    """One that fires has none: Alertmanager sends a resolve, and does not say each minute that it still fires."""
    return None if status is Status.FIRING or ends_at is None or is_zero(ends_at) else ends_at
