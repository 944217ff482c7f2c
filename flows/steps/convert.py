"""Record -> arrivals: what the header says of each alert, its line undecoded; or a dead letter that comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts import retry
from alerts.record import decode

if TYPE_CHECKING:
    from alerts.alert import Arrival
    from alerts.retry import Retry


class Convert:
    """Reads records."""

    def __call__(self, value: bytes, accepted_ms: int) -> list[Arrival] | Retry:
        """The arrivals of one record, in the order sent; or the retry that it is.

        Raises:
            FormatError: Not a record of ours; it goes to the quarantine.
        """
        return retry.decode(value) if retry.is_retry(value) else decode(value, accepted_ms)
