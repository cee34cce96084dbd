"""A server on loopback that is sent webhooks, and services that check what they are sent as they document it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.netutil import bind_sockets


class Received(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: HTTPHeaders
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Reply(NamedTuple):
    """An answer."""

    status: int = 204
    headers: Mapping[str, str] = {}
    body: str = ""


Check = Callable[[Received], Reply]


def accept(_received: Received) -> Reply:
    return Reply()


@dataclass
class Receiver:
    """Keeps every request, and answers as ``reply`` says; `is_deaf` never."""

    port: int
    reply: Check = accept
    is_deaf: bool = False
    received: list[Received] = field(default_factory=list)
    accepted: list[Received] = field(default_factory=list)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def ids(self) -> list[str]:
        """The ids of all requests."""
        return [one.headers["webhook-id"] for one in self.received]

    def __call__(self, request: HTTPServerRequest) -> None:
        assert request.method
        received = Received(request.method, request.uri or "", request.headers, request.body)
        self.received.append(received)
        if self.is_deaf:
            return
        reply = self.reply(received)
        if reply.status < 300:
            self.accepted.append(received)
        body = reply.body.encode()
        headers = HTTPHeaders(
            {**reply.headers, **({"Content-Length": str(len(body))} if reply.status != 204 else {})}
        )
        assert request.connection
        request.connection.write_headers(ResponseStartLine("", reply.status, "x"), headers, body)
        request.connection.finish()


@asynccontextmanager
async def receiver(reply: Check = accept, port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver that listens until the end of the block."""
    sockets = bind_sockets(port, "127.0.0.1")
    found = Receiver(sockets[0].getsockname()[1], reply)
    server = HTTPServer(found)
    server.add_sockets(sockets)
    try:
        yield found
    finally:
        server.stop()
        await asyncio.wait_for(server.close_all_connections(), 5)


# Services


class WrongFormError(AssertionError):
    """A service would not accept a request, or would show something else than text."""


def slack(received: Received) -> Reply:
    """An incoming webhook of Slack: escaped text with one link, and nobody mentioned."""
    expect(received, "POST", "/services/T0/B0/token")
    message = received.json()
    text = message.pop("text")
    require(0 < len(text) <= 4_000, "no_text")
    require(message == {"unfurl_links": False, "unfurl_media": False}, "invalid_payload")
    links = re.findall("<([^<>]*)>", text)
    require(all(re.fullmatch(r"https?://[^|\s]+\|[^|\n]+", link) for link in links), f"invalid link {links}")
    rest = re.sub("<[^<>]*>", "", text)
    require(len(links) <= 1 and not re.search("[<>]", rest), "unescaped < or >")
    require(not re.search("&(?!amp;|lt;|gt;)", text), "unescaped &")
    return Reply(200, body="ok")


def discord(received: Received) -> Reply:
    """Execute Webhook of Discord: escaped Markdown with one link, and mentions of nobody."""
    expect(received, "POST", "/api/webhooks/1/token?wait=true")
    message = received.json()
    require(set(message) == {"content", "allowed_mentions"}, "unknown field")
    require(message["allowed_mentions"] == {"parse": []}, "mentions are parsed")
    content = message["content"]
    require(0 < len(content.encode("utf-16-le")) // 2 <= 2_000, "50035 BASE_TYPE_BAD_LENGTH")
    plain = re.sub(r"\\[^A-Za-z0-9\s]", "", content)
    found = re.fullmatch(r"[^*\n]*\*\*(.*)\*\*(\n.*)*", plain, re.DOTALL)
    require(found is not None, "no headline")
    assert found
    title = re.sub(r"^\[([^\[\]]*)\]\(<https?://[^\s()<>]+>\)$", r"\1", found[1], flags=re.DOTALL)
    require(not re.search(r"[*_~`|<>\[\]()#@]", title + (found[2] or "")), f"unescaped Markdown in {title}")
    return Reply(200, body='{"id":"1"}')


class Matrix:
    """A homeserver with one room. A transaction that was made before is answered as before."""

    def __init__(self) -> None:
        self.room: dict[str, dict[str, Any]] = {}

    def __call__(self, received: Received) -> Reply:
        prefix = "/_matrix/client/v3/rooms/!room:example.org/send/m.room.message/"
        require(received.method == "PUT" and unquote(received.path).startswith(prefix), "M_UNRECOGNIZED")
        if received.headers.get("Authorization") != "Bearer hunter2":
            return Reply(401, body='{"errcode":"M_UNKNOWN_TOKEN"}')
        transaction = unquote(received.path).removeprefix(prefix)
        require(re.fullmatch("[A-Za-z0-9_~.-]+", transaction) is not None, "M_INVALID_PARAM")
        content = received.json()
        require(set(content) == {"msgtype", "body", "format", "formatted_body", "m.mentions"}, "unknown field")
        require((content["msgtype"], content["format"]) == ("m.notice", "org.matrix.custom.html"), "M_BAD_JSON")
        require(content["m.mentions"] == {}, "mentions")
        tags = re.sub(r'</?b>|<br>|</a>|<a href="https?://[^"<>\s]+">', "", content["formatted_body"])
        require(not re.search("[<>]|&(?!amp;|lt;|gt;|quot;|#x27;)", tags), f"unescaped HTML in {tags}")
        require(len(received.body) < 60_000, "M_TOO_LARGE")
        self.room.setdefault(transaction, content)
        return Reply(200, body=json.dumps({"event_id": f"${transaction}"}))


def ntfy(received: Received) -> Reply:
    """Publishing as JSON at ntfy."""
    expect(received, "POST", "/")
    if received.headers.get("Authorization") != "Bearer tk_hunter2":
        return Reply(403, body='{"code":40301}')
    message = received.json()
    require(set(message) - {"click"} == {"topic", "title", "message"}, "40024")
    require(re.fullmatch("[-_A-Za-z0-9]{1,64}", message["topic"]) is not None, "40009 topic invalid")
    require(0 < len(received.body) <= 4_096 and message["message"] != "", "an attachment, or an empty message")
    require("\n" not in message["title"], "title of several lines")
    if "click" in message:
        require(urlsplit(message["click"]).scheme in ("http", "https"), "40014 click invalid")
    return Reply(200, body='{"id":"a"}')


def gotify(received: Received) -> Reply:
    """A message of an application of Gotify."""
    expect(received, "POST", "/message")
    if received.headers.get("X-Gotify-Key") != "hunter2":
        return Reply(401, body='{"error":"Unauthorized"}')
    message = received.json()
    require(set(message) == {"title", "message", "priority", "extras"}, "unknown field")
    require(bool(message["message"]) and type(message["priority"]) is int, "Field 'message' is required")
    extras = message["extras"]
    require(all(re.fullmatch("[a-z]+(::[a-z]+)+", key) for key in extras), "invalid extras")
    require(extras["client::display"] == {"contentType": "text/plain"}, "Markdown")
    click = extras.get("client::notification", {"click": {"url": "http://"}})["click"]["url"]
    require(click.startswith(("http://", "https://")), "invalid click")
    return Reply(200, body='{"id":1}')


def expect(received: Received, method: str, path: str) -> None:
    require((received.method, received.path) == (method, path), f"404 {received.method} {received.path}")
    require(received.headers["Content-Type"] == "application/json", "415")


def require(condition: bool, why: str) -> None:
    if not condition:
        raise WrongFormError(why)
