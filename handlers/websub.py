"""`/websub/TOKEN`: the callback of a subscription (https://www.w3.org/TR/2018/REC-websub-20180123/).

Its hub verifies a request of ours (§5.3), or denies it (§5.2), and pushes documents (§7).

The token alone names the subscription: nothing in a push is believed before its signature was compared. A push is
stored before it is acknowledged, and read by the node that claims its feed. All that is not expected gets the same
404, before a body is read.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, Final

from tornado.http1connection import HTTP1Connection
from tornado.web import HTTPError, stream_request_body

import redaction
from connections.limits import RefusedError
from feed_subscription import DENIED_SECONDS, KIND, LEASE_SECONDS, FeedSubscription, is_token
from handlers.base import BaseHandler
from handlers.websub_limits import WebSubLimits
from timeline import Job, TimelineError

logger = logging.getLogger("livelog.http")

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_CHALLENGE_BYTES: Final = 1024
MAX_REASON_CHARS: Final = 200

MAX_TRIES: Final = 3
RETRY_SECONDS: Final = 5

NOTHING: Final = "There is nothing here."


@stream_request_body
class HubCallback(BaseHandler):
    """A request of a hub: GET verifies, POST pushes."""

    allowed_methods = "GET, POST"

    _subscription: FeedSubscription
    _body: bytearray | None = None

    async def prepare(self) -> None:
        """Finds the subscription, before a body is read. Raises HTTPError and RefusedError."""
        super().prepare()
        assert isinstance(self.request.connection, HTTP1Connection)
        # Larger bodies end in `data_received`: Tornado would answer them with 400.
        self.request.connection.set_max_body_size(2**63)
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Robots-Tag", "noindex")
        if self.request.method not in ("GET", "POST"):
            raise HTTPError(405)
        token = self.path_args[0]
        job = await self._job(token)
        self._subscription = FeedSubscription.from_json(job.state)
        if self.request.method == "POST":
            self._expect_push(token)

    async def get(self, token: str) -> None:
        """Confirms a pending action by its challenge, as text that no browser runs; takes note of a denial."""
        mode, topic = self._argument("hub.mode"), self._argument("hub.topic")
        if mode == "denied":
            await self._denied(token, topic)
            return
        challenge = self._challenge()
        with self._limits.lookup():
            await self._confirm(token, mode, topic)
        self._limits.outcomes["verified"] += 1
        self.set_header("Content-Type", "application/octet-stream")
        self.finish(challenge)

    def data_received(self, chunk: bytes) -> None:
        """Keeps a piece of the body, which may have any length whatever its head says."""
        if self._body is None:
            return
        if len(self._body) + len(chunk) > MAX_BODY_BYTES:
            self._end_body()
            self._limits.outcomes["too_large"] += 1
            self.send_error(413)
            return
        self._body += chunk

    async def post(self, _: str) -> None:
        """Stores a push that is signed; one with another signature is acknowledged, and discarded (§7.1.2)."""
        if self._body is None:
            # It was too large, and is answered.
            return
        body, self._body = bytes(self._body), None
        try:
            await self._store(body)
        finally:
            # Not before: bodies that wait for a slow store count, too, even if their clients are gone.
            self._limits.end_push(self.path_args[0])

    async def _store(self, body: bytes) -> None:
        one = self._subscription
        if not one.has_signed(self.request.headers["X-Hub-Signature"], body):
            self._limits.outcomes["discarded"] += 1
            self.set_status(202)
            return
        if not await self.site.timeline.push(one.feed, body, self.request.headers.get("Content-Type")):
            raise self._unknown()
        self._limits.outcomes["pushed"] += 1
        if self.site.polling:
            self.site.polling.pushed(one.feed)
        self.set_status(202)

    def on_finish(self) -> None:
        """Counts the body no longer."""
        self._end_body()

    def on_connection_close(self) -> None:
        """Counts the body no longer."""
        super().on_connection_close()
        self._end_body()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Sends the error, with a time to retry for a hub that is too quick."""
        if status_code == 429:
            self.set_header("Retry-After", str(RETRY_SECONDS))
        super().write_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Logs a bug, without the path: it has the token."""
        if not isinstance(value, HTTPError | RefusedError | TimelineError):
            logger.error("A request of a hub met a bug.", exc_info=(typ, value, tb))

    @property
    def _limits(self) -> WebSubLimits:
        return self.site.websub_limits

    async def _job(self, token: str) -> Job:
        if self.site.config.server.public_url is None or not is_token(token):
            raise self._unknown()
        with self._limits.lookup():
            job = await self.site.timeline.job(KIND, token)
        if job is None:
            raise self._unknown()
        return job

    def _expect_push(self, token: str) -> None:
        """Begins to read a body. Raises HTTPError 404 for one that can't be a push: unsigned ones get no other."""
        headers = self.request.headers
        if not self._subscription.takes_pushes(self.site.timeline.now()) or "X-Hub-Signature" not in headers:
            raise self._unknown()
        self._limits.begin_push(token)
        self._body = bytearray()
        length = headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,7}", length) or int(length) > MAX_BODY_BYTES:
            self._limits.outcomes["too_large"] += 1
            raise HTTPError(413)

    def _end_body(self) -> None:
        """Drops a body that is not read to its end, and counts it no longer."""
        if self._body is not None:
            self._body = None
            self._limits.end_push(self.path_args[0])

    def _unknown(self) -> HTTPError:
        self._limits.outcomes["unknown"] += 1
        return HTTPError(404, reason=NOTHING)

    def _argument(self, name: str) -> str:
        """A parameter of the query, byte for byte, if it is there once and is text; else empty."""
        values = self.request.query_arguments.get(name, [])
        try:
            return values[0].decode() if len(values) == 1 else ""
        except UnicodeDecodeError:
            return ""

    def _challenge(self) -> str:
        """The challenge. Raises HTTPError 404 for one that is too long, or no text."""
        challenge = self._argument("hub.challenge")
        if not challenge.isprintable() or not 0 < len(challenge.encode()) <= MAX_CHALLENGE_BYTES:
            raise self._unknown()
        return challenge

    async def _confirm(self, token: str, mode: str, topic: str) -> None:
        """Stores what a hub verifies, if that is pending. Raises HTTPError 404."""

        def confirmed(one: FeedSubscription, now: float) -> tuple[FeedSubscription, float]:
            if not one.confirms(mode, topic, now):
                raise self._unknown()
            active = one.activated(now, self._lease_seconds())
            # At once: the subscription that it follows is to be ended.
            return active, now if active.predecessor else active.renew_at

        if mode != "unsubscribe":
            await self._change(token, confirmed)
            if self._subscription.problem:
                names = map(redaction.public_url, (self._subscription.topic, self._subscription.hub))
                logger.info("%s is subscribed at %s.", *names)
        elif self._subscription.confirms(mode, topic, self.site.timeline.now()):
            await self.site.timeline.remove_job(KIND, token)
        else:
            raise self._unknown()

    async def _denied(self, token: str, topic: str) -> None:
        """Stores that a hub holds no subscription, and has the feed polled now (§5.2). Raises HTTPError 404.

        A hub that denies again and again does not have the feed polled as often.
        """
        if topic != self._subscription.topic or self._subscription.phase in ("leaving", "denied"):
            raise self._unknown()
        reason = " ".join(self._argument("hub.reason").split())[:MAX_REASON_CHARS]
        problem = "The hub has denied the subscription" + (f": {reason}" if reason.isprintable() and reason else ".")
        with self._limits.lookup():
            await self._change(token, lambda one, now: (one.denied(problem), now + DENIED_SECONDS))
            await self.site.timeline.make_due(self._subscription.feed)
        self._limits.outcomes["denied"] += 1

    async def _change(
        self, token: str, change: Callable[[FeedSubscription, float], tuple[FeedSubscription, float]]
    ) -> None:
        """Stores a subscription as ``change`` makes it, with the time when it is due. Raises HTTPError 404."""
        timeline = self.site.timeline
        for _ in range(MAX_TRIES):
            job = await timeline.job(KIND, token)
            if job is None:
                raise self._unknown()
            changed, due = change(FeedSubscription.from_json(job.state), timeline.now())
            if await timeline.replace_job(job, changed.to_json(), due):
                return
            # The node that asked the hub has settled the job meanwhile.
            await asyncio.sleep(0)
        raise RefusedError("This subscription is being changed.")

    def _lease_seconds(self) -> float:
        """The lease that a hub grants; as long as we asked for if it grants none that can be read."""
        text = self._argument("hub.lease_seconds")
        return float(text) if re.fullmatch("[0-9]{1,12}", text) else float(LEASE_SECONDS)
