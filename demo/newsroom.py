"""A small newsroom: an HTTP origin on loopback that publishes, corrects and withdraws posts in several feeds.

    newsroom = Newsroom()
    await newsroom.start()
    desk = newsroom.open_desk("/city.xml", title="City desk")
    post = desk.publish(title="Vote at nine", html="<p>The motion is on the table.</p>")
    desk.correct(post.guid, title="Vote at ten")
    desk.withdraw(post.guid)
    await newsroom.stop()

It answers with validators, 304 and gzip, and logs its requests. Scripts replace its answers for faulty behaviour. It
does not depend on Livelog. All of it runs on the event loop that called `start()`.
"""

import asyncio
import re
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from demo.desk import Desk, Resource
from demo.posts import Draft, Enclosure, Post, Withdrawal, now
from demo.render import Format, front_page, http_date, page, post_page

__all__ = ["Desk", "Draft", "Enclosure", "Format", "Newsroom", "Post", "Request", "Script", "Withdrawal"]

Script = Callable[[RequestHandler], Awaitable[bool]]
"""Answers a request instead of the newsroom. Returns False to leave the answer to the newsroom."""

_MAX_REQUESTS = 10_000
_MAX_PAGES = 5_000
_ENTITY_TAG = re.compile(r'"[^"]*"')
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:"


@dataclass(frozen=True, slots=True)
class Request:
    """One received request. `time` is `time.monotonic()` at its arrival, in seconds.

    `status` is None if no answer was finished: the client closed first, or a script detached the stream.
    """

    time: float
    method: str
    path: str
    headers: HTTPHeaders
    status: int | None


class Newsroom:
    """The HTTP origin. `address` should be a loopback address; port 0 takes any free one."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self._address = address
        self._port = port
        self._server: HTTPServer | None = None
        self._desks: dict[str, Desk] = {}
        self._files: dict[str, Resource] = {}
        self._pages: OrderedDict[str, Resource | None] = OrderedDict()  # None: withdrawn
        self._links = 0
        self._scripts: dict[str, Script] = {}
        self._running: set[asyncio.Task[bool]] = set()
        self.requests: deque[Request] = deque(maxlen=_MAX_REQUESTS)

    @property
    def port(self) -> int:
        """The port; 0 before the first start if any free port was asked for."""
        return self._port

    async def start(self) -> None:
        """Listen; again on the same port after `stop()`. Raises OSError if the port is taken."""
        if self._server is not None:
            raise RuntimeError("the newsroom is open already")
        sockets = bind_sockets(self._port, self._address)
        self._port = int(sockets[0].getsockname()[1])
        application = Application(
            [("/.*", _RequestHandler, {"newsroom": self})],
            log_function=lambda _handler: None,  # self.requests is the log
        )
        self._server = HTTPServer(application)
        self._server.add_sockets(sockets)

    async def stop(self) -> None:
        """Close all connections and cancel running scripts. Desks and posts stay. No effect when stopped."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.stop()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await server.close_all_connections()

    def url(self, path: str) -> str:
        """The absolute URL of `path`. Raises RuntimeError before the first start, when there is no port."""
        if not self._port:
            raise RuntimeError("start the newsroom first")
        host = f"[{self._address}]" if ":" in self._address else self._address
        return f"http://{host}:{self._port}{path}"

    def open_desk(self, path: str, *, title: str, keep: int = 50, format: Format = "rss") -> Desk:  # noqa: A002
        """Open a feed at `path` that lists the `keep` newest posts. Raises ValueError if the path has one."""
        if path in self._desks:
            raise ValueError(f"{path} is a desk already")
        desk = Desk(self, path, title, keep, format)
        self._desks[path] = desk
        return desk

    def add_file(self, path: str, body: bytes, content_type: str) -> str:
        """Serve `body` at `path`, replacing an earlier file, and return its URL."""
        self._files[path] = Resource(body, content_type, now())
        return self.url(path)

    def script(self, path: str, script: Script | None) -> None:
        """Have `script` answer requests for `path`; None removes the script.

        The path needs no desk. A running script is cancelled when its client closes or the newsroom stops.
        """
        if script is None:
            self._scripts.pop(path, None)
        else:
            self._scripts[path] = script

    def next_link(self) -> str:
        """The URL of the next post's page."""
        self._links += 1
        return self.url(f"/posts/{self._links}")

    def paginate(self, post: Post, desk: str) -> None:
        """Serve the page of `post` if its link is on this origin. The oldest pages are dropped beyond 5,000."""
        path = self._own_path(post.link)
        if path is not None:
            self._pages[path] = Resource(post_page(post, desk), "text/html; charset=utf-8", now())
            while len(self._pages) > _MAX_PAGES:
                self._pages.popitem(last=False)

    def gone(self, link: str) -> None:
        """Answer 410 at a withdrawn post's page, if it is on this origin."""
        path = self._own_path(link)
        if path is not None and path in self._pages:
            self._pages[path] = None

    def find(self, path: str) -> Resource | int:
        """Return the resource at `path`, or the HTTP status of its absence."""
        desk = self._desks.get(path)
        if desk is not None:
            return desk.resource()
        if path in self._files:
            return self._files[path]
        if path in self._pages:
            return self._pages[path] or 410
        return 404

    def front_page(self) -> bytes:
        """The HTML page that lists the desks."""
        return front_page((desk.title, desk.url) for desk in self._desks.values())

    def run_script(self, path: str, handler: RequestHandler) -> asyncio.Task[bool] | None:
        """Start the script of `path`, if there is one. `stop()` cancels it."""
        script = self._scripts.get(path)
        if script is None:
            return None
        task = asyncio.ensure_future(_call(script, handler))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _own_path(self, link: str) -> str | None:
        return urlsplit(link).path if link.startswith(self.url("/")) else None


