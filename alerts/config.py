"""winnow.yaml as pydantic models: what may be set, in which units, with which defaults.

A field that is a `Secret`, or that has `repr=False`, is hidden: its value stands in no repr, no fault
and not in the version, and `<field>_file` may name a file that holds it.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, SerializeAsAny, Tag, model_validator

from alerts.alert import Alert, Status
from alerts.config_limits import Limits
from alerts.config_llm import Llm
from alerts.config_mapping import Mapping
from alerts.config_resolve import Resolve
from alerts.config_section import Name, Section
from alerts.config_shadow import ShadowField
from alerts.config_sources import Cidr, Source
from alerts.config_tls import Tls
from alerts.decision import Severity
from alerts.fields import Bootstrap, Listen, MatchersField, Pause, Size, Span, Url, Wait, Zone

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""0 to 1."""


class Kafka(Section):
    """Where the topics live."""

    bootstrap: Bootstrap = "127.0.0.1:9092"
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "winnow"
    partitions: Annotated[int, Field(ge=1, le=4096)] = 32
    """Set once: the state of the flow belongs to this number."""
    replication: Annotated[int, Field(ge=1, le=32)] = 1
    client: Annotated[dict[str, str], Field(repr=False)] = {}
    """Further librdkafka settings (TLS, SASL), given to every client; may hold passwords."""


class Gateway(Section):
    """The HTTP side."""

    listen: Listen = "127.0.0.1:8080"
    max_body: Annotated[Size, Field(ge=1024, le=1024**3)] = 10 * 1024**2
    max_alerts_per_request: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """For /webhook/proxy; the plain Alertmanager path has no limit but the body's size."""
    produce_timeout: Wait = timedelta(seconds=4.5)
    """How long a request waits for Kafka's report before it is answered 503: within 5 s with what checking takes."""
    request_timeout: Wait = timedelta(seconds=30)
    """How long a sender may take to send its body."""
    wait_max: Wait = timedelta(seconds=30)
    """How long a sender may wait for what becomes of its alerts (`Prefer: wait`), in whole seconds."""
    max_waiting: Annotated[int, Field(ge=0, le=10_000)] = 100
    """Requests that wait so at a time, in one process; one more is answered at once."""
    limits: Limits = Limits()
    sources: Annotated[list[Source], Field(max_length=1000)] = []
    """Who may send. None: only who is on this machine, for then `listen` must be a loopback address."""
    open: bool = False
    """Anybody may send, from everywhere: for a gateway behind something that lets in only who may."""
    open_metrics: bool = False
    """Anybody may read /metrics. Else it takes a source that has it among its `paths`, if there are any sources."""
    docs: bool = True
    """Whether /openapi.json and /docs tell anybody who can connect what may be sent; they name no source."""
    trusted_proxies: list[Cidr] = []
    """Whose X-Forwarded-For is believed; nobody else's is."""
    tls: Tls | None = None
    """None: plain HTTP."""

    @model_validator(mode="after")
    def _can_know_its_sources(self) -> Self:
        if self.open and self.sources:
            raise ValueError("expected `sources` or `open: true`, got both")
        shows_certificates = self.tls is not None and self.tls.client != "none"
        if not shows_certificates and any(source.mtls for source in self.sources):
            raise ValueError("expected `tls` with `client: optional` or `client: required`, for a source has `mtls`")
        return self

    access_log: bool = False
    """A line of JSON for each request, on standard error."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that take requests; they share the port."""
    stop_delay: Pause = timedelta(0)
    """After SIGTERM: how long it goes on taking requests while /readyz says no, for load balancers to notice."""


class Dedup(Section):
    """What counts as a repeat."""

    window: Span = timedelta(hours=4)
    """How long the same status of an alert is a repeat."""


class Hours(Section):
    """A time of day, perhaps on some days, in one time zone."""

    start: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    end: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
    """Not included; earlier than `start` means over midnight."""
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = []
    """Empty: every day."""
    zone: Zone = "UTC"

    @model_validator(mode="after")
    def _is_some_time(self) -> Self:
        if self.start == self.end:
            raise ValueError("expected an end that differs from the start (the whole day: 00:00 to 24:00)")
        return self


class Namespaces(Section):
    """Namespaces by name."""

    include: list[str] = []
    exclude: list[str] = []


class When(Section):
    """Conditions that rules share; a rule holds if all that are given hold."""

    severity: list[Severity] = []
    category: list[str] = []
    confidence_below: Share | None = None
    status: Status | None = None
    namespaces: Namespaces | None = None
    ended_before: Span | None = None
    """Its endsAt lies at least this long before the moment it was accepted."""
    started_before: Span | None = None
    """It has no endsAt, and its startsAt lies at least this long before the moment it was accepted."""
    hours: Hours | None = None


