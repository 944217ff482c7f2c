"""One source of winnow.yaml, ready to know its requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from http_gateway import metrics
from http_gateway.senders.client import Networks
from http_gateway.senders.credentials import credentials
from http_gateway.senders.refusals import Reason
from http_gateway.senders.signatures import Signature

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alerts.config_sources import Mtls, Source
    from http_gateway.senders.client import Address
    from http_gateway.senders.credentials import Given, Place
    from http_gateway.senders.peer import Identity
    from http_gateway.senders.secret_files import SecretFiles
    from http_gateway.senders.signatures import Claim


class Facts(NamedTuple):
    """What is known of a request before its body."""

    path: str
    only_listed: bool
    """Whether only a source that lists the path may use it."""
    given: Given
    digests: dict[Place, bytes | None]
    address: Address | None
    identity: Identity | None
    request_id: str


class Guard:
    """Knows one source's requests."""

    def __init__(self, source: Source, files: SecretFiles) -> None:
        self.name = source.name
        self.credentials = tuple(credentials(source, files))
        self.signature = Signature(source.hmac, files) if source.hmac else None
        self.mtls = source.mtls
        self.networks = Networks(source.addresses)
        self._key = (self.name,)
        metrics.admitted.inc(self._key, 0)
        self._paths = frozenset(source.paths)
        self._has_proof = bool(self.credentials or self.mtls)
        self._secrets = tuple((each.place, each.secrets) for each in self.credentials)
        self._is_bound = bool(self.networks or self._paths)

    def knows(self, facts: Facts) -> bool:
        """Whether all that must stand in the headers does, and the certificate is the right one."""
        known = self.mtls is None or _is_named(self.mtls, facts.identity)
        for place, secrets in self._secrets:
            digest = facts.digests[place]
            known &= digest is not None and secrets.holds(digest)
        return known

    def misplaced(self, facts: Facts) -> Reason | None:
        """Why it may not send from there to there; None if it may."""
        if not self._is_bound and not facts.only_listed:
            return None
        if self.networks and facts.address not in self.networks:
            return Reason.ADDRESS
        is_allowed = facts.path in self._paths if self._paths else not facts.only_listed
        return None if is_allowed else Reason.PATH

    def is_sure(self, misplaced: Reason) -> bool:
        """Whether who sends something misplaced is known all the same.

        A signature is not looked at then: nobody reads a body that is refused anyway.
        """
        return self.signature is None and (self._has_proof or misplaced is Reason.PATH)

    def count(self) -> None:
        """One more request is its."""
        metrics.admitted.inc(self._key)

    def signed(self, claim: Claim, body: bytes) -> bool:
        """Whether the claim is true."""
        return self.signature is not None and self.signature.holds(claim, body)


def _is_named(mtls: Mtls, identity: Identity | None) -> bool:
    if identity is None:
        return False
    return identity.subject in mtls.subjects or any(name in mtls.names for name in identity.names)


class Seen(NamedTuple):
    """What all sources say of a request."""

    admitted: Guard | None
    forbidden: tuple[str, Reason] | None
    claims: list[tuple[Guard, Claim]]
    doubtful: list[tuple[str, Reason]]
    """Sources that the request may be signed for, and why they may not send it."""


def look(guards: Iterable[Guard], facts: Facts) -> Seen:
    """What all of them say, always: the time taken does not tell which one it was."""
    admitted: Guard | None = None
    forbidden: tuple[str, Reason] | None = None
    claims: list[tuple[Guard, Claim]] = []
    doubtful: list[tuple[str, Reason]] = []
    for guard in guards:
        if not guard.knows(facts):
            continue
        misplaced = guard.misplaced(facts)
        if misplaced is not None:
            if guard.is_sure(misplaced):
                forbidden = forbidden or (guard.name, misplaced)
            elif guard.signature is not None and guard.signature.claim(facts.given) is not None:
                doubtful.append((guard.name, misplaced))
        elif guard.signature is None:
            admitted = admitted or guard
        elif admitted is None and (claim := guard.signature.claim(facts.given)) is not None:
            claims.append((guard, claim))
    return Seen(admitted, forbidden, claims, doubtful)
