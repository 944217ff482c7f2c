"""`classify.llm:` the model that advises on alerts, what it may cost, and what it is shown."""

from datetime import timedelta
from typing import Annotated, Literal, Self

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, model_validator

from alerts.config_section import Section
from alerts.config_tree import Leaf
from alerts.errors import MatcherError
from alerts.fields import HeaderSecret, Span, Url, Wait, check_one_proof
from alerts.matcher_regex import compile_search


def _search(pattern: str) -> str:
    try:
        compile_search(pattern)
    except MatcherError as error:
        raise ValueError(str(error)) from error
    return pattern


def _as_json(value: object) -> object:
    """What winnow.yaml hands on as text, for its types are elsewhere known by the field: here a number is a number."""
    if isinstance(value, dict):
        return {name: _as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    if not isinstance(value, Leaf):
        return value
    try:
        found = orjson.loads(str(value))
    except ValueError:
        return str(value)
    return found if isinstance(found, int | float) else str(value)


_PATHS = ("/chat/completions", "/classify")

Label = Annotated[str, Field(min_length=1, max_length=200)]
Host = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]

Redaction = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_search)]

# What says what an alert is about. A label that is not listed here is not sent and makes no template of its own.
LABELS: tuple[str, ...] = (
    "alertname", "severity", "priority", "level", "type", "category", "job", "service", "app", "application",
    "component", "namespace", "cluster", "environment", "env", "team", "region", "zone", "deployment", "statefulset",
    "daemonset", "cronjob", "container", "reason", "condition", "code", "mountpoint", "fstype", "device", "queue",
    "topic", "database", "method", "phase", "resource",
)  # fmt: skip
ANNOTATIONS: tuple[str, ...] = ("summary", "description", "message", "title")


class Llm(Section):
    """Asked through HTTP; never by whom the alert waits longer than `deadline`."""

    base_url: Annotated[Url, Field(repr=False)]
    """For `openai` up to and with `/v1`; for `classify` what stands before `/classify`."""
    dialect: Literal["openai", "classify"] = "openai"
    """OpenAI's chat completions, or the protocol of the earlier alert-history-service."""
    model: Annotated[str, Field(min_length=1, max_length=200)]
    api_key: HeaderSecret | None = None
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    """What of `response_format` the server knows; the reply is validated in any case."""
    max_tokens: Annotated[int, Field(ge=16, le=10_000)] = 400
    """Of one reply."""
    request: Annotated[dict[str, JsonValue], BeforeValidator(_as_json)] = {}
    """Further fields of each request to a server that speaks `openai`, in place of Winnow's own; null takes one out."""
    deadline: Wait = timedelta(seconds=5)
    """How long an alert waits for the model before the rules decide alone."""
    critical_deadline: Wait = timedelta(seconds=1)
    """The same for what the rules call critical; the deadline of others if that is shorter."""
    timeout: Wait = timedelta(seconds=5)
    """Of one call, which goes on when nobody waits for it any more: its answer serves the next alerts."""
    max_concurrent: Annotated[int, Field(ge=1, le=100)] = 4
    """Calls under way at a time, in one process."""
    calls_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 60
    calls_per_day: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    """A day of UTC, as for the tokens; None: no bound but the one by the minute."""
    tokens_per_day: Annotated[int, Field(ge=1, le=100_000_000_000)] | None = 1_000_000
    """Of prompts and replies together."""
    new_templates_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 30
    """In a storm so many are asked about; the rules judge the others."""
    cache: Span = timedelta(hours=1)
    """How long an answer serves alerts of the same template."""
    cache_failures: Span = timedelta(minutes=1)
    """How long nobody is asked again about a template whose call failed."""
    cache_max: Annotated[int, Field(ge=1, le=20_000)] = 2000
    """Templates whose answers are kept; the oldest make room. Each snapshot writes all of a partition."""
    labels: Annotated[list[Label], Field(max_length=200)] = list(LABELS)
    """What the model is shown; all else stays here."""
    annotations: Annotated[list[Label], Field(max_length=50)] = list(ANNOTATIONS)
    redact: Annotated[list[Redaction], Field(max_length=100)] = []
    """Regular expressions (RE2) of what else is secret, beside what Winnow knows by itself."""
    links: Annotated[list[Host], Field(max_length=100)] = []
    """Hosts to which a link in the model's text may be clicked."""

    @model_validator(mode="after")
    def _critical_is_first(self) -> Self:
        if "critical_deadline" in self.model_fields_set and self.critical_deadline > self.deadline:
            raise ValueError("expected a critical_deadline of at most the deadline")
        return self

    @model_validator(mode="after")
    def _proves_itself_once(self) -> Self:
        check_one_proof("api_key", self.api_key, self.base_url, "base_url")
        return self

    @property
    def critical_wait(self) -> timedelta:
        """How long what the rules call critical waits: never longer than others."""
        return min(self.critical_deadline, self.deadline)

    @model_validator(mode="after")
    def _leaves_what_is_ours(self) -> Self:
        if self.base_url.rstrip("/").endswith(_PATHS):
            raise ValueError(f"expected a base_url without {' and '.join(_PATHS)}: Winnow adds that")
        if "messages" in self.request or "stream" in self.request:
            raise ValueError("expected no messages and no stream in the request: they are Winnow's")
        return self
