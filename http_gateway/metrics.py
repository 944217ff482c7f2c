"""What the gateway counts."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

in_flight = Gauge("winnow_http_requests_in_flight", "Requests under way")
evidence_lost = Counter(
    "winnow_gateway_evidence_lost_total", "Refused bodies that could not be put into the quarantine"
)
refused = Counter("winnow_gateway_refused_total", "Requests that went over a limit, by which", ["reason"])
unauthorized = Counter("winnow_gateway_unauthorized_total", "Requests whose sender may not send, by why", ["reason"])
waiting = Gauge("winnow_http_requests_waiting", "Requests whose senders wait for what becomes of their alerts")
waited = Counter("winnow_http_waited_total", "Requests whose senders wanted to wait, by how that ended", ["outcome"])
access_lines_dropped = Counter(
    "winnow_gateway_access_lines_dropped_total", "Lines of the access log that could not be written"
)


class Plain:
    """A counter that costs a request next to nothing: prometheus_client's own costs each a microsecond or two.

    Counted in the event loop's thread only.
    """

    def __init__(self, name: str, about: str, labels: tuple[str, ...] = ()) -> None:
        """Make it known to `/metrics`."""
        self._name = name
        self._about = about
        self._labels = labels
        self._counts: dict[tuple[str, ...], int] = {}
        REGISTRY.register(self)

    def inc(self, key: tuple[str, ...], by: int = 1) -> None:
        """Count; `key` are the labels' values."""
        self._counts[key] = self._counts.get(key, 0) + by

    def describe(self) -> Iterator[Metric]:
        """See prometheus_client's Collector; without it, it would collect to learn the names."""
        yield CounterMetricFamily(self._name, self._about, labels=self._labels)

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client's Collector."""
        family = CounterMetricFamily(self._name, self._about, labels=self._labels)
        for key, count in list(self._counts.items()):
            family.add_metric(key, count)
        yield family


class Meters:
    """How long the requests of each path took."""

    def __init__(self) -> None:
        """Make it known to `/metrics`."""
        self.all: list[Meter] = []
        REGISTRY.register(self)

    def describe(self) -> Iterator[Metric]:
        """See prometheus_client's Collector."""
        yield HistogramMetricFamily(_SECONDS, _SECONDS_ABOUT, labels=["path"])

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client's Collector."""
        family = HistogramMetricFamily(_SECONDS, _SECONDS_ABOUT, labels=["path"])
        for meter in self.all:
            counts = zip([*map(floatToGoString, BUCKETS_S), "+Inf"], accumulate(meter.counts), strict=True)
            family.add_metric([meter.path], list(counts), meter.total_s)
        yield family


class Meter:
    """Counts the requests of one path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.counts = [0] * (len(BUCKETS_S) + 1)
        """By bucket; not added up."""
        self.total_s = 0.0
        self._keys: dict[int, tuple[str, str]] = {}
        meters.all.append(self)

    def count(self, status: int, seconds: float) -> None:
        """One request was answered."""
        key = self._keys.get(status)
        if key is None:
            key = self._keys[status] = (self.path, str(status))
        requests.inc(key)
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total_s += seconds


_SECONDS, _SECONDS_ABOUT = "winnow_http_request_seconds", "From the request's first byte to its answer"
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

requests = Plain("winnow_http_requests", "Requests by what was answered", ("path", "status"))
meters = Meters()
body_bytes = Plain("winnow_http_body_bytes", "Bytes of request bodies read")
alerts = Plain("winnow_gateway_alerts", "Alerts received, by what became of them", ("format", "result"))
admitted = Plain("winnow_gateway_admitted", "Requests by the source they were admitted as", ("source",))
