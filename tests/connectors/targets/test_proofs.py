"""A target that names a user in its address and is sent a token beside could not be told anything."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.targets import kinds

URL = "https://anna:hidden@example.com/x"


@pytest.mark.parametrize(
    ("kind", "field", "given"),
    [
        ("webhook", "token", {"token": "t"}),
        ("webhook", "headers.authorization", {"headers": {"Authorization": "Digest x"}}),
        ("slack", "token", {"token": "t", "channel": "c"}),
        ("rootly", "token", {"token": "t"}),
    ],
)
def test_user_in_the_address_beside_another_proof_is_a_fault_that_holds_no_secret(
    kind: str, field: str, given: dict[str, object]
) -> None:
    config = kinds()[kind].Config
    entry = {"name": "a", "kind": kind, **given}
    assert config.model_validate({**entry, "url": "https://example.com/x"}).name == "a"
    with pytest.raises(ValidationError) as refused:
        config.model_validate({**entry, "url": URL})
    (fault,) = refused.value.errors()
    assert fault["msg"].endswith(f"expected {field} or a user in url, got both: a request has room for one of them")
    assert "hidden" not in fault["msg"]


def test_user_in_the_address_alone_is_none() -> None:
    assert kinds()["webhook"].Config.model_validate({"name": "a", "kind": "webhook", "url": URL}).name == "a"
