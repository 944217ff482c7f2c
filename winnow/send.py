"""`winnow send`: post a webhook to Winnow and print the answer."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import httpx
import typer

from alerts.errors import FormatError, WinnowError
from alerts.fingerprint import fingerprint
from alerts.formats import formats
from alerts.webhook import Received
from connectors.terminal import printable
from winnow import _tls, _told
from winnow._completing import endpoints
from winnow._headers import headers
from winnow._output import Output, write_json

PANEL = "Try it"
# The gateway answers within its own limits, which are shorter.
_TIMEOUT_S = 60.0
_ZERO_TIME = "0001-01-01T00:00:00Z"
_SHOWN_MAX = 10
_UNKNOWN = 3
_APPLIED = "preference-applied"
_SOURCE = "http://alertmanager.example.com:9093"


def send(  # noqa: PLR0913 one argument is one option
    file: Annotated[str | None, typer.Argument(help="A JSON body; - reads it from standard input.")] = None,
    *,
    example: Annotated[bool, typer.Option("--example", help="Send a made-up alert instead of a file.")] = False,
    resolve: Annotated[bool, typer.Option("--resolve", help="The example is over.")] = False,
    name: Annotated[str, typer.Option(help="The example's alert name.")] = "PostgresDown",
    label: Annotated[list[str] | None, typer.Option(help="A label of the example, NAME=VALUE; repeatable.")] = None,
    url: Annotated[str, typer.Option(help="Where the gateway is.", envvar="WINNOW_URL")] = "http://127.0.0.1:8080",
    path: Annotated[str, typer.Option(help="Which endpoint.", autocompletion=endpoints)] = "/webhook/proxy",
    token_file: Annotated[Path | None, typer.Option(help="A file with the bearer token of a source.")] = None,
    header: Annotated[list[str] | None, typer.Option(help="A header, 'NAME: VALUE'; repeatable.")] = None,
    cacert: Annotated[Path | None, typer.Option(help="A file with who may vouch for the gateway, for https.")] = None,
    cert: Annotated[Path | None, typer.Option(help="A file with the certificate to show (mTLS).")] = None,
    key: Annotated[Path | None, typer.Option(help="A file with its key, if that is in another.")] = None,
    wait: Annotated[int, typer.Option(min=0, help="Wait so many seconds for what becomes of the alerts.")] = 0,
    output: Annotated[Output, typer.Option("--output", "-o", help="For people or for machines.")] = Output.TABLE,
) -> None:
    """Post a webhook to Winnow and print the answer.

    It is sent as any sender would send it. With --wait, the answer says what became of each alert and who was told.

    Example: winnow send --example --label instance=db-2 --wait 10

    Exit codes:
        0: All of it is accepted; with --wait, told.
        1: It, or a part of it (207), is not accepted or, with --wait, not told.
        3: --wait ended before it was known what becomes of it.
    """
    if example == bool(file):
        raise WinnowError("expected either a FILE (- for standard input) or --example")
    if example:
        now = datetime.now(UTC)
        body = json.dumps(example_body({"alertname": name, **_labels(label or [])}, now, is_over=resolve)).encode()
    else:
        body = _read(str(file))
    given = headers(header or [], token_file)
    # No proxies from the environment: the gateway is near.
    client = httpx.Client(timeout=_TIMEOUT_S + wait, trust_env=False, verify=_tls.context(cacert, cert, key))
    answer = _post(client, f"{url.rstrip('/')}/{path.lstrip('/')}", body, {**given, **_preference(wait)})
    if output is Output.JSON:
        write_json({"status": answer.status_code, "waited": _APPLIED in answer.headers, "answer": _content(answer)})
    else:
        typer.echo("\n".join(_people(answer, body, has_to_wait=wait > 0)))
    raise typer.Exit(_exit_code(answer, has_to_wait=wait > 0))


def _people(answer: httpx.Response, body: bytes, *, has_to_wait: bool) -> list[str]:
    told = _told_lines(answer) or [*_lines(answer), *(_fingerprints(body) if answer.is_success else ())]
    if has_to_wait and answer.is_success and _APPLIED not in answer.headers:
        told.append("  the gateway did not wait: too many do, or it cannot read the replies")
    return told


def _content(answer: httpx.Response) -> object:
    """What the gateway said; its text where it is no JSON."""
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _exit_code(answer: httpx.Response, *, has_to_wait: bool) -> int:
    """What the gateway's answer means for a script (docs/waiting.md)."""
    if not answer.is_success or answer.status_code == HTTPStatus.MULTI_STATUS:
        return 1
    is_known = _APPLIED in answer.headers and answer.status_code != HTTPStatus.ACCEPTED
    return _UNKNOWN if has_to_wait and not is_known else 0


