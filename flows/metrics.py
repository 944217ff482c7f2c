"""What the flow counts."""

from __future__ import annotations

from collections import Counter as Tally
from functools import cache
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram

from flows.durations import Durations

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connectors.job import Ended
    from connectors.request import Judgement

step_errors = Counter("winnow_step_errors_total", "Alerts that went on although the step raised", ["step"])
verdicts = Counter("winnow_verdicts_total", "Alerts by what a step said of them", ["step", "outcome"])
shadow_skipped = Counter(
    "winnow_shadow_skipped_total",
    "Alerts that the candidate did not judge, for it takes too long and the flow is behind",
)
shadow_errors = Counter("winnow_shadow_errors_total", "Times that a step of the candidate raised", ["step"])
unreadable = Counter("winnow_unreadable_total", "Records and lines that went to the quarantine")
consumed = Counter("winnow_records_consumed_total", "Records read from Kafka")
deliveries = Counter("winnow_deliveries_total", "Deliveries that ended", ["target", "outcome"])
attempts = Counter("winnow_delivery_attempts_total", "Requests sent to targets", ["target", "judgement"])
heartbeats = Counter(
    "winnow_heartbeats_total", "Alerts told once more so that the target does not forget them", ["target", "judgement"]
)
delivery_seconds = Durations(
    "winnow_delivery_seconds",
    "From acceptance at the gateway to the end of the delivery",
    (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000),
)

llm_calls = Counter("winnow_llm_calls_total", "Calls of the model", ["outcome"])
llm_tokens = Counter("winnow_llm_tokens_total", "Tokens of prompts and replies")
llm_seconds = Histogram(
    "winnow_llm_seconds", "From a question to its answer", buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20)
)
llm_alerts = Counter("winnow_llm_alerts_total", "Alerts by how the model's word on them came about", ["how"])
llm_guards = Counter("winnow_llm_guards_total", "Alerts where a guard rail changed what the model said", ["guard"])
llm_waiting = Gauge("winnow_llm_alerts_waiting", "Alerts that wait for the model")
llm_cached = Gauge("winnow_llm_templates_cached", "Templates whose answers are kept")
llm_held_back = Gauge("winnow_llm_held_back", "1 while the model's breaker is open")


# To look a label up costs more than to count.
@cache
def tries(target: str, judgement: Judgement) -> Counter:
    """How many requests to this target came to that."""
    return attempts.labels(target=target, judgement=judgement.value)


def count(step: str, outcomes: Iterable[str]) -> None:
    """Count what a step said of the alerts of a chunk."""
    for outcome, times in Tally(outcomes).items():
        verdicts.labels(step=step, outcome=str(outcome)).inc(times)


def count_ended(ended: Sequence[Ended]) -> None:
    """Count deliveries that ended, and how long each took; a label is looked up once for all that have it."""
    outcomes = Tally([(end.delivery.target, end.outcome) for end in ended])
    for (target, outcome), times in outcomes.items():
        deliveries.labels(target=target, outcome=outcome).inc(times)
    took_ms: dict[str, list[int]] = {}
    for end in ended:
        delivery = end.delivery
        took_ms.setdefault(delivery.target, []).append(end.ended_ms - delivery.alert.envelope.accepted_ms)
    for target, all_ms in took_ms.items():
        delivery_seconds.observe(target, all_ms)
