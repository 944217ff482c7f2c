"""What the gateway answers, as models: for its OpenAPI document, and for tests that hold the answers against it."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
IngestId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0)]


class Detail(BaseModel):
    """One thing that is wrong with a body."""

    field: str
    """Where: `alerts[2].labels.alertname`; empty: the body as a whole."""
    error: str
    """What was expected and what came."""


class Summary(BaseModel):
    """How many alerts of a request became what."""

    total_received: Count
    total_accepted: Count
    total_quarantined: Count


class Accepted(BaseModel):
    """All that is valid is stored in Kafka."""

    status: Literal["accepted", "partial"]
    message: str
    ingest_id: IngestId
    """Stands in the decisions about these alerts."""
    timestamp: Instant
    alerts_summary: Summary
    details: Annotated[list[Detail], Field(max_length=100)] = []
    """What is wrong with those that are not; the first hundred."""


class Error(BaseModel):
    """Why a request is refused."""

    code: str
    message: str
    details: Annotated[list[Detail], Field(max_length=100)]
    timestamp: Instant
    request_id: str
    """`X-Request-ID` as sent, or one that was made."""


class Refused(BaseModel):
    """The shape of every error."""

    error: Error


class Healthy(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """It takes alerts."""

    status: Literal["ready"]


class NotReady(BaseModel):
    """It does not: Kafka is away, or it is about to end."""

    status: Literal["not ready"]
    reason: str


class Cluster(BaseModel):
    """There is none."""

    name: str
    peers: list[str]
    status: Literal["disabled"]


class Version(BaseModel):
    """Which Winnow this is."""

    branch: str
    buildDate: str  # noqa: N815 Alertmanager's spelling
    buildUser: str  # noqa: N815
    goVersion: str  # noqa: N815
    revision: str
    version: str


class Original(BaseModel):
    """The configuration, which is not shown."""

    original: Literal[""]


class Status(BaseModel):
    """What Alertmanager's clients ask first."""

    cluster: Cluster
    config: Original
    uptime: Instant
    versionInfo: Version  # noqa: N815
