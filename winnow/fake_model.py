"""`winnow fake-model`: stands in for a language model, for trying out."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from connectors.fake_model import NAME, Answered, Asked, FakeModel, judged
from connectors.terminal import printable
from winnow._interrupt import Interrupt

PANEL = "Try it"
LISTEN = "127.0.0.1:9911"
"""Where it listens if nobody says otherwise."""

_NAME_MAX_CHARS = 200


class Talkative(FakeModel):
    """The fake model, which prints a line for each question."""

    def respond(self, asked: Asked) -> Answered:
        """The answer to one request."""
        if alert := asked.alert():
            labels, said = alert.get("labels"), judged(alert)
            name = str(labels.get("alertname", "")) if isinstance(labels, dict) else ""
            text = f"asked about {name[:_NAME_MAX_CHARS] or '(no name)'}: {said['severity']}, {said['category']}"
            # In one piece: it answers several at a time.
            sys.stdout.write(f"{printable(text)}\n")
            sys.stdout.flush()
        return super().respond(asked)


def fake_model(
    listen: Annotated[str, typer.Option(help="Where to listen, HOST:PORT.")] = LISTEN,
) -> None:
    """Stand in for a language model, for trying out.

    It looks for a few words and knows no more than that.

    It speaks both dialects: `classify.llm: {base_url: http://127.0.0.1:9911/v1, model: winnow-fake-model}`, or
    `dialect: classify`. `make run LLM=fake` starts it beside the rest. It ends with Ctrl-C.

    Example: winnow fake-model --listen 127.0.0.1:9911
    """
    with Interrupt() as interrupt, Talkative(listen) as model:
        print(f"{NAME} listens on {model.url}/v1; Ctrl-C ends it", file=sys.stderr)  # noqa: T201 for people
        interrupt.wait()
