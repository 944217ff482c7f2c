"""One chaos run, from the first alert to the verdict."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.chaos import scenarios
from tests.chaos.evidence import gather
from tests.chaos.faults import Faults
from tests.chaos.finding import Finding
from tests.chaos.oracle import decided, obligations
from tests.chaos.settle import settle
from tests.chaos.story import stories
from tests.chaos.told import Told
from tests.chaos.world import PREFIX, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.evidence import Evidence
    from tests.chaos.settings import Settings

# A breaker probes every 30 s, a pause grows up to 60 s.
_SETTLE_TIMEOUT_S = 180.0
_EVERY_S = 10.0
# On a slow machine each fault takes longer to recover from, and each kind is to happen once.
_LATER_TIMES = 4


class Book(NamedTuple):
    """What `winnow ledger` says."""

    code: int
    accepted: int
    unaccounted: int
    states: dict[str, int]
    error: str


class Result(NamedTuple):
    """What came of a run."""

    world: World
    faults: Faults
    findings: list[Finding]
    duplicates: int
    ledger: Book
    settled_s: float


def run(settings: Settings, folder: Path, say: Callable[[str], None]) -> Result:
    """Feed, break, settle, judge; everything that ran has ended afterwards."""
    with scenarios.hosts(settings) as hosts, World(settings, folder, hosts=hosts) as world:
        if hosts.lack:
            say(f"no hosts of their own, all runs on loopback: {hosts.lack}")
        say(f"running in {folder}, broker {world.broker.bootstrap}; faults are in {folder / 'chaos.log'}")
        faults = Faults(world)
        disturbing: threading.Thread | None = None
        if settings.pace:
            faults.start()
        if (disturb := scenarios.disturbance(world, faults, say)) is not None:
            disturbing = threading.Thread(target=faults.guarded, args=(disturb,), daemon=True)
            disturbing.start()
        began = time.monotonic()
        ends = began + settings.seconds
        while (left_s := ends - time.monotonic()) > 0:
            time.sleep(min(_EVERY_S, left_s))
            is_short_of_faults = settings.every_kind and not faults.is_every_kind_done
            if is_short_of_faults and ends - time.monotonic() <= settings.calm_s:
                ends = min(ends + _EVERY_S, began + _LATER_TIMES * settings.seconds)
            elif left_s < settings.calm_s:
                faults.stop()
            say(_progress(world, faults))
        faults.stop()
        if disturbing is not None:
            disturbing.join()
        world.log("calm")
        world.feeder.stop()
        return _judge(world, faults, say)


def _progress(world: World, faults: Faults) -> str:
    count, notes, kills = world.feeder.count, len(world.receivers.notes), sum(faults.kills.values())
    return f"{world.elapsed_s():6.0f} s  {count:>9,} accepted  {notes:>8,} notifications  {kills:>4} kills"


def _judge(world: World, faults: Faults, say: Callable[[str], None]) -> Result:
    began = time.monotonic()
    rest = settle(world, PREFIX, _SETTLE_TIMEOUT_S)
    took_s = time.monotonic() - began
    world.log("settled", lag=rest.lag, pending=rest.pending, took_s=f"{took_s:.1f}")
    say(f"settled after {took_s:.0f} s; reading the evidence")
    findings = [] if rest.is_nothing else [Finding("not settled", "-", "flow", f"{rest}")]
    codes = {world.gateway.command.name: world.gateway.stop(), **world.stop_flows()}
    findings += [
        Finding("exit status", "-", name, f"{code} after SIGTERM")
        for name, code in codes.items()
        if not scenarios.is_good_end(world, code)
    ]
    ledger = _ledger(world)
    evidence = gather(world.broker.bootstrap, PREFIX)
    told = Told(evidence, world.receivers.notes)
    findings += obligations(world.feeder.accepted, evidence)
    findings += decided(evidence)
    findings += [one for one in told.findings() if not scenarios.is_meant(world.settings, one)]
    findings += _others(world, faults, evidence, ledger)
    result = Result(world, faults, findings, told.duplicates.total(), ledger, took_s)
    findings += scenarios.findings(result)
    for finding in findings:
        world.log("finding", **finding._asdict())
    if findings:
        lines = stories((finding.name for finding in findings), evidence, world.receivers.notes, world.began)
        (world.folder / "stories.txt").write_text("".join(f"{line}\n" for line in lines))
    return result


def _ledger(world: World) -> Book:
    done = world.cli("ledger", "-o", "json", "--since", f"{int(world.elapsed_s()) + 60}s", "--deadline", "0s")
    try:
        told = json.loads(done.stdout)
    except json.JSONDecodeError:
        return Book(done.returncode, 0, -1, {}, done.stderr[-500:])
    lost = "; ".join(f"{one['id']} lacks {one['lacks']}" for one in told["oldest_unaccounted"][:10])
    return Book(done.returncode, told["accepted"], told["unaccounted"], told["states"], lost)


def _others(world: World, faults: Faults, evidence: Evidence, ledger: Book) -> list[Finding]:
    """What is wrong beside single alerts."""
    stored = sum(len(events) for events in evidence.events.values())
    found = [Finding("refused", "-", "gateway", text) for text in world.feeder.refused]
    found += [Finding("strange request", "-", "receiver", text) for text in world.receivers.strange[:20]]
    found += [Finding("harness", "-", "-", text) for text in faults.failures]
    found += [Finding("one fingerprint, two alerts", min(names), print_, f"{names}")
              for print_, names in evidence.names.items() if len(names) > 1]  # fmt: skip
    if evidence.quarantined:
        found.append(Finding("quarantined", "-", "quarantine", f"{evidence.quarantined} entries, though all was valid"))
    if ledger.code or ledger.unaccounted or ledger.accepted != stored:
        text = f"exit {ledger.code}, {ledger.unaccounted} unaccounted, {ledger.accepted} of {stored}; {ledger.error}"
        found.append(Finding("ledger disagrees", "-", "ledger", text))
    return found
