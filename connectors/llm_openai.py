"""OpenAI's chat completions, as vLLM, Ollama, LiteLLM, llama.cpp and Azure speak them too.

Source: https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from alerts.prompt import SCHEMA
from connectors.llm_dialect import Said, field, tokens

if TYPE_CHECKING:
    from alerts.config_llm import Llm
    from alerts.prompt import Messages

PATH = "/chat/completions"

_FORMATS: dict[str, object] = {
    "json_schema": {
        "type": "json_schema",
        "json_schema": {"name": "classification", "strict": True, "schema": dict(SCHEMA)},
    },
    "json_object": {"type": "json_object"},
}


def body(settings: Llm, messages: Messages) -> bytes:
    """The request that has the model answer these messages."""
    asked: dict[str, object] = {
        "model": settings.model,
        "messages": messages,
        "temperature": 0,
        "max_tokens": settings.max_tokens,
    }
    if settings.structured in _FORMATS:
        asked["response_format"] = _FORMATS[settings.structured]
    asked |= settings.request
    return orjson.dumps({name: value for name, value in asked.items() if value is not None})


def read(answer: object) -> Said:
    """The reply in the parsed body of an answer."""
    used = tokens(field(answer, "usage", "total_tokens"))
    message = field(answer, "choices", 0, "message")
    if not isinstance(message, dict):
        return Said("", used, "answered no chat completion")
    text = _text(message.get("content"))
    if message.get("refusal"):
        return Said(text, used, "the model refused")
    if field(answer, "choices", 0, "finish_reason") == "length":
        return Said(text, used, "the reply was cut off: it takes more max_tokens")
    return Said(text, used, "" if text.strip() else "the model replied nothing")


def _text(content: object) -> str:
    """A reply is text, or a list of parts of which some are."""
    if isinstance(content, list):
        return "".join(part for part in (field(one, "text") for one in content) if isinstance(part, str))
    return content if isinstance(content, str) else ""
