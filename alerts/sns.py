"""Messages of Amazon SNS as they come by HTTP: notifications, and the request to confirm a subscription.

Signatures are not checked: whoever knows the path can write a message, so it takes a secret (`gateway.sources`).

Sources: https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html,
https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

from alerts.errors import FormatError
from alerts.json_text import loads
from alerts.webhook import Fault

if TYPE_CHECKING:
    from alerts.config_mapping import Sns

# Regions are named like us-east-1 and us-gov-west-1; China's hosts end in .com.cn:
# https://docs.aws.amazon.com/general/latest/gr/sns.html
_HOST = re.compile(r"sns\.[a-z]{2,4}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?", re.ASCII)
# An ARN of SNS: at most 256 for the topic's name, and what stands before it.
_TOPIC_MAX_CHARS = 400
# https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
_RAW = "expected text that is not empty; if SNS sent this, switch raw message delivery off for the subscription"
_CONFIRMATION = "SubscriptionConfirmation"
_QUIET = {"UnsubscribeConfirmation": "unsubscribed from {topic}: no alerts come from it any more"}


class Message(NamedTuple):
    """What a message says."""

    content: object
    """Of a notification: its `Message`, decoded if it is JSON; else None."""
    note: str
    """What else it is about; empty for a notification."""
    confirm_url: str
    """What to visit to confirm the subscription; empty if there is nothing to be confirmed, or may not be."""


def read(value: object, settings: Sns) -> Message:
    """What the message `value` says.

    Raises:
        FormatError: It is none, or of a topic that `settings` does not name.
    """
    if not isinstance(value, dict) or "Type" not in value:
        raise FormatError("not a message of Amazon SNS", faults=(Fault("Type", _RAW),))
    kind, topic = (_text(value, name) for name in ("Type", "TopicArn"))
    if settings.topics and topic not in settings.topics:
        fault = Fault("TopicArn", "expected one of the topics in winnow.yaml")
        raise FormatError("a message of another SNS topic", faults=(fault,))
    topic = topic[:_TOPIC_MAX_CHARS]
    if kind == "Notification":
        text = _text(value, "Message")
        try:
            return Message(loads(text.encode()), "", "")
        except FormatError:
            return Message(text, "", "")
    if kind == _CONFIRMATION:
        return _confirmation(topic, _text(value, "SubscribeURL"), settings)
    if kind in _QUIET:
        return Message(None, _QUIET[kind].format(topic=topic), "")
    fault = Fault("Type", f"expected Notification, {_CONFIRMATION} or UnsubscribeConfirmation, got {kind[:60]!r}")
    raise FormatError("not a message of Amazon SNS", faults=(fault,))


def _confirmation(topic: str, url: str, settings: Sns) -> Message:
    if not is_subscribe_url(url, topic):
        fault = Fault(
            "SubscribeURL",
            "expected https://sns.<region>.amazonaws.com/?Action=ConfirmSubscription&TopicArn=<TopicArn>&...",
        )
        raise FormatError("not a message of Amazon SNS", faults=(fault,))
    if settings.confirm:
        return Message(None, f"confirming the subscription to {topic}", url)
    switch = f"sns: {{confirm: true, topics: [{topic}]}}"
    todo = f"set {switch} in winnow.yaml, and request the confirmation again in Amazon's console"
    return Message(None, f"not subscribed to {topic} yet: {todo}", "")


def is_subscribe_url(url: str, topic: str) -> bool:
    """Whether it confirms a subscription to this topic and no other, at a host of Amazon's SNS and nowhere else."""
    if len(url) > 2048 or not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # The whole authority: no user, no port, no other spelling of the host.
    is_amazons = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None
    query = parse_qs(parts.query)
    asks = query.get("Action") == ["ConfirmSubscription"] and query.get("TopicArn") == [topic]
    return is_amazons and parts.path in {"", "/"} and asks


def _text(value: object, name: str) -> str:
    text = value.get(name) if isinstance(value, dict) else None
    if not isinstance(text, str) or not text:
        raise FormatError("not a message of Amazon SNS", faults=(Fault(name, "expected text that is not empty"),))
    return text
