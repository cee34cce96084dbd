"""A publisher with a hub on loopback, which does what the hubs of https://websub.rocks do with a subscriber.

hub.publish("/feed", body, link=True)         a topic, which names the hub in its Link header
await hub.subscribed()                        the first subscription that was verified
await hub.push(subscription, body)            a signed push; returns the status of the answer
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from tests.feeds.documents import rss
from tests.livelog import until


@dataclass
class HubSubscription:
    """A request that the hub got, and how its verification ended."""

    callback: str
    topic: str
    secret: str
    path: str
    verified: bool = False


@dataclass
class Topic:
    """A document, with the headers that it is served with; or a redirect of ``status``."""

    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    requests: int = 0


class Hub:
    """A publisher and its hub, of one origin: a literal address of the operator covers both.

    It verifies before it answers a request, as that of websub.rocks does. ``answers`` are statuses and headers by
    path, whose body is ``reason``, with values of the form for ``{hub.callback}``; ``verifies`` is False for a hub
    that does not. ``lease`` is granted. ``route`` gives the address at which a callback is asked, as a load balancer
    does.
    """

    def __init__(self) -> None:
        self.subscriptions: list[HubSubscription] = []
        self.left: list[HubSubscription] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.topics: dict[str, Topic] = {}
        self.answers: dict[str, tuple[int, dict[str, str]]] = {}
        self.reason = ""
        self.verifies = True
        self.lease = 864_000
        self.route: Callable[[str], str] = str
        self.port = 0
        self._server: HTTPServer | None = None

    def url(self, path: str) -> str:
        """An address of this origin."""
        return f"http://127.0.0.1:{self.port}{path}"

    def publish(
        self, path: str, body: bytes, *, hub: str | None = "/hub", self_path: str | None = None, **headers: str
    ) -> str:
        """Serves a document that names hub and self in its Link header, if ``hub`` is not None; returns its URL."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if hub:
            links = f'<{self.url(hub)}>; rel="hub", <{self.url(self_path or path)}>; rel="self"'
            named.setdefault("Link", links)
        requests = self.topics[path].requests if path in self.topics else 0
        self.topics[path] = Topic(body, {"Content-Type": "text/xml", **named}, requests=requests)
        return self.url(path)

    async def start(self) -> None:
        """Listens on a free port."""
        sockets = bind_sockets(0, "127.0.0.1")
        self.port = int(sockets[0].getsockname()[1])
        self._server = HTTPServer(Application([("/.*", _Handler, {"hub": self})], log_function=lambda _: None))
        self._server.add_sockets(sockets)

    async def stop(self) -> None:
        """Closes all connections."""
        assert self._server is not None
        self._server.stop()
        await self._server.close_all_connections()

    async def subscribed(self, count: int = 1) -> HubSubscription:
        """The subscription of this number, once it is verified."""
        await until(lambda: sum(one.verified for one in self.subscriptions) >= count)
        return [one for one in self.subscriptions if one.verified][count - 1]

    async def get(self, callback: str, **query: Any) -> HTTPResponse:
        """A GET of a callback, as a verification; names have _ for the dot."""
        named = {f"hub.{name}": value for name, value in query.items()}
        client = AsyncHTTPClient()
        return await client.fetch(
            f"{self.route(callback)}?{urlencode(named)}", raise_error=False, follow_redirects=False
        )

    async def verify(self, one: HubSubscription, mode: str = "subscribe", topic: str | None = None) -> bool:
        """Verifies a request of a subscriber (§5.3): a 2xx with the challenge."""
        challenge = secrets.token_urlsafe(20)
        answer = await self.get(
            one.callback, mode=mode, topic=topic or one.topic, challenge=challenge, lease_seconds=self.lease
        )
        return 200 <= answer.code < 300 and answer.body == challenge.encode()

    async def push(
        self,
        one: HubSubscription,
        body: bytes,
        *,
        method: str = "sha256",
        signature: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Pushes a document, with its signature if none is given; empty for none."""
        if signature is None:
            digest = hmac.new(one.secret.encode(), body, getattr(hashlib, method)).hexdigest()
            signature = f"{method}={digest}"
        sent = {"Content-Type": "application/rss+xml", **(headers or {})}
        if signature:
            sent["X-Hub-Signature"] = signature
        client = AsyncHTTPClient()
        answer = await client.fetch(
            self.route(one.callback), method="POST", body=body, headers=sent, raise_error=False
        )
        return answer.code

    async def requested(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Answers a request of a subscriber."""
        self.requests.append((path, form))
        if path in self.answers:
            return self.answers[path]
        one = HubSubscription(form["hub.callback"], form["hub.topic"], form.get("hub.secret", ""), path)
        mode = form["hub.mode"]
        (self.subscriptions if mode == "subscribe" else self.left).append(one)
        if self.verifies:
            one.verified = await self.verify(one, mode)
        return 202, {}


def numbered(number: int) -> bytes:
    """A feed with one post."""
    return rss(f"<guid>{number}</guid><title>Post {number}</title>")


class _Handler(RequestHandler):
    def initialize(self, hub: Hub) -> None:
        self._hub = hub

    async def post(self) -> None:
        form = {name: self.get_body_argument(name) for name in self.request.body_arguments}
        status, headers = await self._hub.requested(self.request.path, form)
        self.set_status(status)
        for name, value in headers.items():
            self.set_header(name, value)
        self.write(re.sub(r"\{([a-z._]+)\}", lambda name: form[name[1]], self._hub.reason))

    async def get(self) -> None:
        topic = self._hub.topics.get(self.request.path)
        if topic is None:
            self.set_status(404)
            return
        topic.requests += 1
        self.set_status(topic.status)
        for name, value in topic.headers.items():
            self.set_header(name, value)
        self.write(topic.body)
        await asyncio.sleep(0)
