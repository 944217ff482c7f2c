"""Record -> arrivals: what the header says of each alert, its line still undecoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.record import decode

if TYPE_CHECKING:
    from alerts.alert import Arrival


class Convert:
    """Reads records."""

    def __call__(self, value: bytes, accepted_ms: int) -> list[Arrival]:
        """The arrivals of one record, in the order sent.

        Raises:
            FormatError: Not a record of ours; it goes to the quarantine.
        """
        return decode(value, accepted_ms)
