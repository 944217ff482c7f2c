"""The table of contents: what happens to an alert, in order. Run it by `python -m bytewax.run flows.proxy`."""

from __future__ import annotations

from bytewax import operators as op
from bytewax.dataflow import Dataflow

from connectors.configuration import load
from flows.parts import Parts, build
from flows.plumbing import steps
from flows.plumbing.candidate import usable
from flows.plumbing.runtime import check_arguments, prepare


def connect(parts: Parts) -> Dataflow:
    """The flow, from stored webhooks to decisions and deliveries."""
    proxy = Dataflow("proxy")
    records = op.input("kafka", proxy, parts.kafka)
    arrivals = steps.convert(records, parts.convert)
    changes = steps.dedup(arrivals, parts.dedup, parts.silence)
    judged = steps.classify(changes, parts.classify, parts.asking)
    allowed = steps.filter_(judged, parts.filter)
    routed = steps.route(allowed, parts.route, parts.closing)
    ended = steps.publish(routed, parts.publish)
    op.output("decisions", steps.decisions(routed, parts.trail, parts.names), parts.messages)
    op.output("outcomes", steps.outcomes(ended, parts.trail), parts.messages)
    if parts.shadow is not None:
        op.output("shadowed", steps.shadow(changes, judged, parts.shadow), parts.shadow.messages)
    return proxy


def flow() -> Dataflow:
    """The flow as winnow.yaml wants it; Bytewax calls this."""
    prepare()
    config = load()
    check_arguments(config.kafka.partitions)
    return connect(build(config, usable(config)))
