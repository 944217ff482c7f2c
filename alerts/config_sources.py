"""Who may send: each source, and how it proves who it is."""

import base64
import binascii
import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, model_validator

from alerts.config_section import Name, Section
from alerts.fields import Secret

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Valid credentials always pass, however many tries came before them, so they must not be found by trying.
SECRET_MIN_CHARS = 16
SECRET_MAX_CHARS = 4096
KEY_PREFIX = "whsec_"
NAME_KINDS = ("dns:", "uri:", "ip:", "email:")

# RFC 9110, section 5.6.2.
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VISIBLE = re.compile(r"[\x21-\x7e]*")
_OWN_HEADERS = frozenset({"connection", "content-length", "content-type", "cookie", "host", "transfer-encoding"})


def _network(value: object) -> Network:
    if isinstance(value, Network):
        return value
    try:
        return ipaddress.ip_network(str(value))
    except ValueError:
        pass  # its text quotes what came
    raise ValueError(
        "expected an address such as 10.1.2.3, or a network such as 10.0.0.0/8 or fd00::/8 (zeros at its end)"
    )


def _header(value: str) -> str:
    if not _HEADER.fullmatch(value) or value.lower() in _OWN_HEADERS:
        raise ValueError("expected the name of a header of its own, such as X-API-Key")
    return value.lower()


def secret_text(text: str) -> str:
    """A secret that nobody finds by trying.

    Raises:
        ValueError: It is too short or too long.
    """
    if not SECRET_MIN_CHARS <= len(text) <= SECRET_MAX_CHARS:
        raise ValueError(f"expected {SECRET_MIN_CHARS} to {SECRET_MAX_CHARS} characters, random ones")
    return text


def header_text(text: str) -> str:
    """A secret that a header can carry as it is.

    Raises:
        ValueError: It cannot, or it is too short or too long.
    """
    if not _VISIBLE.fullmatch(text):
        raise ValueError("expected visible ASCII characters without spaces")
    return secret_text(text)


def signing_key(text: str) -> bytes:
    """The key in a secret of Standard Webhooks.

    Raises:
        ValueError: It is none.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    try:
        key = base64.b64decode(text.removeprefix(KEY_PREFIX).encode("ascii", "replace"), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(KEY_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError(f"expected {KEY_PREFIX} and 24 to 64 bytes in base64, as Standard Webhooks says")
    return key


def _strong(secret: Secret) -> Secret:
    secret_text(secret.get_secret_value())
    return secret


def _sendable(secret: Secret) -> Secret:
    header_text(secret.get_secret_value())
    return secret


def _name(value: str) -> str:
    if not value.startswith(NAME_KINDS) or value in NAME_KINDS:
        raise ValueError(f"expected a name that begins with {', '.join(NAME_KINDS)} such as dns:am.example.com")
    return value


Cidr = Annotated[Network, PlainValidator(_network), PlainSerializer(str, return_type=str)]
"""An address or a network."""
HeaderName = Annotated[str, AfterValidator(_header)]
"""In lower case."""
UrlPath = Annotated[str, Field(pattern=r"^/[!-~]*$", max_length=200)]
_Strong = Annotated[Secret, AfterValidator(_strong)]
_Sendable = Annotated[Secret, AfterValidator(_sendable)]


class Bearer(Section):
    """`Authorization: Bearer ...`."""

    token: _Sendable
    previous: _Sendable | None = None
    """The one before, which holds as well: so that sender and Winnow need not change at the same moment."""


class Basic(Section):
    """`Authorization: Basic ...`, RFC 7617."""

    user: Annotated[str, Field(pattern=r"^[^:\x00-\x1f\x7f]+$", max_length=200)]
    password: _Strong
    previous: _Strong | None = None


class ApiKey(Section):
    """A secret in a header of the sender's choice."""

    header: HeaderName = "x-api-key"
    key: _Sendable
    previous: _Sendable | None = None


class Hmac(Section):
    """A signature of the body: HMAC with SHA-256."""

    flavour: Literal["grafana", "github", "standard-webhooks"]
    secret: _Strong
    previous: _Strong | None = None
    header: HeaderName | None = None
    """Which holds the signature; None: the flavour's own."""
    timestamp_header: HeaderName | None = None
    """Grafana: which holds the time that is signed with the body; None: the body alone is signed."""

    @model_validator(mode="after")
    def _fits_its_flavour(self) -> Self:
        if self.flavour == "standard-webhooks":
            for secret in filter(None, (self.secret, self.previous)):
                signing_key(secret.get_secret_value())
            if self.header:
                raise ValueError("expected no header: Standard Webhooks has its own")
        if self.timestamp_header and self.flavour != "grafana":
            raise ValueError("expected no timestamp_header: only Grafana's is configurable")
        return self


class Mtls(Section):
    """A certificate that the client CA has signed and whose subject, or one of whose names, stands here."""

    subjects: list[str] = []
    """As RFC 4514 writes them, the most specific part first: `CN=alertmanager,O=Example`."""
    names: list[Annotated[str, AfterValidator(_name)]] = []
    """Subject alternative names: `dns:am.example.com`, `uri:spiffe://example.com/am`, `ip:10.0.0.1`, `email:a@b.c`."""

    @model_validator(mode="after")
    def _names_someone(self) -> Self:
        if not self.subjects and not self.names:
            raise ValueError("expected subjects or names")
        return self


class Source(Section):
    """One that may send. All that is given here must hold; whoever may come one way or another is two sources."""

    name: Name
    """Stands in the decisions and in metrics."""
    bearer: Bearer | None = None
    basic: Basic | None = None
    api_key: ApiKey | None = None
    hmac: Hmac | None = None
    mtls: Mtls | None = None
    addresses: list[Cidr] = []
    """It comes from one of these; empty: from anywhere."""
    paths: list[UrlPath] = []
    """It may use these; empty: all that take alerts."""

    @model_validator(mode="after")
    def _proves_something(self) -> Self:
        if not (self.bearer or self.basic or self.api_key or self.hmac or self.mtls or self.addresses):
            raise ValueError("expected one or more of bearer, basic, api_key, hmac, mtls and addresses")
        if self.bearer and self.basic:
            raise ValueError("expected bearer or basic, got both, and both go into the same header")
        return self
