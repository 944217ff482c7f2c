"""Who may send: admits a request by its headers, or by its signature once its body is there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from http_gateway.senders.client import Clients
from http_gateway.senders.exposure import asks_for_certificates
from http_gateway.senders.guard import Facts, Guard, Seen, look
from http_gateway.senders.peer import peer
from http_gateway.senders.refusals import Reason, Refusals
from http_gateway.senders.replays import Replays
from http_gateway.senders.secret_files import SecretFiles
from http_gateway.senders.signatures import WINDOW_S
from http_gateway.senders.ticket import Sender, Ticket

if TYPE_CHECKING:
    from pathlib import Path

    from alerts.config import Gateway
    from http_gateway.answers import RefusedError
    from http_gateway.body import Scope
    from http_gateway.senders.client import Address
    from http_gateway.senders.credentials import Given
    from http_gateway.senders.signatures import Claim

log = structlog.get_logger()

EVERYBODY = "default"
"""The source of all requests where none is configured."""
# Sources that one signature's headers may be for: each more makes a line of the log longer.
_NAMES_MAX = 10


class Admission:
    """Looks at every request; where no source is configured, at none."""

    def __init__(self, settings: Gateway, folder: Path) -> None:
        """`folder` is that of winnow.yaml, where relative paths of secrets start."""
        self._files = SecretFiles(folder)
        self._guards = tuple(Guard(source, self._files) for source in settings.sources)
        self._tickets = {guard: Ticket(Sender(guard.name)) for guard in self._guards}
        self._settings = settings
        self._clients = Clients(settings.trusted_proxies)
        self._places = tuple({each.place for guard in self._guards for each in guard.credentials})
        self._needs_identity = any(guard.mtls for guard in self._guards)
        self._refusals = Refusals(self._places)
        self._replays = Replays()
        self.anybody = None if self._guards else Ticket(Sender(EVERYBODY))
        """What admits every request where no source is configured."""

    def start(self) -> None:
        """Say who may send, and follow the files of secrets."""
        if self._guards:
            log.info("opened_to_sources", sources=[guard.name for guard in self._guards])
        elif self._settings.open:
            log.warning("opened_to_everybody", because="gateway.open")
        elif asks_for_certificates(self._settings):
            log.info("opened_to_client_certificates", because="gateway.tls.client is required")
        else:
            log.info("opened_to_this_machine_only", because="gateway.sources is empty")
        self._files.start()

    def stop(self) -> None:
        """Follow them no more."""
        self._files.stop()

    def address(self, scope: Scope) -> Address | None:
        """Where a request comes from; None if nobody can say."""
        return self._clients.address(scope)

    async def admit(self, scope: Scope, given: Given, *, only_listed: bool = False) -> Ticket:
        """What a request's headers and its connection say of its sender.

        Args:
            scope: The request's.
            given: Its headers.
            only_listed: Whether only a source that lists the path may use it.

        Raises:
            RefusedError: 401, nobody's; 403, its sender is known and may not send from there, or to there.
                The body need not be read.
        """
        if self.anybody is not None:
            return self.anybody
        facts = self._facts(scope, given, only_listed=only_listed)
        seen = look(self._guards, facts)
        if seen.claims:
            now_s = time.time()
            claims = tuple((guard, claim) for guard, claim in seen.claims if claim.is_timely(now_s))
            if claims:
                return Ticket(None, facts, claims, seen.admitted)
        if seen.admitted is not None:
            seen.admitted.count()
            return self._tickets[seen.admitted]
        raise await self._refused(facts, seen)

    async def _refused(self, facts: Facts, seen: Seen) -> RefusedError:
        if seen.forbidden is not None:
            return self._refusals.misplaced(*seen.forbidden, facts)
        if seen.claims:
            # Mostly a clock that is wrong, the sender's or this one: the log says by how much.
            off_s = min((time.time() - (claim.signed_s or 0) for _, claim in seen.claims), key=abs)
            return await self._refusals.unknown(Reason.EXPIRED, facts, signed_seconds_ago=round(off_s))
        if seen.doubtful:
            names = [name for name, _ in seen.doubtful[:_NAMES_MAX]]
            return await self._refusals.unknown(seen.doubtful[0][1], facts, may_be=names)
        shows_something = facts.identity is not None or any(facts.digests.values())
        return await self._refusals.unknown(Reason.WRONG if shows_something else Reason.MISSING, facts)

    async def verify(self, ticket: Ticket, body: bytes) -> Sender:
        """Whose request it is, now that its body is there, as it came.

        Raises:
            RefusedError: 401, nobody's.
        """
        if ticket.sender is not None:
            return ticket.sender
        true = [(guard, claim) for guard, claim in ticket.claims if guard.signed(claim, body)]
        for guard, claim in true:
            key = None if claim.id is None else self._claimed(guard, claim)
            if claim.id is None or key is not None:
                guard.count()
                return Sender(guard.name, key)
        if ticket.otherwise is not None:
            ticket.otherwise.count()
            return Sender(ticket.otherwise.name)
        assert ticket.facts is not None
        raise await self._refusals.unknown(Reason.REPLAYED if true else Reason.WRONG, ticket.facts)

    async def admit_without_body(self, scope: Scope, *, only_listed: bool = False) -> None:
        """Let a request pass that has no body; see `admit`.

        Raises:
            RefusedError: 401 or 403.
        """
        ticket = await self.admit(scope, dict(scope["headers"]), only_listed=only_listed)
        await self.verify(ticket, b"")

    def release(self, sender: Sender) -> None:
        """The sender's request was not stored: the same may come again."""
        if sender.replay_key is not None:
            self._replays.release(sender.replay_key)

    def _facts(self, scope: Scope, given: Given, *, only_listed: bool) -> Facts:
        digests = {place: place.digest(given) for place in self._places}
        identity = peer(scope) if self._needs_identity else None
        address = self._clients.address(scope)
        return Facts(scope["path"], only_listed, given, digests, address, identity, scope["state"]["request_id"])

    def _claimed(self, guard: Guard, claim: Claim) -> bytes | None:
        assert claim.id is not None
        assert claim.signed_s is not None
        return self._replays.claim(guard.name, claim.id, claim.signed_s + WINDOW_S, time.time())
