"""Holds the alerts of a body within the gateway's settings: `gateway.limits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alerts.webhook import Fault, Rejected, Submission

if TYPE_CHECKING:
    from alerts.webhook import Webhook

# What a fault shows of a label's name: the name may be the fault.
_SHOWN_CHARS = 60


class Bounds(NamedTuple):
    """On what is in a body."""

    json_depth: int
    labels: int
    """Of one alert."""
    label_name: int
    """Bytes."""
    label_value: int
    """Bytes."""

    def hold(self, webhook: Webhook) -> tuple[Webhook, list[str]]:
        """The webhook, its alerts that go over a limit among the rejected; and the limits' names, one for each."""
        # No label of a shorter line can be too long: this spares all but odd alerts the looking.
        short_bytes = min(self.label_name, self.label_value)
        most = self.labels
        for one in webhook.submissions:
            if len(one.labels) > most or len(one.line) > short_bytes:
                return self._held(webhook)
        return webhook, []

    def _held(self, webhook: Webhook) -> tuple[Webhook, list[str]]:
        kept: list[Submission] = []
        rejected = list(webhook.rejected)
        limits: list[str] = []
        for submission in webhook.submissions:
            broken = self.beyond(submission)
            if broken is None:
                kept.append(submission)
            else:
                limits.append(broken[0])
                rejected.append(Rejected(submission.position, (broken[1],), submission.line))
        return webhook._replace(submissions=kept, rejected=rejected) if limits else webhook, limits

    def beyond(self, submission: Submission) -> tuple[str, Fault] | None:
        """The name of the first limit that an alert goes over, and what is wrong; None: none."""
        labels, where = submission.labels, f"alerts[{submission.position}].labels"
        if len(labels) > self.labels:
            return "labels", Fault(where, f"at most {self.labels} labels, got {len(labels)}")
        for name, value in labels.items():
            path = f"{where}.{name[:_SHOWN_CHARS]}"
            if (size_bytes := _bytes(name)) > self.label_name:
                return "label_name", Fault(path, f"a name of at most {self.label_name} bytes, got {size_bytes}")
            if (size_bytes := _bytes(value)) > self.label_value:
                return "label_value", Fault(path, f"a value of at most {self.label_value} bytes, got {size_bytes}")
        return None


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
