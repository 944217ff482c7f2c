"""What `winnow send` says of itself: headers, and the token of a source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alerts.errors import WinnowError

if TYPE_CHECKING:
    from pathlib import Path

# RFC 9110, sections 5.6.2 and 5.5.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")


def headers(lines: list[str], token_file: Path | None) -> dict[str, str]:
    """The headers of a request, names in lower case.

    Args:
        lines: `NAME: VALUE`.
        token_file: Holds a bearer token.

    Raises:
        WinnowError: A line or the token is none; the text does not show it, for it may be a secret.
    """
    given = {"content-type": "application/json"}
    if token_file is not None:
        given["authorization"] = f"Bearer {_token(token_file)}"
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value.strip()):
            raise WinnowError("--header: expected 'NAME: VALUE' in ASCII, got something else")
        given[name.lower()] = value.strip()
    return given


def _token(path: Path) -> str:
    try:
        token = path.read_text("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    except OSError as error:
        raise WinnowError(f"{path}: cannot be read: {error.strerror}") from error
    if not token or not _VALUE.fullmatch(token):
        raise WinnowError(f"{path}: expected a token, one line of ASCII")
    return token