async def _call(script: Script, handler: RequestHandler) -> bool:
    return await script(handler)


class _RequestHandler(RequestHandler):
    """Answers all requests: by a script, with a feed, a file, a post's page or the front page."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    def initialize(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self._script: asyncio.Task[bool] | None = None
        self._arrived = time.monotonic()
        self._recorded = False

    async def get(self) -> None:
        if await self._scripted():
            return
        if self.request.path == "/":
            self._send_page(200, self.newsroom.front_page())
            return
        found = self.newsroom.find(self.request.path)
        if isinstance(found, int):
            self._send_page(found, page("Withdrawn" if found == 410 else "Not found", "<p>Nothing here.</p>"))
        else:
            self._send(found)

    async def head(self) -> None:
        await self.get()

    def compute_etag(self) -> str | None:
        """None: resources have their own entity tags."""
        return None

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._script is not None:
            self._script.cancel()
        self._record(None)

    def on_finish(self) -> None:
        self._record(self.get_status())

    async def _scripted(self) -> bool:
        """Return True if the path's script answered. Raises what the script raises."""
        self._script = self.newsroom.run_script(self.request.path, self)
        if self._script is None:
            return False
        await asyncio.wait([self._script])
        if self._script.cancelled():
            return True  # the client has closed
        answered = self._script.result()
        if answered and self._finished:
            # Tornado does not call on_finish for a detached stream.
            self._record(None)
        return answered

    def _send_page(self, status: int, body: bytes) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Content-Security-Policy", _PAGE_POLICY)
        self.finish(body)

    def _send(self, resource: Resource) -> None:
        zipped = _accepts_gzip(self.request.headers.get("Accept-Encoding", ""))
        etag = resource.gzip_etag if zipped else resource.etag
        self.set_header("ETag", etag)
        self.set_header("Last-Modified", http_date(resource.modified))
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Vary", "Accept-Encoding")
        if _not_modified(self.request.headers, etag, resource.modified):
            self.set_status(304)
            self.finish()
            return
        self.set_header("Content-Type", resource.content_type)
        if resource.content_type.startswith("text/html"):
            self.set_header("Content-Security-Policy", _PAGE_POLICY)
        if zipped:
            self.set_header("Content-Encoding", "gzip")
        self.finish(resource.gzipped if zipped else resource.body)

    def _record(self, status: int | None) -> None:
        if not self._recorded:
            self._recorded = True
            request = self.request
            self.newsroom.requests.append(
                Request(self._arrived, request.method or "", request.path, request.headers, status)
            )


def _accepts_gzip(accept_encoding: str) -> bool:
    """True if Accept-Encoding allows gzip, by name or by `*`, with a weight above 0 (RFC 9110 §12.5.3)."""
    weights: dict[str, str] = {}
    for part in accept_encoding.lower().split(","):
        coding, _, parameter = part.partition(";")
        weights[coding.strip()] = parameter.replace(" ", "").removeprefix("q=")
    weight = weights.get("gzip", weights.get("*", "0"))
    return weight.strip("0.") != "" or weight == ""


def _not_modified(headers: HTTPHeaders, etag: str, modified: datetime) -> bool:
    """True if the answer is 304. If-None-Match takes precedence over If-Modified-Since (RFC 9110 §13.2.2)."""
    none_match = headers.get("If-None-Match")
    if none_match is not None:
        # Weak comparison: a W/ prefix is ignored.
        return none_match.strip() == "*" or etag in _ENTITY_TAG.findall(none_match)
    since = _http_date(headers.get("If-Modified-Since", ""))
    return since is not None and modified <= since


def _http_date(text: str) -> datetime | None:
    """Parse an HTTP date; None if it is invalid, as an invalid condition is ignored."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
