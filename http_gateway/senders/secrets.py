"""The current value of a secret and the one before, as they are compared."""

from __future__ import annotations

import hmac
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import SecretStr

    from http_gateway.senders.secret_files import SecretFiles


class Secrets:
    """Values made from secrets; from files they change while the gateway runs."""

    def __init__(self, secrets: Iterable[SecretStr | None], made: Callable[[str], bytes], files: SecretFiles) -> None:
        """`made` turns the text of a secret into the value; raises ValueError if it cannot be used."""
        given = [secret for secret in secrets if secret is not None]
        self.values = tuple(made(secret.get_secret_value()) for secret in given)
        """All that hold."""
        for place, secret in enumerate(given):
            files.follow(secret, partial(self._change, place, made))

    def _change(self, place: int, made: Callable[[str], bytes], text: str) -> None:
        values = list(self.values)
        values[place] = made(text)
        self.values = tuple(values)

    def holds(self, value: bytes) -> bool:
        """Whether it is one of them, in a time that does not depend on which, or on how near it comes."""
        found = False
        for known in self.values:
            found |= hmac.compare_digest(known, value)
        return found