def example_body(labels: dict[str, str], now: datetime, *, is_over: bool) -> dict[str, object]:
    """What Alertmanager would post about one alert that began at `now`, or began before and ends then."""
    all_labels = {
        "alertname": "PostgresDown",
        "severity": "critical",
        "instance": "db-1.example.com:9187",
        "job": "postgres",
        "namespace": "shop",
        **labels,
    }
    all_labels = {key: value for key, value in all_labels.items() if value}
    summary = f"{all_labels.get('alertname', '')} on {all_labels.get('instance', 'somewhere')}"
    annotations = {
        "summary": summary,
        "description": "The database has not answered for a minute; orders cannot be placed.",
        "runbook_url": "https://runbooks.example.com/postgres-down",
    }
    status = "resolved" if is_over else "firing"
    group = {"alertname": all_labels.get("alertname", "")}
    alert = {
        "status": status,
        "labels": all_labels,
        "annotations": annotations,
        "startsAt": _text(now - timedelta(minutes=5) if is_over else now),
        "endsAt": _text(now) if is_over else _ZERO_TIME,
        "generatorURL": "http://prometheus.example.com:9090/graph?g0.expr=pg_up+%3D%3D+0&g0.tab=1",
        "fingerprint": fingerprint(all_labels),
    }
    return {
        "version": "4",
        "receiver": "winnow",
        "status": status,
        "groupKey": f'{{}}:{{alertname="{group["alertname"]}"}}',
        "groupLabels": group,
        "commonLabels": all_labels,
        "commonAnnotations": annotations,
        "externalURL": _SOURCE,
        "truncatedAlerts": 0,
        "alerts": [alert],
    }


def _fingerprints(body: bytes) -> list[str]:
    """A line for each of the first alerts of a webhook, with what `winnow explain` asks for."""
    try:
        submissions = formats()["alertmanager"].read(Received(body, time.time_ns() // 1_000_000)).submissions
    except FormatError:  # another format's body: the gateway has said what it thinks of it
        return []
    return [f"  fingerprint: {one.owner}  {printable(one.labels['alertname'])}" for one in submissions[:_SHOWN_MAX]]


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _labels(pairs: list[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if not pair.partition("=")[0] or "=" not in pair]
    if wrong:
        raise WinnowError(f"--label: expected NAME=VALUE, got {wrong[0]!r}")
    return dict(pair.split("=", 1) for pair in pairs)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise WinnowError(f"{file}: cannot be read: {error.strerror}") from error


def _preference(wait_s: int) -> dict[str, str]:
    return {"prefer": f"wait={wait_s}"} if wait_s else {}


def _post(client: httpx.Client, url: str, body: bytes, given: dict[str, str]) -> httpx.Response:
    try:
        with client:
            return client.post(url, content=body, headers=given)
    except httpx.ConnectError as error:
        if "SSL" in str(error):
            todo = "is it https, and does --cacert name who vouches for it?"
            raise WinnowError(f"{url}: no TLS: {error}; {todo}") from error
        raise WinnowError(f"nobody listens at {url}; is it running? try: make run") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise WinnowError(f"{url}: no answer: {error or type(error).__name__}") from error


def _told_lines(answer: httpx.Response) -> list[str]:
    """What became of each alert; empty if the gateway did not wait for it."""
    if _APPLIED not in answer.headers:
        return []
    try:
        told = list(_told.lines(answer.json()))
    except (ValueError, KeyError, TypeError):  # no gateway's answer
        return []
    return [printable(line) for line in (f"{answer.status_code} {answer.reason_phrase}", *told)]


def _lines(answer: httpx.Response) -> list[str]:
    """The status, then one line for each field of the answer."""
    first = f"{answer.status_code} {answer.reason_phrase}"
    try:
        content = answer.json()
    except ValueError:
        return [printable(line) for line in (first, *answer.text.splitlines()) if line]
    fields = content.items() if isinstance(content, dict) else [("answer", content)]
    return [printable(first), *(f"  {printable(str(name))}: {_plain(value)}" for name, value in fields)]


def _plain(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
