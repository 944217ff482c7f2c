"""What a record of the replies topic may hold, and where an envelope says that it goes."""

from __future__ import annotations

from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import reply
from alerts.errors import FormatError
from alerts.reply import Address, Decided

TOKEN = "0123456789abcdef"


def test_address_is_read_as_it_is_written() -> None:
    assert reply.address(str(Address(3, TOKEN))) == Address(3, TOKEN)


@pytest.mark.parametrize(
    "text", ["", "3", TOKEN, f"/{TOKEN}", f"x/{TOKEN}", f"-1/{TOKEN}", "3/abc", f"3/{TOKEN}0", f"3/{TOKEN}\n"]
)
def test_what_is_no_address_is_nobodys(text: str) -> None:
    assert reply.address(text) is None


def test_input_id_names_its_request_and_its_place() -> None:
    assert reply.ingest_id(f"{'a' * 32}-17") == "a" * 32
    assert reply.position(f"{'a' * 32}-17") == 17


def test_decision_of_a_duplicate_has_no_more_than_dedup_said() -> None:
    row = {"id": "a-0", "fingerprint": "f", "dedup": {"outcome": "duplicate", "rule": "window", "saw": {}}}
    value = orjson.dumps({"v": 1, "decisions": [row]})
    assert reply.decode(value) == [Decided("a-0", "f", ("duplicate", "window"), None, None, (), ())]


@pytest.mark.parametrize(
    "value",
    [b"", b"[]", b"{}", b'{"v":2}', b'{"v":1,"decisions":[{}]}', b'{"v":1,"outcomes":[7]}', b'{"v":1,"outcomes":3}'],
)
def test_what_is_no_reply_is_refused(value: bytes) -> None:
    with pytest.raises(FormatError, match="reply"):
        reply.decode(value)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(),
    lambda more: st.lists(more) | st.dictionaries(st.text(), more),
)


@given(st.dictionaries(st.sampled_from(["v", "decisions", "outcomes"]), _json))
def test_any_json_is_replies_or_a_format_error(content: dict[str, object]) -> None:
    with suppress(FormatError):
        assert reply.decode(orjson.dumps({**content, "v": 1})) == []
