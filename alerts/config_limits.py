"""`gateway.limits:` what a sender may ask of the gateway, beside `gateway.max_body`."""

from typing import Annotated

from pydantic import Field

from alerts.config_section import Section
from alerts.fields import Size


class Limits(Section):
    """Beyond any of these a request is refused by name, and counted in `winnow_gateway_refused_total`."""

    compressed_body: Annotated[Size, Field(ge=1024, le=1024**3)] = 10 * 1024**2
    """Of a body with a Content-Encoding, as it is sent; expanded it may have `gateway.max_body`."""
