"""`gateway.limits:` what a sender may ask of the gateway, beside `gateway.max_body`."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from alerts.config_section import Section
from alerts.entry import LABELS_MAX
from alerts.fields import Size, Wait
from alerts.within import Bounds


class Rate(Section):
    """What one client address may send; more is answered 429."""

    requests: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
    """A second, over time."""
    burst: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    """How many may come at once."""


class Limits(Section):
    """Beyond any of these a request is refused by name, and counted in `winnow_gateway_refused_total`."""

    compressed_body: Annotated[Size, Field(ge=1024, le=1024**3)] = 10 * 1024**2
    """Of a body with a Content-Encoding, as it is sent; expanded it may have `gateway.max_body`."""
    headers: Annotated[int, Field(ge=1, le=100)] = 100
    """How many; the server underneath takes no more than a hundred."""
    header_size: Annotated[Size, Field(ge=1024, le=1024**2)] = 32 * 1024
    """Of all headers of a request together."""
    json_depth: Annotated[int, Field(ge=5, le=250)] = 100
    """How deep lists and objects may lie in each other; Alertmanager's webhook has four levels."""
    labels: Annotated[int, Field(ge=1, le=LABELS_MAX)] = 512
    """Of one alert. Prometheus has no limit of its own; real alerts have under 50."""
    label_name: Annotated[Size, Field(ge=16, le=512 * 1024)] = 1024
    label_value: Annotated[Size, Field(ge=16, le=512 * 1024)] = 64 * 1024
    requests: Annotated[int, Field(ge=1, le=1_000_000)] = 1500
    """Under way at a time, in one process."""
    incomplete: Annotated[int, Field(ge=1, le=1_000_000)] = 600
    """Requests that wait for the rest of their body, in one process; the one that has waited longest makes room."""
    incomplete_size: Annotated[Size, Field(ge=1024**2, le=1024**4)] = 256 * 1024**2
    """What has come of all these together, in one process; the largest makes room. One body alone always has it."""
    connections: Annotated[int, Field(ge=1, le=1_000_000)] = 4096
    """Open at a time, in one process; more wait until one of them ends."""
    header_timeout: Wait = timedelta(seconds=12)
    """How long a sender may take to send its headers, and how long a connection may be idle.

    Not 10 or 15 s by default: senders come at such intervals, and would find their connection closed the moment before.
    """
    idle_timeout: Wait = timedelta(seconds=10)
    """How long the next part of a body may take; all of it has `gateway.request_timeout`."""
    rate: Rate | None = None
    """Off by default: the only limit that is answered 429, on which Alertmanager gives up until its next interval."""

    @property
    def bounds(self) -> Bounds:
        """Those on what is in a body."""
        return Bounds(self.json_depth, self.labels, self.label_name, self.label_value)