class ClassifyRule(Section):
    """An own rule: what a matching alert is taken for."""

    name: Name
    match: MatchersField
    severity: Severity
    category: str = "unknown"
    confidence: Share = 0.9
    recommendations: Annotated[list[str], Field(max_length=5)] = []

    @model_validator(mode="after")
    def _is_no_other(self) -> Self:
        if self.name == "builtin":
            raise ValueError("expected another name: `builtin` is Winnow's own table")
        return self


def _is_rule(value: object) -> str:
    return "builtin" if isinstance(value, str) else "rule"


class Classify(Section):
    """How alerts are judged."""

    rules: (
        Literal["builtin"]
        | list[
            Annotated[
                Annotated[ClassifyRule, Tag("rule")] | Annotated[Literal["builtin"], Tag("builtin")],
                Discriminator(_is_rule),
            ]
        ]
    ) = "builtin"
    """Asked one after another; `builtin` among them is Winnow's own table, in its turn."""
    llm: Llm | None = None
    """None: the rules decide alone."""

    @model_validator(mode="after")
    def _has_builtin_once(self) -> Self:
        if isinstance(self.rules, list) and self.rules.count("builtin") > 1:
            raise ValueError("expected `builtin` once among the rules")
        return self


class FilterRule(When):
    """Lets an alert through or ends it here; the first rule that holds decides."""

    name: Name
    when: MatchersField | None = None
    action: Literal["allow", "deny"] = "deny"
    critical: bool = False
    """Without it the rule has no effect on critical alerts."""


class Route(When):
    """Who is told; the first that holds decides, unless it says `continue`."""

    model_config = ConfigDict(populate_by_name=True)

    name: Name | None = None
    match: MatchersField | None = None
    to: Annotated[list[str], Field(min_length=1)]
    go_on: Annotated[bool, Field(alias="continue")] = False


class Target(Section):
    """What every kind of target has; each kind adds its own in `connectors/targets/<kind>.py`."""

    name: Name
    kind: str
    enabled: bool = True
    filter: list[FilterRule] = []
    """Further filter rules, for this target only."""
    timeout: Wait = timedelta(seconds=15)
    """How long one attempt may take."""
    rate: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] | None = None
    """Requests a second, over time; None: no limit. What is too much waits, it is never dropped."""
    burst: Annotated[int, Field(ge=1, le=10_000)] = 1
    """How many may go at once before the rate holds."""
    fallback: Name | None = None
    """The target that is told in its place what it refuses for good or does not take until the deadline."""

    def opens_incident(self, alert: Alert) -> bool:  # noqa: ARG002 a kind may look at it
        """Whether a firing of this alert opens there what only its resolve closes; a kind may say otherwise."""
        return False

    @property
    def alerts_a_request(self) -> int:
        """How many alerts one request may tell of."""
        return 1

    @property
    def heartbeat(self) -> timedelta | None:
        """How often it must be told again what it was told, or it forgets; None: once is enough."""
        return None

    @model_validator(mode="after")
    def _falls_back_to_another(self) -> Self:
        if self.fallback == self.name:
            raise ValueError("expected another target as the fallback")
        return self


class HttpTarget(Target):
    """A target that is told by HTTP."""

    url: Annotated[Url, Field(repr=False)]
    allow_private: bool = False
    """Whether it may be at a private or loopback address (in the cluster, or for trying out)."""


class Deadline(Section):
    """How long a delivery may be tried, by the severity of its alert."""

    critical: Span = timedelta(hours=1)
    others: Span = timedelta(minutes=15)


class Publish(Section):
    """How deliveries are sent."""

    deadline: Deadline = Deadline()
    backoff: Pause = timedelta(milliseconds=500)
    """Before the second try; doubles each time, up to a minute, and varies so that not all come at once."""
    max_concurrent: Annotated[int, Field(ge=1, le=1000)] = 32
    """Requests under way to one target at a time."""
    max_pending: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000
    """Deliveries that wait in one process, all targets together; at this bound no more is read from Kafka."""


class Flow(Section):
    """The Bytewax side."""

    metrics_listen: Listen = "127.0.0.1:9464"
    group: Annotated[str, Field(min_length=1, max_length=200)] = "winnow"
    """Consumer group the flow's progress is committed to."""
    cold_start_rewind: Span = timedelta(minutes=10)
    """Without a snapshot: how far before the group's offset to begin, for what was under way when the process ended."""
    drain: Wait = timedelta(seconds=20)
    """After SIGTERM: how long what is under way may take to finish before the rest is saved."""


class Config(Section):
    """All of winnow.yaml."""

    kafka: Kafka = Kafka()
    gateway: Gateway = Gateway()
    flow: Flow = Flow()
    dedup: Dedup = Dedup()
    resolve: Resolve = Resolve()
    mappings: Annotated[list[Mapping], Field(max_length=1000)] = []
    classify: Classify = Classify()
    filter: list[FilterRule] = []
    routes: list[Route] = []
    """None: every alert goes to every enabled target."""
    publish: Publish = Publish()
    targets: list[SerializeAsAny[Target]] = []
    shadow: ShadowField = None
