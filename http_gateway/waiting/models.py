"""The answer to a sender that waited, as models: for the OpenAPI document, and for tests of the answers."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from http_gateway.openapi.models import Count, IngestId, Instant

Ms = Annotated[float, Field(ge=0)]
"""Milliseconds."""


class Classification(BaseModel):
    """What an alert was taken for, and by whom."""

    severity: Literal["critical", "warning", "info", "noise", "unknown"]
    category: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    source: Literal["llm", "cache", "rules", "label"]
    recommendations: list[str]
    timestamp: Instant


class TargetResult(BaseModel):
    """What became of one target of one alert."""

    target_name: str
    target_type: str
    success: bool
    """Whether it took the notification."""
    status_code: int | None
    """Its last answer; null if there was none."""
    error_message: str
    error_code: Literal["", "DEAD_LETTERED", "TURNED_TO_FALLBACK", "MERGED", "NOT_NEEDED", "PENDING"]
    retry_count: Count
    processing_time_ms: Ms
    """How long all tries took, without the pauses between them."""


class AlertResult(BaseModel):
    """What became of one alert."""

    fingerprint: str
    alert_name: str
    status: Literal["success", "filtered", "partial", "failed", "pending"]
    classification: Classification | None
    classification_time_ms: Ms | None
    filter_action: Literal["allow", "deny"] | None
    filter_reason: str
    """Step, verdict and rule that decided."""
    publishing_results: list[TargetResult]
    error_message: str


class AlertsSummary(BaseModel):
    """How many alerts of a request became what."""

    total_received: Count
    total_processed: Count
    total_classified: Count
    total_filtered: Count
    total_published: Count
    total_failed: Count


class PublishingSummary(BaseModel):
    """The targets of all alerts together."""

    total_targets: Count
    successful_targets: Count
    failed_targets: Count
    total_publish_time_ms: Ms


class Waited(BaseModel):
    """What became of each alert, or what is known of it when the time is up."""

    status: Literal["success", "partial", "failed", "accepted"]
    message: str
    ingest_id: IngestId
    timestamp: Instant
    processing_time_ms: Ms
    alerts_summary: AlertsSummary
    alert_results: list[AlertResult]
    publishing_summary: PublishingSummary
