"""What `winnow doctor` asks targets, the model and the recovery directory; nobody is sent anything."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import orjson

from alerts.config import HttpTarget
from alerts.errors import ConfigError
from alerts.finding import Finding, State
from connectors.reach import Page, UnreachableError, connect, get
from connectors.recovery_store import fits, holders

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.config import Target
    from alerts.config_llm import Llm

_SOURCE = "proxy.kafka"
_REFUSED = frozenset({401, 403})
_ALERTS, _STATUS = "/api/v2/alerts", "/api/v2/status"
MODEL = "model"
RECOVERY = "recovery directory"


def target(one: Target, topics: frozenset[str] | None, timeout_s: float) -> list[Finding]:
    """Whether a target could be told; `topics` are those of Kafka, None if it is not reachable."""
    check = f"target {one.name}"
    if not one.enabled:
        return [Finding(check, State.SKIPPED, "disabled (enabled: false)")]
    if isinstance(one, HttpTarget):
        return [asyncio.run(_http_target(check, one, timeout_s))]
    topic = str(getattr(one, "topic", ""))
    if topics is None:
        return [Finding(check, State.SKIPPED, "Kafka is not reachable")]
    if topic not in topics:
        return [Finding(check, State.FAILED, f"there is no topic {topic}", "make it: Winnow makes only its own")]
    return [Finding(check, State.OK, f"topic {topic} is there")]


async def _http_target(check: str, one: HttpTarget, timeout_s: float) -> Finding:
    try:
        reached = await connect(one.url, timeout_s, allow_private=one.allow_private)
        told = f"reachable by {reached.how} in {reached.took_ms} ms"
        # The one kind with something to ask that changes nothing: its api/v2/openapi.yaml, `getStatus`.
        if one.kind == "alertmanager" and getattr(one, "format", "") == "v2":
            page = await get(_status_of(one.url), {}, timeout_s, allow_private=one.allow_private)
            return _alertmanager(check, told, page)
    except UnreachableError as error:
        todo = "see whether it runs, and what lies between; deliveries wait, go to its fallback or to the dead letters"
        if error.is_refused:
            todo = "change its url, or say allow_private: true if a private address is meant"
        return Finding(check, State.FAILED, str(error), todo)
    return Finding(check, State.OK, f"{told}, credentials not checked")


def _alertmanager(check: str, told: str, page: Page) -> Finding:
    if page.status == 200:
        return Finding(check, State.OK, f"{told}, {_STATUS} answers")
    if page.status in _REFUSED:
        return Finding(check, State.FAILED, f"{told}, but {_STATUS} is answered {page.status}", "see its credentials")
    todo = "see whether url is where Alertmanager is, without a path of its API"
    return Finding(check, State.WARNING, f"{told}, but {_STATUS} is answered {page.status}", todo)


def _status_of(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix(_ALERTS) + _STATUS))


def model(llm: Llm | None, timeout_s: float) -> list[Finding]:
    """Whether the model's server answers, takes the key and has the model; the model is asked nothing."""
    if llm is None:
        return [Finding(MODEL, State.SKIPPED, "none is configured (classify.llm)")]
    try:
        return [asyncio.run(_model(llm, timeout_s))]
    except UnreachableError as error:
        return [Finding(MODEL, State.FAILED, str(error), "see whether it runs; until then the rules decide alone")]


async def _model(llm: Llm, timeout_s: float) -> Finding:
    if llm.dialect != "openai":
        reached = await connect(llm.base_url, timeout_s, allow_private=True)
        return Finding(MODEL, State.OK, f"reachable by {reached.how} in {reached.took_ms} ms, credentials not checked")
    parts = urlsplit(llm.base_url)
    url = urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/models", fragment=""))
    key = {} if llm.api_key is None else {"authorization": f"Bearer {llm.api_key.get_secret_value()}"}
    headers = {"accept": "application/json", "accept-encoding": "identity", **key}
    page = await get(url, headers, timeout_s, allow_private=True)
    if page.status in _REFUSED:
        return Finding(MODEL, State.FAILED, f"/models is answered {page.status}", "see classify.llm.api_key")
    if page.status != 200:
        told = f"reachable, but /models is answered {page.status}: credentials not checked"
        return Finding(
            MODEL, State.WARNING, told, "see whether classify.llm.base_url ends in /v1; some have no /models"
        )
    models = _models(page.content)
    if models and llm.model not in models:
        told = f"answers, and knows no {llm.model} among its {len(models)} models"
        return Finding(MODEL, State.WARNING, told, f"one of: {', '.join(sorted(models)[:10])}")
    return Finding(MODEL, State.OK, f"answers and has {llm.model}" if models else "answers")


def _models(content: bytes) -> set[str]:
    """The names of a list as OpenAI's API gives it; none if it is none."""
    try:
        return {str(one["id"]) for one in orjson.loads(content)["data"]}
    except (KeyError, TypeError, ValueError):
        return set()


def recovery(folder: Path | None, partitions: int) -> list[Finding]:
    """Whether a flow can keep its state there, and who does."""
    if folder is None:
        told = "not given: without one a flow starts cold and tells again what was told since"
        return [Finding(RECOVERY, State.SKIPPED, told, "give --recovery-directory as the flow is given -r")]
    if not folder.is_dir():
        todo = "give a directory" if folder.exists() else f"mkdir -p {folder} && python -m bytewax.recovery {folder} 1"
        return [Finding(RECOVERY, State.FAILED, f"{folder} is no directory", todo)]
    try:
        fits(folder, _SOURCE, partitions)
    except ConfigError as error:
        return [Finding(RECOVERY, State.FAILED, str(error), "do as it says: a state belongs to one set of partitions")]
    locked = [path.name for path in (folder, *folder.iterdir()) if not os.access(path, os.R_OK | os.W_OK)]
    if locked:
        todo = "let the user of the flow own it; or ask the doctor as that user"
        return [Finding(RECOVERY, State.FAILED, f"{', '.join(sorted(locked)[:5])} cannot be written", todo)]
    return [Finding(RECOVERY, State.OK, f"{folder} fits {partitions} partitions, {_used(holders(folder))}")]


def _used(by: list[int] | None) -> str:
    if by is None:
        return "who uses it cannot be told here"
    if not by:
        return "in use by no process of this machine (or container)"
    return f"in use by process {', '.join(map(str, by))}"
