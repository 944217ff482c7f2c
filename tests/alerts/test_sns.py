"""Messages of Amazon SNS, and which addresses confirm a subscription."""

from __future__ import annotations

import pytest

from alerts.config_mapping import Sns
from alerts.errors import FormatError
from alerts.sns import is_subscribe_url, read

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
URL = f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
ASKED = {"Type": "SubscriptionConfirmation", "TopicArn": TOPIC, "SubscribeURL": URL}
TOLD = {"Type": "Notification", "TopicArn": TOPIC, "Message": '{"a": 1}'}


def test_message_is_decoded_if_it_is_json() -> None:
    assert read(TOLD, Sns()) == ({"a": 1}, "", "")
    assert read({**TOLD, "Message": "plain words"}, Sns()).content == "plain words"


def test_subscription_is_not_confirmed_unless_that_is_wanted() -> None:
    told = read(ASKED, Sns())
    assert told.confirm_url == ""
    assert told.note.startswith(f"not subscribed to {TOPIC} yet")
    assert "abc" not in told.note


def test_subscription_is_confirmed_if_that_is_wanted() -> None:
    told = read(ASKED, Sns(confirm=True, topics=[TOPIC]))
    assert told.confirm_url == URL
    assert "abc" not in told.note


def test_other_topic_is_refused_and_not_confirmed() -> None:
    for message in (ASKED, TOLD):
        with pytest.raises(FormatError, match="another SNS topic"):
            read(message, Sns(confirm=True, topics=["arn:aws:sns:us-east-1:123456789012:others"]))
    assert read(TOLD, Sns(topics=[TOPIC])).content == {"a": 1}


@pytest.mark.parametrize(
    "message", [None, [], {}, {**TOLD, "Type": "Else"}, {**TOLD, "Message": 3}, {**ASKED, "SubscribeURL": "http://x"}]
)
def test_what_is_no_message_is_refused(message: object) -> None:
    with pytest.raises(FormatError):
        read(message, Sns(confirm=True, topics=[TOPIC]))


def test_end_of_a_subscription_is_no_alert() -> None:
    assert read({"Type": "UnsubscribeConfirmation", "TopicArn": TOPIC}, Sns()).note.startswith("unsubscribed from")


@pytest.mark.parametrize(
    "host",
    [
        "sns.us-east-1.amazonaws.com",
        "sns.eu-central-1.amazonaws.com",
        "sns.us-gov-west-1.amazonaws.com",
        "sns.cn-north-1.amazonaws.com.cn",
        "sns.ap-southeast-2.amazonaws.com",
    ],
)
def test_hosts_of_amazon_are_known(host: str) -> None:
    assert is_subscribe_url(URL.replace("sns.us-east-1.amazonaws.com", host), TOPIC)


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("amazonaws.com/", "amazonaws.com:443/"),
        URL.replace("amazonaws.com/", "amazonaws.com./"),
        URL.replace("https://", "https://user@"),
        URL.replace("https://", "https://user:word@"),
        URL.replace("https://sns", "https://evil.example.com@sns"),
        URL.replace("https://sns", "https://evil.example.com#sns"),
        URL.replace("https://sns", "https://evil.example.com/sns"),
        URL.replace("https://sns", "https://evil.example.com?sns"),
        URL.replace("https://sns", "https://evil.example.com\\sns"),
        URL.replace("https://sns", "https:////sns"),
        URL.replace("https://sns.", "https://sns%2e"),
        URL.replace("amazonaws.com", "amazonaws.com.evil.example.com"),
        URL.replace("amazonaws.com", "amazonaws.co"),
        URL.replace("sns.us-east-1", "s3.us-east-1"),
        URL.replace("sns.us-east-1", "x.sns.us-east-1"),
        URL.replace("sns.us-east-1", "sns"),
        URL.replace("sns.us-east-1", "sns.us-east-1.x"),
        URL.replace("us-east-1", "us-east-\u0661"),
        URL.replace("/?", "/path?"),
        URL.replace("ConfirmSubscription", "Publish"),
        URL.replace("Action=", "xAction="),
        URL.replace("alarms", "others"),
        URL + "&Action=Publish",
        URL + "&TopicArn=other",
        URL.replace("TopicArn", "Topic"),
        URL + "\n",
        URL + " x",
        "https://[::1]/?Action=ConfirmSubscription",
        "https://[/?Action=ConfirmSubscription",
        "https://127.0.0.1/?Action=ConfirmSubscription",
        "https:/?Action=ConfirmSubscription",
        "//sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
        "file:///etc/passwd",
        "",
        URL + "x" * 3000,
    ],
)
def test_anything_else_is_not_visited(url: str) -> None:
    assert not is_subscribe_url(url, TOPIC)


def test_message_that_came_raw_is_told_what_to_switch_off() -> None:
    with pytest.raises(FormatError) as raised:
        read({"AlarmName": "Down", "NewStateValue": "ALARM"}, Sns())
    assert "switch raw message delivery off" in str(raised.value.faults[0])
