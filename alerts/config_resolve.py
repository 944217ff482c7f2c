"""The part of winnow.yaml that says when an alert is over though nobody says so."""

from datetime import timedelta

from alerts.config_section import Section
from alerts.fields import Span, Wait


class Resolve(Section):
    """When an alert is over whose sender repeats it, and then no longer does."""

    timeout: Span = timedelta(minutes=5)
    """How long an alert lasts that comes without an end where senders repeat (/api/v2/alerts); and how long the flow
    must have been reading before it takes silence for an end."""
    grace: Wait = timedelta(seconds=10)
    """How long after its end a repetition may still be under way."""
