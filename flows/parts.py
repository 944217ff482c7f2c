"""Builds every part of the flow from the configuration; nothing happens until the flow runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from bytewax.operators import StatefulBatchLogic

from alerts.config_file import version
from alerts.decision import Delivery
from alerts.delivery_json import Plain
from connectors.job import Ended
from connectors.kafka.expirer import Expirer
from connectors.kafka.shadow_sink import ShadowSink
from connectors.kafka.sink import MessageSink
from connectors.kafka.source import WebhooksSource
from connectors.kafka.topics import shadow as shadow_topic
from connectors.kafka.topics import topics
from connectors.llm import Model
from connectors.metrics_server import serve
from connectors.publish import Publisher
from flows.names import Names
from flows.plan import Closing
from flows.plumbing.allowance import Allowance
from flows.plumbing.asking import Adviser, Asking, Process, steady_clock
from flows.plumbing.background import Background, Wake
from flows.plumbing.candidate import Shadow
from flows.plumbing.drain import Drain
from flows.plumbing.lanes import LaneLogic, Shared
from flows.plumbing.pending import Pending
from flows.plumbing.silence import Reports, Silence
from flows.steps.classify import Classify
from flows.steps.convert import Convert
from flows.steps.dedup import Dedup
from flows.steps.filter import Filter
from flows.steps.route import Route
from flows.trail import Trail

if TYPE_CHECKING:
    from bytewax.inputs import Source
    from bytewax.outputs import Sink

    from alerts.config import Config
    from alerts.record import Stored
    from connectors.request import Message

Lane = Callable[[Plain | None], StatefulBatchLogic[Delivery, Ended, Plain]]


class Parts(NamedTuple):
    """What `flows.proxy.connect` wires together; tests pass others."""

    kafka: Source[tuple[str, Stored]]
    convert: Convert
    dedup: Dedup
    classify: Classify
    filter: Filter
    route: Route
    closing: Closing
    publish: Lane
    """Builds the lane of one target, from its snapshot if there is one."""
    trail: Trail
    messages: Sink[tuple[str, Message]]
    silence: Silence | None = None
    """Ends what no sender repeats; None: nothing is ended so."""
    asking: Adviser | None = None
    """Has a model asked; None: there is none."""
    shadow: Shadow | None = None
    """Judges beside it; None: nobody does."""
    names: Names | None = None
    """Keeps the index of names; None: what is decided is no news."""


class Ends(NamedTuple):
    """What `Parts` is beside the steps: where alerts come from, and where what comes of them goes."""

    kafka: Source[tuple[str, Stored]]
    publish: Lane
    messages: Sink[tuple[str, Message]]
    silence: Silence | None = None
    asking: Adviser | None = None


def between(ends: Ends, config: Config) -> Parts:
    """The steps as winnow.yaml wants them, between these ends."""
    return Parts(
        kafka=ends.kafka,
        convert=Convert(),
        dedup=Dedup(config.dedup.window),
        classify=Classify(config.classify.rules),
        filter=Filter(config.filter),
        route=Route(config.routes, config.targets),
        closing=Closing(config.targets),
        publish=ends.publish,
        trail=Trail(
            topics(config.kafka),
            config.kafka.partitions,
            version(config),
            {target.name: target.kind for target in config.targets},
        ),
        messages=ends.messages,
        silence=ends.silence,
        asking=ends.asking,
    )


def shadow(candidate: Config, config: Config) -> Shadow:
    """The candidate as it judges beside this configuration."""
    has_model = candidate.classify.llm is not None
    return Shadow(
        window=candidate.dedup.window,
        classify=Classify(candidate.classify.rules),
        filter=Filter(candidate.filter),
        route=Route(candidate.routes, candidate.targets),
        keepers=Closing(candidate.targets),
        has_model=has_model,
        hears=has_model and config.classify.llm is not None,
        follows=2 * config.dedup.window,
        topic=shadow_topic(config.kafka),
        version=version(candidate),
        live=version(config),
        messages=ShadowSink(config.kafka),
        allowance=Allowance(),
    )


def build(config: Config, candidate: Config | None = None) -> Parts:
    """The parts as winnow.yaml wants them, and the candidate that it names."""
    wake = Wake()
    background = Background(wake)
    pending = Pending(config.publish.max_pending)

    llm = config.classify.llm
    model = None if llm is None else Model(llm)

    def on_end() -> None:
        expirer.close()
        background.finish(publisher.close)
        if model is not None:
            background.finish(model.close)

    def is_idle() -> bool:
        return background.is_idle() and (asking is None or not asking.waiting)

    drain = Drain(config.flow.drain, is_idle, pending, on_end)
    asking = None
    if llm is not None and model is not None:
        asking = Asking(llm, model.ask, Process(background, pending, steady_clock(), lambda: drain.has_begun))
    publisher = Publisher(config.targets, config.kafka)
    shared = Shared(
        config.targets,
        pending,
        _now_ms(),
        is_behind=lambda: source.is_behind,
        beat=publisher.beat,
    )

    def on_start() -> None:
        serve(config.flow.metrics_listen, lambda: source.is_reading and not drain.has_begun)

    source = WebhooksSource(config.kafka, config.flow, wake, drain, on_start=on_start, on_read=drain.listen)

    reports = Reports()
    expirer = Expirer(config.kafka, reports)
    silence = Silence(
        config.resolve, source, expirer, reports=reports, is_held=lambda: drain.has_begun or drain.is_full
    )

    def lane(state: Plain | None) -> LaneLogic:
        return LaneLogic(publisher.send, background, config.publish, state, shared)

    names = Names(topics(config.kafka).names, _now_ms)
    messages = MessageSink(config.kafka, unnamed=names.end)
    parts = between(Ends(source, lane, messages, silence, asking), config)._replace(names=names)
    return parts if candidate is None else parts._replace(shadow=shadow(candidate, config))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
