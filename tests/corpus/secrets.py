"""Made-up secrets of every kind that stands in alerts, each with what of it nobody may see."""

from __future__ import annotations

import base64
import string
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


class Planted(NamedTuple):
    """A text with a secret in it."""

    text: str
    secret: str


ALPHANUMERIC = string.ascii_letters + string.digits
BASE64URL = ALPHANUMERIC + "-_"
UPPER = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"


def _drawn(random: Random, chars: str, length: int) -> str:
    return "".join(random.choices(chars, k=length))


def _prefixed(prefix: str, chars: str, length: int) -> Callable[[Random], Planted]:
    def make(random: Random) -> Planted:
        secret = _drawn(random, chars, length)
        return Planted(prefix + secret, secret)

    return make


def _around(text: str, chars: str = ALPHANUMERIC, length: int = 12) -> Callable[[Random], Planted]:
    def make(random: Random) -> Planted:
        secret = _drawn(random, chars, length)
        return Planted(text.replace("@@", secret), secret)

    return make


def _jwt(random: Random) -> Planted:
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    claims = base64.urlsafe_b64encode(b'{"sub":"' + random.randbytes(12).hex().encode() + b'"}').decode().rstrip("=")
    signature = _drawn(random, BASE64URL, 43)
    return Planted(f"{head}.{claims}.{signature}", signature)


def _basic(random: Random) -> Planted:
    secret = base64.b64encode(b"admin:" + _drawn(random, ALPHANUMERIC, 12).encode()).decode()
    return Planted(f"Basic {secret}", secret)


def _key_block(random: Random) -> Planted:
    lines = [base64.b64encode(random.randbytes(48)).decode() for _ in range(4)]
    body = "\n".join(lines)
    return Planted(
        f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----", lines[random.randrange(4)]
    )


def _base64(random: Random) -> Planted:
    secret = base64.b64encode(random.randbytes(32)).decode()
    return Planted(secret, secret)


KINDS: dict[str, Callable[[Random], Planted]] = {
    "openai": _prefixed("sk-", ALPHANUMERIC, 48),
    "openai project": _prefixed("sk-proj-", BASE64URL, 64),
    "anthropic": _prefixed("sk-ant-api03-", BASE64URL, 93),
    "stripe": _prefixed("sk_live_", ALPHANUMERIC, 24),
    "github classic": _prefixed("ghp_", ALPHANUMERIC, 36),
    "github server": _prefixed("ghs_", ALPHANUMERIC, 36),
    "github fine": _prefixed("github_pat_", ALPHANUMERIC + "_", 82),
    "gitlab": _prefixed("glpat-", BASE64URL, 20),
    "slack bot": _prefixed("xoxb-", string.digits + "-" + ALPHANUMERIC, 50),
    "slack app": _prefixed("xapp-1-", ALPHANUMERIC + "-", 60),
    "aws id": _prefixed("AKIA", UPPER, 16),
    "aws session id": _prefixed("ASIA", UPPER, 16),
    "google": _prefixed("AIza", BASE64URL, 35),
    "google oauth": _prefixed("ya29.", BASE64URL, 60),
    "npm": _prefixed("npm_", ALPHANUMERIC, 36),
    "pypi": _prefixed("pypi-AgEIcHlwaS5vcmc", BASE64URL, 80),
    "grafana": _prefixed("glsa_", ALPHANUMERIC, 32),
    "vault": _prefixed("hvs.", BASE64URL, 24),
    "sendgrid": _around("SG.@@.ngeVfQFYQlKU0ufo8x5d1TwL2iGABf9DHoTf09kqeF8", BASE64URL, 22),
    "telegram": _prefixed("123456789:AA", BASE64URL, 33),
    "jwt": _jwt,
    "hex 32": _prefixed("", HEX, 32),
    "hex 64": _prefixed("", HEX.upper(), 64),
    "base64": _base64,
    "base64url": _prefixed("", BASE64URL, 43),
    "basic": _basic,
    "private key": _key_block,
    "bearer": _around("Bearer @@", BASE64URL, 20),
    "bearer lower": _around("authorization bearer @@"),
    "authorization": _around("Authorization: Token @@"),
    "authorization in json": _around('"authorization": "Digest username=\\"u\\", response=\\"@@\\""', HEX, 16),
    "cookie": _around("Cookie: theme=dark; session=@@; lang=de"),
    "set-cookie": _around("Set-Cookie: sid=@@; Path=/; HttpOnly"),
    "x-api-key": _around("X-Api-Key: @@"),
    "x-auth-token": _around("x-auth-token=@@"),
    "password equals": _around("password=@@"),
    "password colon": _around("Password: @@"),
    "password of": _around("DB_PASSWORD=@@"),
    "password quoted": _around('password = "two words @@"'),
    "password single": _around("passwd='@@'"),
    "password said": _around("the password is @@"),
    "password json": _around('{"user": "bob", "password": "@@"}'),
    "password json in json": _around('{\\"password\\": \\"@@ and more\\"}'),
    "password yaml": _around("adminPassword: @@"),
    "password xml": _around("<db:password>@@</db:password>"),
    "password option": _around("mysql --password @@ -u root"),
    "password glued": _around("ran mysql -u root -h db -p@@ and failed"),
    "password sql": _around("CREATE USER x IDENTIFIED BY '@@'"),
    "pwd": _around("Server=db;Uid=sa;Pwd=@@;"),
    "secret": _around("client_secret=@@"),
    "secret colon": _around("secret: @@"),
    "token query": _around("https://example.com/x?access_token=@@&y=1"),
    "token equals": _around("token=@@"),
    "token arrow": _around("'token' => '@@'"),
    "api key": _around("apiKey: @@"),
    "api key words": _around("API key: @@"),
    "account key": _around("AccountName=x;AccountKey=@@;EndpointSuffix=core.windows.net", ALPHANUMERIC, 40),
    "signature": _around("https://x.blob.core.windows.net/c?sv=2022&sig=@@", ALPHANUMERIC, 20),
    "url": _around("postgres://app:@@@db.example.com:5432/shop"),
    "url odd": _around("https://app:p/@@#x@example.com/"),
    "url token": _around("https://@@@github.com/o/r.git", ALPHANUMERIC, 20),
    "without scheme": _around("mongo at admin:@@@10.0.0.1"),
    "slack hook": _around("https://hooks.slack.com/services/T00000000/B00000000/@@", ALPHANUMERIC, 24),
    "discord hook": _around("https://discord.com/api/webhooks/123456789/@@", BASE64URL, 68),
    "teams hook": _around("https://x.webhook.office.com/webhookb2/@@", ALPHANUMERIC + "-", 36),
    "telegram hook": _around("https://api.telegram.org/bot123456:@@/sendMessage", BASE64URL, 35),
    "genie": _around("GenieKey @@", HEX, 16),
}
"""What stands in an alert by mistake, as those who make it write it."""


def left_of(secret: str, text: str) -> list[str]:
    """The parts of a secret, of eight characters, that can be read in the text."""
    parts = {secret[at : at + 8] for at in range(len(secret) - 7)}
    return sorted(part for part in parts if part in text)
