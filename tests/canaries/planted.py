"""A configuration with a secret in every place that can hold one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.config import Config, HttpTarget
from connectors.targets import kinds
from tests.canaries.canary import Canaries, hidden_fields
from tests.support.product import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HTTP_KINDS = sorted(name for name, kind in kinds().items() if issubclass(kind.Config, HttpTarget))
# What becomes of a delivery: its target takes it, answers 401 and quotes it, is not there, is at an address that is not
# allowed, has a host in no usual spelling, or breaks the renderer.
FATES = ["taken", "denied", "away", "inside", "odd"]
BROKEN = "webhook-broken"
MODEL = "model-denied"
PATHS = ("/webhook/proxy", "/v1/webhooks/alertmanager", "/api/v2/alerts", "/metrics", "/readyz", "/nothing-here")

_WITH_CREDENTIALS = {"rootly", "slack", "webhook"}
_BESIDES: dict[str, dict[str, object]] = {"slack": {"channel": "#alerts", "rate": 1000}}


def targets(canaries: Canaries, echo_host: str) -> list[dict[str, object]]:
    """Every kind of HTTP target with every fate, with all its secrets."""
    hosts = {"away": f"127.0.0.1:{free_port()}", "odd": "0x7f.1"}
    fates = [(kind, f"{kind}-{fate}", hosts.get(fate, echo_host)) for kind in HTTP_KINDS for fate in FATES]
    return [
        {
            "name": name,
            "kind": kind,
            "allow_private": not name.endswith("inside"),
            **_BESIDES.get(kind, {}),
            **_secrets(canaries, kind, name, host),
        }
        for kind, name, host in [*fates, ("webhook", BROKEN, echo_host)]
    ]


def _secrets(canaries: Canaries, kind: str, name: str, host: str) -> dict[str, object]:
    return {
        field: _secret(canaries, kind, f"targets.{name}.{field}", host) for field in hidden_fields(kinds()[kind].Config)
    }


def _secret(canaries: Canaries, kind: str, where: str, host: str) -> object:
    """Raises KeyError for a secret nobody has planted yet: say here how it is written."""
    _, name, field = where.split(".")
    if field == "url":
        # What has a token of its own cannot send another one.
        user = "" if kind in _WITH_CREDENTIALS else f"user:{canaries.mint(where)}@"
        return f"http://{user}{host}/{name}/{canaries.mint(where)}?token={canaries.mint(where)}"
    makers: dict[str, Callable[[str], object]] = {
        "secret": canaries.mint_signing,
        "previous_secret": canaries.mint_signing,
        "token": canaries.mint,
        "routing_key": canaries.mint,
        "headers": lambda place: {"x-key": canaries.mint(place)},
    }
    return makers[field](where)


def llm(canaries: Canaries, echo_host: str) -> dict[str, object]:
    """A model that answers 401 and quotes the question, with the key."""
    where = "classify.llm.base_url"
    base_url = f"http://{echo_host}/{MODEL}/{canaries.mint(where)}?token={canaries.mint(where)}"
    return {"base_url": base_url, "api_key": canaries.mint("classify.llm.api_key"), "model": "small"}


def client(canaries: Canaries, folder: Path) -> dict[str, str]:
    """Settings of Kafka clients that hold secrets, one of them in a file."""
    file = folder / "key-password"
    file.write_text(canaries.mint("kafka.client") + "\n")
    return {"sasl.password": canaries.mint("kafka.client"), "ssl.key.password_file": str(file)}


def sources(canaries: Canaries, folder: Path) -> list[dict[str, object]]:
    """A sender for each way to prove who it is, the present secret and the one before; one of them in a file."""
    places = [place for place in hidden_fields(Config) if place.startswith("gateway.sources.")]
    secrets = {place.removeprefix("gateway.sources."): canaries.mint(place) for place in places}
    proofs: dict[str, dict[str, object]] = {}
    for place, secret in secrets.items():
        proof, field = place.split(".")
        proofs.setdefault(proof, {})[field] = secret
    proofs["basic"]["user"] = "sender"
    proofs["hmac"]["flavour"] = "github"
    (folder / "sender-token").write_text(secrets["bearer.token"])
    del proofs["bearer"]["token"]
    proofs["bearer"]["token_file"] = "sender-token"
    paths = {"bearer": [*PATHS]}
    return [
        {"name": f"by-{proof}", proof: settings, "paths": paths.get(proof, [])} for proof, settings in proofs.items()
    ]
