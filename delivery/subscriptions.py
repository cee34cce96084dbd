"""Subscriptions at our hub: requests as they are checked (WebSub §5.1), and their state in a `Target`.

A request is kept as ``pending`` until the callback has confirmed it; the subscription before it goes on meanwhile.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, cast, get_args
from urllib.parse import urlsplit

from delivery.target import Target
from hostnames import ascii_host
from outbound.private_networks import Network, allowed, literal
from outbound.wire import wire_url

MAX_CALLBACK_CHARS: Final = 2_048
MAX_SECRET_BYTES: Final = 199
"""WebSub §5.1: less than 200."""

MIN_LEASE_SECONDS: Final = 5 * 60
DEFAULT_LEASE_SECONDS: Final = 10 * 24 * 3600
MAX_LEASE_SECONDS: Final = 30 * 24 * 3600

Mode = Literal["subscribe", "unsubscribe"]

_CONTROL_OR_SPACE: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


class InvalidRequestError(Exception):
    """A request that cannot be accepted; the message is a sentence for the subscriber, without what it sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to subscribe, or to unsubscribe, that is well formed."""

    mode: Mode
    callback: str
    topic: str
    seconds: int = DEFAULT_LEASE_SECONDS
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, form: Mapping[str, str], networks: Sequence[Network]) -> Request:
        """The request in the fields of a form; others are ignored. Raises InvalidRequestError.

        ``networks`` are the private networks that a callback may be in.
        """
        mode, callback, topic = (form.get(f"hub.{name}", "") for name in ("mode", "callback", "topic"))
        if mode not in get_args(Mode):
            raise InvalidRequestError("hub.mode has to be subscribe or unsubscribe.")
        _check_callback(callback, networks)
        if not topic:
            raise InvalidRequestError("hub.topic is missing.")
        secret = form.get("hub.secret", "")
        if len(secret.encode("utf-8", "surrogatepass")) > MAX_SECRET_BYTES:
            raise InvalidRequestError("hub.secret has to be less than 200 bytes long.")
        seconds = _lease_seconds(form.get("hub.lease_seconds", ""))
        return cls(mode=cast("Mode", mode), callback=callback, topic=topic, seconds=seconds, secret=secret)

    @property
    def id(self) -> str:
        """The id of the subscription's target: a callback may have one for each topic (WebSub §5.1)."""
        return hashlib.blake2b(f"hub\n{self.callback}\n{self.topic}".encode(), digest_size=16).hexdigest()

    @property
    def host(self) -> str:
        """The host of the callback, in ASCII."""
        return host_of(self.callback)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A request that the callback has not confirmed yet."""

    mode: Mode
    seconds: int
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The settings of a hub's target. ``until`` is the end of the lease in Unix seconds, 0 before it began."""

    callback: str = field(repr=False)
    topic: str
    until: float = 0
    secret: str = field(default="", repr=False)
    pending: Pending | None = None

    @classmethod
    def of(cls, target: Target) -> Subscription:
        """The subscription of a target."""
        settings = dict(target.settings)
        pending = settings.pop("pending", None)
        return cls(**settings, pending=Pending(**pending) if pending else None)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of its target."""
        return asdict(self)

    def requested(self, request: Request) -> Subscription:
        """With a request that the callback has yet to confirm; it replaces an earlier one."""
        pending = Pending(mode=request.mode, seconds=request.seconds, secret=request.secret)
        return replace(self, pending=pending)


def new_target(request: Request, blog: str, cursor: str) -> Target:
    """The target of a request for which there is none yet: events after ``cursor`` are for it."""
    subscription = Subscription(callback=request.callback, topic=request.topic).requested(request)
    return Target(
        id=request.id,
        sort="hub",
        name=request.host,
        blog=blog,
        host=request.host,
        cursor=cursor,
        settings=subscription.settings,
    )


def host_of(callback: str) -> str:
    """The host of a callback that was checked: without port, as limits are for all ports of a host."""
    name = ascii_host((urlsplit(callback).hostname or "").rstrip("."))
    return str(literal(name) or name)


def _lease_seconds(text: str) -> int:
    if not text:
        return DEFAULT_LEASE_SECONDS
    if not re.fullmatch("[0-9]{1,18}", text, re.ASCII):
        raise InvalidRequestError("hub.lease_seconds has to be a number of seconds.")
    return min(max(int(text), MIN_LEASE_SECONDS), MAX_LEASE_SECONDS)


def _check_callback(url: str, networks: Sequence[Network]) -> None:
    """Raises InvalidRequestError for a URL that nothing can be sent to, or that leads into a private network.

    A name is resolved when it is requested, and its address checked then.
    """
    if not url or len(url) > MAX_CALLBACK_CHARS:
        raise InvalidRequestError(f"hub.callback has to be a URL of at most {MAX_CALLBACK_CHARS} characters.")
    try:
        parts, host = urlsplit(url), host_of(url)
        wire_url(url)
        is_url = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or _CONTROL_OR_SPACE.search(url):
        raise InvalidRequestError("hub.callback has to be an http or https URL.")
    if "#" in url or "@" in parts.netloc:
        raise InvalidRequestError("hub.callback must have no fragment, user name or password.")
    address = literal(host)
    if address and not allowed(address, networks):
        raise InvalidRequestError("hub.callback must not lead into a private network.")
