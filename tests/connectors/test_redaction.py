from __future__ import annotations

import json

import pytest

from connectors import redaction
from connectors.redaction import hide, redacted


@pytest.fixture(autouse=True)
def _nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_hidden", set())


def test_secret_is_masked_wherever_it_stands() -> None:
    hide(["one-secret", "another-secret"])
    assert redacted("one-secret, url=another-secret&x") == "[secret], url=[secret]&x"


def test_text_without_secrets_stays_as_it_is() -> None:
    hide(["one-secret"])
    assert redacted("nothing to see") == "nothing to see"


def test_longer_secret_is_masked_as_a_whole() -> None:
    hide(["token-1", "https://example.com/token-1/tail"])
    assert redacted("to https://example.com/token-1/tail") == "to [secret]"


@pytest.mark.parametrize("spell", [json.dumps, repr])
def test_secret_is_masked_as_json_and_repr_spell_it(spell: type[str]) -> None:
    secret = 'back\\slash "quote" \u00e4'
    hide([secret])
    assert "slash" not in redacted(spell(secret))
