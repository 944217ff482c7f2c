"""What every part of winnow.yaml is, so that a file may hold a part of its own (`alerts/config_<word>.py`)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=100)]
"""Names of rules and targets: they become metric labels, lane keys and parts of ids."""


class Section(BaseModel):
    """A part of winnow.yaml: keys it does not know are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
