"""What the gateway counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

requests = Counter("winnow_http_requests_total", "Requests by what was answered", ["path", "status"])
request_seconds = Histogram(
    "winnow_http_request_seconds",
    "From the request's first byte to its answer",
    ["path"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
in_flight = Gauge("winnow_http_requests_in_flight", "Requests under way")
alerts = Counter("winnow_gateway_alerts_total", "Alerts received, by what became of them", ["format", "result"])
body_bytes = Counter("winnow_http_body_bytes_total", "Bytes of request bodies read")
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


class Admitted:
    """Requests by source: counted as plain numbers, for prometheus_client's own count costs each a microsecond."""

    def __init__(self) -> None:
        self.by_source: dict[str, int] = {}

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client's Collector."""
        about = "Requests by the source they were admitted as"
        family = CounterMetricFamily("winnow_gateway_admitted", about, labels=["source"])
        for source, count in self.by_source.items():
            family.add_metric([source], count)
        yield family


admitted = Admitted()
REGISTRY.register(admitted)


class Meter:
    """Counts the requests of one path; finding a metric by its labels costs more than counting, so once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._observe = request_seconds.labels(path).observe
        self._by_status: dict[int, Counter] = {}

    def count(self, status: int, seconds: float) -> None:
        """One request was answered."""
        counter = self._by_status.get(status)
        if counter is None:
            counter = self._by_status[status] = requests.labels(self._path, str(status))
        counter.inc()
        self._observe(seconds)
