"""The part of winnow.yaml that says how senders reach the gateway by TLS."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_serializer, model_validator

from alerts.config_section import Section
from alerts.fields import Wait

FilePath = Annotated[str, Field(min_length=1, max_length=4096)]
"""A relative path starts at the folder of winnow.yaml."""


class Tls(Section):
    """TLS at `gateway.listen`; the files are read again when they change."""

    cert_file: FilePath
    """PEM: the server's certificate first, then the intermediate ones."""
    key_file: FilePath
    """PEM, without a password."""
    min_version: Literal["1.2", "1.3"] = "1.2"
    client: Literal["none", "optional", "required"] = "none"
    """Whether a sender shows a certificate (mTLS)."""
    client_ca_file: FilePath | None = None
    """PEM: who vouches for senders' certificates."""
    handshake_timeout: Wait = timedelta(seconds=10)
    max_handshakes: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Under way at a time, in one process; one more ends the one that has taken longest."""

    @field_serializer("handshake_timeout", when_used="json")
    def _as_written(self, length: timedelta) -> str:
        return f"{length / timedelta(milliseconds=1):.0f}ms"

    @model_validator(mode="after")
    def _knows_whom_to_trust(self) -> Self:
        if self.client != "none" and self.client_ca_file is None:
            raise ValueError(f"expected a client_ca_file, for client is {self.client}")
        if self.client == "none" and self.client_ca_file is not None:
            raise ValueError("expected client: optional or client: required, for there is a client_ca_file")
        return self
