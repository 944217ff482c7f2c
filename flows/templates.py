"""What alerts have in common, which is what a model is shown. Pure, but that it remembers what it has made.

An alert's template is made of its allow-listed labels, as they are but for ids, and of its allow-listed annotations,
masked. It is asked for with each alert, so it is kept by what it is made of: the labels, the annotations' bytes with
every digit as 0, and which values of other labels stand in them. Masks and patterns of secrets cannot tell one digit
from another, so this says no less than the text. Secrets are looked for in the text as it came, before anything is
replaced: what is replaced may be the word by which one is known.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import orjson

from alerts.advice import Template
from alerts.masking import masked, without_ids
from alerts.matcher_regex import compile_search
from alerts.redacted import redacted, spans
from alerts.visible import cut, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from alerts.alert import Alert
    from alerts.config_llm import Llm
    from alerts.redacted import Span

    Values = Callable[[dict[str, str]], tuple[str, ...]]
    Pairs = tuple[tuple[str, str], ...]
    Places = tuple[tuple[Span, ...], ...]
    # What a template is made of, beside names: values of labels that are shown; the texts, with NUL between them;
    # likewise values of labels that are not shown; where in each text the operator's patterns found something, for they
    # may tell digits apart.
    Key = tuple[tuple[str, ...], bytes, bytes, Places]

LABEL_MAX_CHARS = 200
ANNOTATION_MAX_CHARS = 1000
ANNOTATIONS_MAX_CHARS = 2000
"""Of all texts together, before they are masked."""
TEMPLATE_MAX_CHARS = 4000
"""Of all names and values together; what comes behind is left out."""
# Masked values are shorter than what was sent. What is longer than this is cut before it is looked at.
_LABEL_READ_CHARS = 2 * LABEL_MAX_CHARS
KNOWN_MAX_CHARS = 8 * 1024**2
"""Of what is remembered; it is all forgotten then."""
_ENTRY_CHARS = 1000
"""What an entry takes beside its key, told as characters."""
_ENTRY_MAX_CHARS = 32 * 1024
_SHAPE_MAX_NAMES, _SHAPE_MAX_CHARS = 200, 8192
_LABELS_MAX = 4096
# A shorter value of a label that is not shown, or one of letters only, stands in too many other words.
_HIDDEN_LEAST_CHARS = 5
# Of labels that are not shown so many are looked for in the texts.
_HIDDEN_MAX = 64

_ZEROS = bytes.maketrans(b"123456789", b"000000000")


class _Shape(NamedTuple):
    """What alerts with the same names of labels and annotations, in the same order, have in common."""

    labels: tuple[str, ...]
    """Names of those that are shown."""
    annotations: tuple[str, ...]
    shown: Values
    hidden: Values
    texts: Values
    known: dict[Key, Template]
    is_kept: bool


class Templates:
    """Makes templates as `classify.llm` says, and remembers them: no more than a bounded number of characters."""

    def __init__(self, settings: Llm) -> None:
        self._labels = frozenset(settings.labels)
        self._annotations = frozenset(settings.annotations)
        self._own = tuple(compile_search(pattern) for pattern in settings.redact)
        self._label = lru_cache(maxsize=_LABELS_MAX)(self._label_text)
        self._shapes: dict[tuple[str | None, ...], _Shape] = {}
        self.remembered_chars = 0
        """At most `KNOWN_MAX_CHARS`."""

    def of(self, alert: Alert) -> Template:
        """The template of one alert: equal for alerts that differ in what is not shown, and in numbers and the like."""
        shape, key = self._key(alert)
        return shape.known.get(key) or self._make(shape, key)

    def known(self, alert: Alert) -> Template | None:
        """The same, if it is remembered: costs next to nothing, whatever the alert holds."""
        shape, key = self._key(alert)
        return shape.known.get(key)

    def _key(self, alert: Alert) -> tuple[_Shape, Key]:
        labels, annotations = alert.labels, alert.annotations
        names = (*labels, None, *annotations)
        shape = self._shapes.get(names) or self._shape(names)
        text = "\0".join(shape.texts(annotations))
        secret: Places = ()
        if self._own or len(text) > ANNOTATION_MAX_CHARS:
            text, secret = self._read(shape.texts(annotations))
        hidden = b""
        for value in shape.hidden(labels):
            if len(value) >= _HIDDEN_LEAST_CHARS and value in text and not value.isalpha():
                hidden += b"\0" + _zeros(value)
        return shape, (shape.shown(labels), text.encode("utf-8", "surrogatepass").translate(_ZEROS), hidden, secret)

    def _read(self, texts: tuple[str, ...]) -> tuple[str, Places]:
        """What of the texts is looked at, and where in them the operator's patterns find something."""
        left = ANNOTATIONS_MAX_CHARS
        read = []
        for text in texts:
            read.append(cut(text, min(ANNOTATION_MAX_CHARS, left)))
            left -= len(read[-1])
        if not self._own:
            return "\0".join(read), ()
        read = [visible(text) for text in read]
        return "\0".join(read), tuple(tuple(spans(self._own, text.encode())) for text in read)

    def _shape(self, names: tuple[str | None, ...]) -> _Shape:
        middle = names.index(None)
        labels = [name for name in names[:middle] if name is not None]
        shown = tuple(sorted(name for name in labels if name in self._labels))
        hidden = tuple(name for name in labels if name not in self._labels)[:_HIDDEN_MAX]
        annotations = tuple(sorted(name for name in names[middle + 1 :] if name in self._annotations))
        chars = sum(len(name or "") for name in names)
        is_kept = len(names) <= _SHAPE_MAX_NAMES and chars <= _SHAPE_MAX_CHARS
        shape = _Shape(shown, annotations, _values(shown), _values(hidden), _values(annotations), {}, is_kept)
        if is_kept:
            self._make_room(_ENTRY_CHARS + chars)
            self._shapes[names] = shape
        return shape

    def _make(self, shape: _Shape, key: Key) -> Template:
        values, zeros, others, places = key
        hidden = tuple(value.encode() for value in map(visible, _texts(others)) if _is_hidden(value))
        # A text that holds the separator goes on in the next one, and so does its like with the same key.
        texts = _texts(zeros, len(shape.annotations) - 1)
        secret = places or ((),) * len(texts)
        annotations = [self._annotation(text, hidden, known) for text, known in zip(texts, secret, strict=False)]
        template = _template(
            zip(shape.labels, self._read_labels(values), strict=False),
            zip(shape.annotations, annotations, strict=False),
        )
        chars = _ENTRY_CHARS + sum(map(len, values)) + len(zeros) + len(others) + 16 * sum(map(len, places))
        if shape.is_kept and chars <= _ENTRY_MAX_CHARS:
            self._make_room(chars)
            shape.known[key] = template
        return template

    def _read_labels(self, values: tuple[str, ...]) -> Iterator[str]:
        left = TEMPLATE_MAX_CHARS
        for value in values:
            read = cut(value, _LABEL_READ_CHARS)
            left -= len(read)
            if left < 0:
                return
            yield self._label(read)

    def _make_room(self, chars: int) -> None:
        """Forgets everything when that is full: whoever sends ever new texts gains nothing but work for each."""
        self.remembered_chars += chars
        if self.remembered_chars > KNOWN_MAX_CHARS:
            for shape in self._shapes.values():
                shape.known.clear()
            self._shapes.clear()
            self.remembered_chars = chars

    def _label_text(self, value: str) -> str:
        return without_ids(redacted(visible(value), self._own)).replace("\n", " ")[:LABEL_MAX_CHARS]

    def _annotation(self, text: str, hidden: tuple[bytes, ...], secret: tuple[Span, ...]) -> str:
        read = cut(visible(text), ANNOTATION_MAX_CHARS)
        return " ".join(masked(redacted(read, (), hidden, secret)).split())[:ANNOTATION_MAX_CHARS]


def _is_hidden(value: str) -> bool:
    return len(value) >= _HIDDEN_LEAST_CHARS and not value.isalpha()


def _zeros(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").translate(_ZEROS)


def _texts(zeros: bytes, parts_max: int = -1) -> list[str]:
    return zeros.decode("utf-8", "surrogatepass").split("\0", parts_max)


def _values(names: tuple[str, ...]) -> Values:
    """Takes the values of these names."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda labels: tuple([labels[name] for name in names])


def _template(labels: Iterable[tuple[str, str]], annotations: Iterable[tuple[str, str]]) -> Template:
    left = TEMPLATE_MAX_CHARS
    shown: list[Pairs] = []
    for pairs in (labels, annotations):
        taken = []
        for name, text in pairs:
            left -= len(name) + len(text)
            if text and left >= 0:
                taken.append((name, text))
        shown.append(tuple(taken))
    return Template(hashlib.blake2b(orjson.dumps(shown), digest_size=8).hexdigest(), shown[0], shown[1])
