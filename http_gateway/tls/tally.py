"""What a relay counts: numbers in a file that its worker processes read, and that outlive a relay that is killed."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from http_gateway.tls.front import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = ("ok", "plain-http", "protocol", "certificate", "timeout", "displaced", "broken-off", "error")
"""How a handshake ended."""
REFUSED = ("full", "silent", "no-worker")
"""Why a connection was closed that would have been served otherwise."""
RELOADS = ("reloaded", "kept")
"""What became of changed files: `kept` means that they could not be used."""

_EXPIRES, _OPEN, _SHAKING = "expires", "open", "shaking"
_FIELDS = (*RESULTS, *REFUSED, *RELOADS, _EXPIRES, _OPEN, _SHAKING)
_SIZE_BYTES = 8 * len(_FIELDS)
_PATTERN = "tally-*"


class Tally:
    """The numbers of one relay."""

    def __init__(self, folder: Path, number: int) -> None:
        """Go on with what the relay of this number counted before."""
        file = folder / _PATTERN.replace("*", str(number))
        if not file.exists():
            file.write_bytes(bytes(_SIZE_BYTES))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _SIZE_BYTES)
        self._numbers = memoryview(self._map).cast("d")
        self.close()

    def close(self) -> None:
        """Nothing is open, and no certificate in use; what was counted stays."""
        self.open(0)
        self.shaking(0)
        self.expires(0)

    def count(self, word: str) -> None:
        """One more of `RESULTS`, `REFUSED` or `RELOADS`."""
        self._numbers[_FIELDS.index(word)] += 1

    def open(self, connections: int) -> None:
        """How many connections are open."""
        self._numbers[_FIELDS.index(_OPEN)] = connections

    def shaking(self, handshakes: int) -> None:
        """How many handshakes are under way."""
        self._numbers[_FIELDS.index(_SHAKING)] = handshakes

    def expires(self, at_s: int) -> None:
        """When the certificate in use expires, in seconds since the epoch."""
        self._numbers[_FIELDS.index(_EXPIRES)] = at_s


def exposition() -> bytes:
    """What all relays have counted, as Prometheus reads it; nothing where there are none."""
    folder = os.environ.get(FOLDER)
    return generate_latest(_Tallies(Path(folder))) if folder else b""


class _Tallies(Collector):
    """The numbers of all relays, as metrics."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Read them."""
        all_numbers = [memoryview(file.read_bytes()).cast("d") for file in self._folder.glob(_PATTERN)]
        total = {field: sum(numbers[at] for numbers in all_numbers) for at, field in enumerate(_FIELDS)}
        yield _counter("winnow_tls_handshakes", "TLS handshakes, by how they ended", "result", RESULTS, total)
        yield _counter("winnow_tls_refused", "Connections closed without an answer", "reason", REFUSED, total)
        yield _counter("winnow_tls_reloads", "Changed certificate files", "result", RELOADS, total)
        yield GaugeMetricFamily("winnow_tls_connections", "Open TLS connections", total[_OPEN])
        yield GaugeMetricFamily("winnow_tls_handshakes_in_flight", "TLS handshakes under way", total[_SHAKING])
        at = _FIELDS.index(_EXPIRES)
        expires = min((numbers[at] for numbers in all_numbers if numbers[at]), default=0.0)
        text = "When the server's certificate expires, in seconds since the epoch"
        yield GaugeMetricFamily("winnow_tls_certificate_expiry_seconds", text, expires)


def _counter(name: str, text: str, label: str, words: tuple[str, ...], total: dict[str, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for word in words:
        family.add_metric([word], total[word])
    return family
