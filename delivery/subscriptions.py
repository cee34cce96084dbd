"""Subscriptions at our hub: requests as they are checked (WebSub §5.1), and the state of both in a `Target`.

A request is a target of its own until the callback has confirmed it (`verification`). Anyone can send one: it changes
nothing of the subscription, and ends neither a delivery nor a back-off.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
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

_PENDING: Final = "-request"
_CONTROL_OR_SPACE: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\]")


class InvalidRequestError(Exception):
    """A request that cannot be accepted; the message is a sentence for the subscriber, without what it sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to subscribe, or to unsubscribe, that is well formed."""

    mode: Mode
    callback: str = field(repr=False)
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
    """The settings of a request's target. ``until`` is the end of the lease once it was confirmed, 0 before.

    ``nonce`` tells a request from the same one that is sent again.
    """

    request: Request
    until: float = 0
    nonce: str = field(default_factory=partial(secrets.token_hex, 4))

    @classmethod
    def of(cls, target: Target) -> Pending:
        """The request of a target."""
        settings = dict(target.settings)
        until, nonce = settings.pop("until"), settings.pop("nonce")
        return cls(request=Request(**settings), until=until, nonce=nonce)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of its target."""
        return asdict(self.request) | {"until": self.until, "nonce": self.nonce}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The settings of a hub's target. ``until`` is the end of the lease in Unix seconds."""

    callback: str = field(repr=False)
    topic: str
    until: float = 0
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, target: Target) -> Subscription:
        """The subscription of a target; settings that this version does not know are ignored."""
        return cls(**{name: value for name, value in target.settings.items() if name in _FIELDS})

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of its target."""
        return asdict(self)


_FIELDS: Final = frozenset(one.name for one in fields(Subscription))


def pending_target(request: Request, blog: str, cursor: str) -> Target:
    """The target of a request. If it is for a new subscription, the events after ``cursor`` are for that."""
    settings = Pending(request=request).settings
    return replace(new_target(request, blog, cursor), id=pending_id(request), sort="request", settings=settings)


def pending_id(request: Request) -> str:
    """The id of a request's target: a later request for the same subscription replaces an earlier one."""
    return f"{request.id}{_PENDING}"


def subscription_id(target: Target) -> str:
    """The id of the subscription that a target is, or is a request for."""
    return target.id.removesuffix(_PENDING)


def new_target(request: Request, blog: str, cursor: str, until: float = 0) -> Target:
    """The target of a new subscription."""
    subscription = Subscription(callback=request.callback, topic=request.topic, until=until, secret=request.secret)
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
