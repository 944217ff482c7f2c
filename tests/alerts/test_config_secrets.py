from __future__ import annotations

from alerts.config import Config, Kafka
from alerts.config_secrets import secrets
from connectors.targets import kinds


def of(kind: str, **settings: object) -> frozenset[str]:
    target = kinds()[kind].Config.model_validate({**kinds()[kind].EXAMPLE, **settings})
    return secrets(Config(targets=[target]))


def test_every_secret_field_of_a_target_is_among_them() -> None:
    found = of("webhook", token="a-bearer-token", headers={"X-Key": "a-key-of-ours"})
    assert {"a-bearer-token", "a-key-of-ours", "whsec_ZXhhbXBsZS1vbmx5LW5vdC1hLXNlY3JldC0wMDAw"} <= found


def test_secret_parts_of_an_address_are_among_them() -> None:
    url = "https://winnow:pass%20word@hooks.example.com/services/T0000000/abcdefghijklmnopqrstuvwx?token=in-the-query"
    found = of("webhook", url=url)
    assert {url, "pass%20word", "pass word", "in-the-query", "abcdefghijklmnopqrstuvwx"} <= found
    assert not {"winnow", "services", "T0000000"} & found


def test_address_without_secrets_stays_readable() -> None:
    assert of("alertmanager", url="http://alertmanager.example.com/api/v2/alerts") == frozenset()


def test_only_secret_settings_of_kafka_are_among_them() -> None:
    client = {"sasl.password": "kafka-password", "sasl.username": "winnow-user", "ssl.key.pem": "-----BEGIN KEY"}
    found = secrets(Config(kafka=Kafka(client={**client, "security.protocol": "SASL_SSL"})))
    assert found == {"kafka-password", "-----BEGIN KEY"}


def test_what_is_too_short_to_be_told_from_other_words_is_left_out() -> None:
    assert "short" not in of("pagerduty", routing_key="short")
