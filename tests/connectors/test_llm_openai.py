from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.config_llm import Llm
from connectors.llm_dialect import Said
from connectors.llm_openai import body, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "refusal", "usage", "total_tokens", "text"]), inner
        )
    ),
)


def completion(message: object, **changes: object) -> dict[str, object]:
    choice = {"message": message, "finish_reason": "stop", **changes}
    return {"choices": [choice], "usage": {"total_tokens": 12}}


def test_reply_is_the_content_and_tokens_are_as_said() -> None:
    assert read(completion({"content": "{}"})) == Said("{}", 12)


def test_parts_that_are_text_are_put_together() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}, "c", {"text": 1}]
    assert read(completion({"content": parts})).reply == "ab"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (completion({"content": None, "refusal": "no"}), "the model refused"),
        (completion({"content": "{", "refusal": None}, finish_reason="length"), "the reply was cut off"),
        (completion({"content": ""}, finish_reason="length"), "the reply was cut off"),
        (completion({"content": " \n"}), "the model replied nothing"),
        (completion({"content": None}), "the model replied nothing"),
        (completion(None), "answered no chat completion"),
        ({"choices": []}, "answered no chat completion"),
        ({"error": {"message": "secret"}}, "answered no chat completion"),
        ([], "answered no chat completion"),
    ],
)
def test_what_is_no_reply_says_why(answer: object, error: str) -> None:
    assert read(answer).error.startswith(error)
    assert "secret" not in read(answer).error


@pytest.mark.parametrize(
    ("said", "tokens"), [(7, 7), (0, 0), (-5, 0), (True, 0), ("7", 0), (1.5, 0), (None, 0), (10**15, 10_000_000)]
)
def test_no_server_can_count_what_is_no_number_of_tokens(said: object, tokens: int) -> None:
    assert read({**completion({"content": "x"}), "usage": {"total_tokens": said}}).tokens == tokens


@given(JSON)
def test_any_json_is_read(value: object) -> None:
    said = read(orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)) if _fits(value) else value)
    assert bool(said.error) or str(said.reply).strip()


def _fits(value: object) -> bool:
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


def _settings(**changes: object) -> Llm:
    return Llm.model_validate({"base_url": "http://127.0.0.1:1/v1", "model": "small", **changes})


def test_fields_of_the_operator_take_the_place_of_ours_and_null_takes_one_out() -> None:
    request = {"max_tokens": None, "temperature": None, "max_completion_tokens": 400, "seed": 7}
    asked = orjson.loads(body(_settings(request=request), [{"role": "user", "content": "?"}]))
    assert asked.keys() == {"model", "messages", "response_format", "max_completion_tokens", "seed"}


@pytest.mark.parametrize("name", ["messages", "stream"])
def test_question_itself_is_ours(name: str) -> None:
    with pytest.raises(ValidationError, match="they are Winnow's"):
        _settings(request={name: True})
