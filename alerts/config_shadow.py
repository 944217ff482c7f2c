"""The part of winnow.yaml that names a candidate configuration, which judges the same alerts and tells nobody."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from alerts.config_section import Section
from alerts.config_tls import FilePath

Limit = Annotated[int, Field(ge=0)] | None
"""None: no limit."""


class Shadow(Section):
    """A candidate that is judged beside this configuration, and how much it may decide otherwise."""

    config: FilePath
    """The candidate: a whole winnow.yaml, of which only what decides is used."""
    max_fewer_critical: Limit = 0
    """Notifications that this configuration sends as critical, and the candidate does not: not to that target, or
    not as critical."""
    max_fewer: Limit = None
    """Notifications that the candidate does not send, whoever hears of it instead."""
    max_more: Limit = None
    """Notifications that only the candidate sends."""
    max_other_target: Limit = None
    """Alert events of which other targets hear."""
    max_other_severity: Limit = None
    """Alert events that are taken for something else."""
    max_later: Limit = None
    """Alert events whose notification comes with a later one of the same alert."""
    max_told_otherwise: Limit = 0
    """Targets, rules and the section `publish` that both have and that tell otherwise or elsewhere, of those by which
    anything was sent: of this nothing stands in decisions."""
    max_faults: Limit = 0
    """Times that a step of the candidate raised."""
    min_events: Annotated[int, Field(ge=1)] = 100
    """With fewer alert events to compare there is no verdict."""


def _long_form(value: object) -> object:
    return {"config": value} if isinstance(value, str) else value


ShadowField = Annotated[Shadow | None, BeforeValidator(_long_form)]
"""The candidate's file alone, or with limits; None: there is no candidate."""
