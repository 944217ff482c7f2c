"""`mappings:` in winnow.yaml: how any JSON becomes alerts."""

from typing import Annotated, Self

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from alerts.config_section import Name, Section
from alerts.expression import Expression
from alerts.fields import Size


def _expression(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise ValueError("expected an expression, in quotes if it begins with @, [, { or `")  # noqa: TRY004 pydantic
    return Expression(str(value))


ExpressionField = Annotated[Expression, PlainValidator(_expression), PlainSerializer(str, return_type=str)]
"""JMESPath, or `=text` for text that is always the same."""

Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=200)]
Named = dict[Annotated[str, Field(min_length=1, max_length=200)], ExpressionField]


class StatusWords(Section):
    """Whether an alert fires. Words are compared without regard to capitals."""

    value: ExpressionField
    firing: Words = ["firing"]
    resolved: Words = ["resolved"]
    ignore: Words = []
    """What is no alert: it is answered 2xx and counted, and that is all."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        _once(self.firing, self.resolved, self.ignore)
        return self


class SeverityWords(Section):
    """The label `severity`; a word that is in no list becomes the label as it came."""

    value: ExpressionField
    critical: Words = []
    warning: Words = []
    info: Words = []
    noise: Words = []

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        _once(self.critical, self.warning, self.info, self.noise)
        return self


class Sns(Section):
    """The bodies are messages of Amazon SNS: expressions see what is in `Message`, `body()` is the message itself."""

    confirm: bool = False
    """Confirm subscriptions by visiting their address, at Amazon's hosts only; else the log says what to do."""
    topics: Annotated[list[str], Field(max_length=1000)] = []
    """ARNs of the topics it takes; none: all."""

    @model_validator(mode="after")
    def _confirms_only_what_is_named(self) -> Self:
        if self.confirm and not self.topics:
            raise ValueError("expected `topics` beside `confirm: true`: whose topics else would be confirmed?")
        return self


class Mapping(Section):
    """`POST /v1/webhooks/<name>` takes JSON that becomes alerts by these expressions."""

    name: Name
    content_types: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")]], Field(min_length=1)
    ] = ["application/json"]
    max_body: Annotated[Size, Field(ge=1024, le=10 * 1024**2)] = 1024**2
    """Expressions are slower than the formats that are built in."""
    alerts: ExpressionField = Expression("@")
    """Where the alerts lie: a list, or the one; the other expressions are about one of them."""
    alertname: ExpressionField
    labels: Named = {}
    labels_from: ExpressionField | None = None
    """Further labels, where `labels` has none of that name: an object, a list of pairs, `a:b` or `a=b` with commas."""
    annotations: Named = {}
    status: StatusWords | None = None
    """None: every alert fires."""
    severity: SeverityWords | None = None
    starts_at: ExpressionField | None = None
    ends_at: ExpressionField | None = None
    """Of resolved ones."""
    url: ExpressionField | None = None
    fingerprint: ExpressionField | None = None
    """What alone tells which alert it is, also if labels change; None, or nothing: all labels together."""
    sns: Sns | None = None

    @model_validator(mode="after")
    def _names_are_given_once(self) -> Self:
        taken = {"alertname": "alertname"} | ({"severity": "severity"} if self.severity else {})
        for label in taken.keys() & self.labels.keys():
            raise ValueError(f"expected no label {label} beside `{taken[label]}:`")
        return self

    @model_validator(mode="after")
    def _tells_alerts_apart(self) -> Self:
        if self.fingerprint is not None and self.fingerprint.is_constant:
            raise ValueError("expected an expression as the fingerprint: a constant would make all alerts one")
        return self


def _once(*lists: list[str]) -> None:
    words = [word.lower() for words in lists for word in {word.lower() for word in words}]
    twice = sorted({word for word in words if words.count(word) > 1})
    if twice:
        raise ValueError(f"expected each word in one list, got {', '.join(twice)} in two")
