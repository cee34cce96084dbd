"""`/hub`: our WebSub hub, where subscribers ask for the feeds of this server (WebSub §5.1).

A request is checked and stored; a node that delivers then asks the callback whether it is meant
(delivery/verification.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http.client import responses
from math import ceil
from typing import Any, Final

from tornado.web import HTTPError

from connections.attempts import Attempts
from delivery.subscriptions import InvalidRequestError, Pending, Request, pending_id, pending_target
from delivery.target import KIND, Target
from delivery.topics import Topic
from handlers.base import BaseHandler
from handlers.hub_gate import HubGate
from timeline import TimelineError

TRIES: Final = 5
"""A request is stored again if the one before it was changed by its verification meanwhile."""

RETRY_SECONDS: Final = 60
"""`Retry-After` while there are too many subscriptions."""


class TooManyRequestsError(HTTPError):
    """429, with the seconds to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(429, reason="Too many requests. Try again later.")
        self.seconds = ceil(seconds)


class Hub(BaseHandler):
    """Accepts requests to subscribe and to unsubscribe. Errors are sentences in plain text."""

    allowed_methods = "POST"

    async def post(self) -> None:
        """Stores the request, and answers 202. Raises HTTPError."""
        if self.site.config.server.public_url is None:
            raise HTTPError(404, reason="There is no hub here.")
        gate = self.site.hub_gate
        self._count(gate.by_address, self.request.remote_ip or "")
        request = self._request()
        topic = Topic.of(self.site.config, request.topic)
        if topic is None:
            raise HTTPError(404, reason="hub.topic is not the address of a feed here.")
        self._count(gate.by_host, request.host)
        await self._store(request, topic, gate)
        self.set_status(202)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish("The request was accepted. The callback will be asked to confirm it.\n")

    def get(self) -> None:
        """Raises HTTPError 405."""
        raise HTTPError(405)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Sends the error as the Recommendation has it: a status, and a description in plain text."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        message = (isinstance(error, HTTPError) and error.reason) or responses.get(status_code, "Error")
        if isinstance(error, TooManyRequestsError):
            self.set_header("Retry-After", str(error.seconds))
        if isinstance(error, TimelineError):
            status_code, message = 503, "The hub is not available at the moment."
        if status_code == 503:
            self.set_header("Retry-After", str(RETRY_SECONDS))
        if status_code == 405:
            self.set_header("Allow", self.allowed_methods)
        self.set_status(status_code)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(f"{message}\n")

    def _count(self, attempts: Attempts, key: str) -> None:
        if seconds := attempts.wait_seconds(key):
            raise TooManyRequestsError(seconds)
        attempts.failed(key)

    def _request(self) -> Request:
        try:
            return Request.of(self._form(), self.site.config.fetch.private_networks)
        except InvalidRequestError as error:
            raise HTTPError(400, reason=str(error)) from None

    def _form(self) -> Mapping[str, str]:
        try:
            return {name: values[-1].decode() for name, values in self.request.body_arguments.items()}
        except UnicodeDecodeError:
            raise HTTPError(400, reason="The form has to be in UTF-8.") from None

    async def _store(self, request: Request, topic: Topic, gate: HubGate) -> None:
        """Stores a request beside the subscription that is there. Raises HTTPError and TimelineError."""
        timeline = self.site.timeline
        for _ in range(TRIES):
            job = await timeline.job(KIND, pending_id(request))
            if job is None:
                await self._store_first(request, topic, gate)
                return
            target = Target.from_json(job.state)
            if Pending.of(target).until:
                # It was confirmed, and takes effect within a moment.
                break
            changed = replace(target, settings=Pending(request=request).settings)
            if await timeline.replace_job(job, changed.to_json(), timeline.now()):
                return
        raise HTTPError(503, reason="The subscription is busy. Try again later.")

    async def _store_first(self, request: Request, topic: Topic, gate: HubGate) -> None:
        if await self.site.timeline.job(KIND, request.id):
            await self._put(request, topic)
            return
        if request.mode == "unsubscribe":
            raise HTTPError(404, reason="There is no such subscription.")
        async with gate.subscribers.room(request.host) as has_room:
            if not has_room:
                raise HTTPError(503, reason="There are too many subscriptions.")
            await self._put(request, topic)

    async def _put(self, request: Request, topic: Topic) -> None:
        timeline, blog = self.site.timeline, topic.blog.slug
        target = pending_target(request, blog, str(await timeline.head(blog)))
        await timeline.put_job(target.job, timeline.now())
