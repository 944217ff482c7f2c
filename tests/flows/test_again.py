"""What was judged is judged once more, and comes out as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.advice import Advice, How
from alerts.config import Config
from flows.again import again
from tests.support.advice import ANSWER
from tests.support.events import STARTS_AT
from tests.support.whole_flow import webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.request import Message


def _config(**sections: object) -> Config:
    return Config.model_validate({"kafka": {"partitions": 4}, "targets": [], **sections})


def _alert(number: int) -> dict[str, object]:
    labels = {"alertname": "Checkout", "instance": f"api-{number}"}
    return {"status": "firing", "labels": labels, "startsAt": STARTS_AT}


def _judged(config: Config, recorded: Mapping[str, Advice]) -> list[Message]:
    told: list[Message] = []
    alerts = [_alert(number) for number in range(3)]
    again(config, [*webhook(*alerts), *webhook(*alerts, number=1)], recorded, told.append)
    return told


def test_records_judged_twice_give_the_same_bytes() -> None:
    first = _judged(_config(), {})
    assert sum(message.value.count(b'"dedup"') for message in first) == 6
    assert sorted(_judged(_config(), {})) == sorted(first)


def test_recorded_answers_are_used_where_there_is_a_model() -> None:
    llm = {"base_url": "http://127.0.0.1:1/v1", "model": "small"}
    recorded = {f"{0:032x}-0": Advice("a" * 16, How.ANSWERED, ANSWER)}
    values = b"".join(message.value for message in _judged(_config(classify={"llm": llm}), recorded))
    assert values.count(b'"how":"answered"') == 1
    assert values.count(b'"how":"unrecorded"') == 2
