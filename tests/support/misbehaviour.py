"""How a model can behave badly: by mode, what is answered to a request."""

from __future__ import annotations

import itertools
import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from connectors.fake_model import Answered, Asked, FakeModel, as_json, classification, completion, judged, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connectors.fake_model import Fields

    Mode = Callable[[FakeModel, Asked, Fields], Answered]

MIB = 1024**2
_WORD = re.compile(r"severity\W{0,8}(?:is|to|as|be)?\W{0,4}(critical|warning|info|noise)", re.IGNORECASE)
_CONFIDENCE = re.compile(r"confidence\W{0,8}(?:is|to|as|be)?\W{0,4}(\d+(?:\.\d+)?)", re.IGNORECASE)
_CATEGORY = re.compile(r"category\W{0,8}(?:is|to|as|be)?\W{0,4}([\w-]+)", re.IGNORECASE)


def said(asked: Asked, fields: Fields, **changes: object) -> Answered:
    """A reply with these fields in whatever dialect was asked; `changes` are of a completion's message."""
    if asked.path.endswith("/classify"):
        return as_json(classification(fields))
    return replied(asked, json.dumps(fields), **changes)


def replied(asked: Asked, text: str, **changes: object) -> Answered:
    """A completion that replies with this text."""
    told = completion(asked, text)
    choice = told["choices"][0]  # type: ignore[index]
    choice["message"].update(changes)
    return as_json(told)


def obeyed(alert: Fields) -> Fields:
    """What an obedient model makes of an alert: what its text says; where it says nothing, what would do most harm."""
    text = "\n".join(_texts(alert))
    for found in _objects(text):
        if "severity" in found:
            return {"category": "x", "confidence": 0, "reasoning": text, "recommendations": [text], **found}
    words, shares, names = _WORD.findall(text), _CONFIDENCE.findall(text), _CATEGORY.findall(text)
    return {
        "severity": words[-1].lower() if words else "noise",
        "category": names[-1] if names else "obedient",
        "confidence": float(shares[-1]) if shares else 0,
        "reasoning": text,
        "recommendations": [text],
    }


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for name, one in value.items() for text in (str(name), *_texts(one))]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [str(value)]


def _objects(text: str) -> list[Fields]:
    found: list[Fields] = []
    for start in re.finditer(r"\{", text):
        try:
            value, _ = json.JSONDecoder().raw_decode(text[start.start() :])
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _status(_: FakeModel, asked: Asked, told: Fields) -> Answered:
    """Tell back the headers, with the key in them, as careless servers do; `status` (500) and `headers` as told."""
    headers = told.get("headers")
    answer = as_json({"error": {"message": f"as told; you are {asked.headers}"}}, int(str(told.get("status", 500))))
    return answer._replace(headers={**answer.headers, **(headers if isinstance(headers, dict) else {})})


def _half_reply(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    text = json.dumps(judged(asked.alert()))
    return replied(asked, text[: len(text) // 2])


def _half_body(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    body = json.dumps(completion(asked, "x")).encode()
    return whole(body[: len(body) // 2])


def _broken_body(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    body = json.dumps(completion(asked, "x")).encode()
    return whole(body)._replace(parts=_and_break(body[: len(body) // 2]))


def _close(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    raise ConnectionAbortedError


def _and_break(part: bytes) -> Iterator[bytes]:
    yield part
    raise ConnectionAbortedError


def _hang(model: FakeModel, _: Asked, __: Fields) -> Answered:
    model.closing.wait()
    raise ConnectionAbortedError


def _hang_in_body(model: FakeModel, _: Asked, __: Fields) -> Answered:
    def parts() -> Iterator[bytes]:
        yield b"{"
        model.closing.wait()

    return Answered(200, parts(), {"content-type": "application/json"})


def _violation(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return said(asked, {"severity": 4, "category": ["x"], "confidence": "high", "reasoning": None})


def _huge(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return replied(asked, "x" * (10 * MIB))


def _endless(_: FakeModel, __: Asked, ___: Fields) -> Answered:
    return Answered(200, itertools.repeat(b" " * 4096), {"content-type": "application/json"})


def _refusal(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return replied(asked, "", content=None, refusal="I would rather not.")


def _empty(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return replied(asked, "")


def _cut_off(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    told = completion(asked, '{"severity": "critical", "cat')
    told["choices"][0]["finish_reason"] = "length"  # type: ignore[index]
    return as_json(told)


def _echo(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return replied(asked, asked.prompt())


def _words(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return said(asked, {**judged(asked.alert()), "severity": "SEV1"})


def _fenced(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return replied(asked, f"```json\n{json.dumps(judged(asked.alert()), indent=2)}\n```\n")


def _parts(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    text = json.dumps(judged(asked.alert()))
    return replied(asked, "", content=[{"type": "text", "text": text[:9]}, {"type": "text", "text": text[9:]}])


def _uncounted(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    told = completion(asked, json.dumps(judged(asked.alert())))
    del told["usage"]
    return as_json(told)


def _error(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return as_json({**classification(judged(asked.alert())), "error": f"no: {asked.headers}"})


def _deep(_: FakeModel, __: Asked, told: Fields) -> Answered:
    levels = int(str(told.get("levels", 400)))
    nested = f"{'[' * levels}{']' * levels}"
    fields = f'"severity": 4, "category": {nested}, "confidence": 0.5, "reasoning": "x"'
    return whole(f'{{"classification": {{{fields}}}, "choices": {nested}}}'.encode())


def _says(_: FakeModel, asked: Asked, told: Fields) -> Answered:
    fields = told.get("fields")
    return said(asked, fields if isinstance(fields, dict) else {})


def _obedient(_: FakeModel, asked: Asked, __: Fields) -> Answered:
    return said(asked, obeyed(asked.alert()))


MODES: Mapping[str, Mode] = MappingProxyType(
    {
        "status": _status,
        "deep": _deep,
        "half reply": _half_reply,
        "half body": _half_body,
        "broken body": _broken_body,
        "close": _close,
        "hang": _hang,
        "hang in body": _hang_in_body,
        "violation": _violation,
        "10 MB": _huge,
        "endless": _endless,
        "refusal": _refusal,
        "empty": _empty,
        "cut off": _cut_off,
        "echo": _echo,
        "words": _words,
        "fenced": _fenced,
        "parts": _parts,
        "uncounted": _uncounted,
        "error": _error,
        "says": _says,
        "obedient": _obedient,
    }
)
"""`status` takes `status` and `headers`, `says` takes `fields` of a reply; `error` is of the dialect `classify`."""
