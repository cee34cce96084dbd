"""A subscription of this installation at a WebSub hub (https://www.w3.org/TR/websub/): the stored state of its job.

    pending → active → leaving → (removed)        a hub may deny it at any time; it is tried again then

The job's id is the token of the callback, by which alone a hub is recognised.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass, replace
from typing import Final, Literal, Self

KIND: Final = "subscription"
"""The kind of the jobs."""

LEASE_SECONDS: Final = 10 * 24 * 3600
"""The lease that hubs are asked for."""

MIN_LEASE_SECONDS: Final = 5 * 60.0
MAX_LEASE_SECONDS: Final = 14 * 24 * 3600.0
"""Bounds of the lease that a hub grants: a shorter one would be renewed all the time, a longer one hide its end."""

RENEWED_SHARE: Final = 0.25
MAX_RENEWED_SECONDS: Final = 24 * 3600.0
"""A subscription is renewed in the last quarter of its lease, in the last day at the earliest."""

DENIED_SECONDS: Final = 24 * 3600.0
"""Time until a subscription is tried again that a hub has denied."""

REPEATED_SECONDS: Final = 600.0
"""Time in which a hub may verify again, as if our answer was lost."""

_METHODS: Final = ("sha1", "sha256", "sha384", "sha512")
_SIGNATURE: Final = re.compile("([a-z0-9]{1,10})=([0-9a-fA-F]{40,128})")

Phase = Literal["pending", "active", "leaving", "denied"]
"""``pending``: to be confirmed by the hub; ``leaving``: to be ended; ``denied``: by the hub, until it is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSubscription:
    """A subscription of a feed (its identity) to a topic at a hub. Times are Unix seconds, 0 for never.

    It is active from ``since`` to ``until``, and to be renewed at ``renew_at`` by another one, whose ``predecessor``
    it is; ``refetches`` polls were asked for before that. The hub accepted the last request if ``is_accepted``;
    ``failures`` in a row ended with ``problem``, a sentence for the operator.
    """

    feed: str
    hub: str
    topic: str
    callback: str
    secret: str
    phase: Phase = "pending"
    since: float = 0
    until: float = 0
    renew_at: float = 0
    predecessor: str = ""
    refetches: int = 0
    is_accepted: bool = False
    failures: int = 0
    problem: str | None = None

    def takes_pushes(self, now: float) -> bool:
        """True while the hub may push; also while it is asked to end the subscription."""
        return self.phase in ("active", "leaving") and now < self.until

    def confirms(self, mode: str, topic: str, now: float) -> bool:
        """True if a hub may verify this mode and topic now."""
        if topic != self.topic:
            return False
        if mode == "unsubscribe":
            return self.phase == "leaving"
        is_repeated = self.phase == "active" and now < self.since + REPEATED_SECONDS
        return mode == "subscribe" and (self.phase == "pending" or is_repeated)

    def activated(self, now: float, lease: float) -> Self:
        """The subscription that its hub has confirmed, for a lease of so many seconds."""
        seconds = min(max(lease, MIN_LEASE_SECONDS), MAX_LEASE_SECONDS)
        renewed = min(seconds * RENEWED_SHARE, MAX_RENEWED_SECONDS)
        return replace(
            self,
            phase="active",
            since=now,
            until=now + seconds,
            renew_at=now + seconds - renewed,
            is_accepted=False,
            failures=0,
            problem=None,
        )

    def denied(self, problem: str) -> Self:
        """The subscription that its hub has denied."""
        return replace(self, phase="denied", until=0.0, problem=problem)

    def left(self) -> Self:
        """The subscription that is to be ended; it takes pushes until it is."""
        return replace(self, phase="leaving", is_accepted=False, failures=0, problem=None)

    def has_signed(self, header: str, body: bytes) -> bool:
        """True if a value of `X-Hub-Signature` is that of the body; compared in constant time."""
        found = _SIGNATURE.fullmatch(header.strip())
        if found is None or found[1] not in _METHODS:
            return False
        expected = hmac.new(self.secret.encode(), body, found[1]).hexdigest()
        return hmac.compare_digest(expected, found[2].lower())

    def to_json(self) -> str:
        """The state of the job."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Reads the text of `to_json`; fields of another version are ignored."""
        values = json.loads(text)
        return cls(**{name: value for name, value in values.items() if name in cls.__slots__})


def new_token() -> str:
    """A token of 192 random bits."""
    return secrets.token_urlsafe(24)


def is_token(text: str) -> bool:
    """True for a text that could be one."""
    return re.fullmatch("[A-Za-z0-9_-]{32}", text) is not None


def new_secret() -> str:
    """A secret of 64 characters; hubs take up to 200 bytes."""
    return secrets.token_hex(32)


def group_of(feed: str) -> str:
    """The group of a feed's jobs: a hash, as identities may have secrets."""
    return hashlib.blake2b(feed.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
