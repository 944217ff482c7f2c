"""Runs a step over a column; one that raises takes its own alert only, and that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog

from flows import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Out = TypeVar("Out")

log = structlog.get_logger()


def run(
    name: str,
    step: Callable[..., Out],
    if_it_raised: Callable[..., Out],
    *columns: Sequence[object],
    tell: Callable[[str, Exception], None] | None = None,
) -> list[Out]:
    """`step` over the rows of `columns`.

    A step that raises is a bug, and a bug may not swallow an alert: the rows are then taken one by one, and for each
    that raises `if_it_raised(*row, error)` says what goes on in its place. `tell` is told of it; None: `failed`.
    """
    try:
        return list(map(step, *columns))
    except Exception:  # noqa: BLE001 whatever a step raises, the other alerts of the chunk go on
        return [_one(name, step, if_it_raised, row, tell or failed) for row in zip(*columns, strict=True)]


def _one(
    name: str,
    step: Callable[..., Out],
    if_it_raised: Callable[..., Out],
    row: tuple[object, ...],
    tell: Callable[[str, Exception], None],
) -> Out:
    try:
        return step(*row)
    except Exception as error:  # noqa: BLE001 the alert goes on with the verdict `error`
        tell(name, error)
        return if_it_raised(*row, error)


def failed(name: str, error: Exception) -> None:
    """Count and log that a step raised."""
    metrics.step_errors.labels(step=name).inc()
    log.error("step_raised", step=name, error=f"{type(error).__name__}: {error}"[:300])
