"""Connections through an HTTP proxy: absolute targets for http, a CONNECT tunnel for https (RFC 9110 §9.3.6).

The proxy is named by the operator, so its address may be private. The feed's host is checked as without a proxy, as
far as this machine can resolve its name; a name that only the proxy knows is left to it.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final
from urllib.parse import unquote, urlsplit

from tornado.httputil import encode_username_password
from tornado.netutil import Resolver

from outbound import connect
from outbound.private_networks import GuardedResolver, PrivateAddressError, literal

CHECK_TIMEOUT: Final = 3.0
"""Seconds for resolving the name of a host that the proxy is to connect to."""

_ANY: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_STATUS: Final = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?: [^\r\n]*)?\r\n")
_NOT_HTTP: Final = "The proxy's answer is not HTTP."

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ProxyError(OSError):
    """The proxy makes no connection. The message is a sentence for operators."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy. ``authorization`` is the value of `Proxy-Authorization`, None for none."""

    host: str
    port: int
    authorization: str | None = field(repr=False)

    @classmethod
    def of(cls, url: str) -> Proxy:
        """Reads `http://user:password@host:port`. Raises ValueError."""
        parts = urlsplit(url)
        authorization = basic(unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return cls(parts.hostname or "", parts.port or 80, authorization)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Streams]:
        """A connection to the proxy, closed at the end of the block. Raises ProxyError."""
        async with AsyncExitStack() as open_until_end:
            try:
                addresses = await GuardedResolver(networks=_ANY).resolve(self.host, self.port)
                streams = await open_until_end.enter_async_context(connect.connection(addresses, None))
            except OSError as error:
                raise ProxyError(_why(error)) from None
            yield streams

    @asynccontextmanager
    async def tunnel(self, host: str, port: int) -> AsyncIterator[Streams]:
        """An encrypted connection to a host, through the proxy. Raises ProxyError, and OSError of TLS."""
        async with self.connection() as (reader, writer):
            target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            own = f"Proxy-Authorization: {self.authorization}\r\n" if self.authorization else ""
            writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{own}\r\n".encode("latin-1"))
            await _expect_tunnel(reader)
            await connect.encrypt(writer, host)
            yield reader, writer


async def check_host(host: str, port: int, guarded: Resolver) -> None:
    """Raises PrivateAddressError for a name that leads into a private network, as far as it can be resolved here."""
    if literal(host):
        return
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            await guarded.resolve(host, port)
    except PrivateAddressError:
        raise
    except OSError:
        return


def basic(name: str, password: str) -> str:
    """The value of an `Authorization` header."""
    return f"Basic {base64.b64encode(encode_username_password(name, password)).decode()}"


async def _expect_tunnel(reader: asyncio.StreamReader) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise ProxyError(_NOT_HTTP) from None
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        is_http = b"HTTP/1.".startswith(getattr(error, "partial", b"")[:7])
        raise ProxyError("The proxy closed the connection." if is_http else _NOT_HTTP) from None
    status = _STATUS.match(head)
    if not status:
        raise ProxyError(_NOT_HTTP)
    if not status[1].startswith(b"2"):
        raise ProxyError(f"The proxy's answer was {status[1].decode()}.")


def _why(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "The host name of the proxy cannot be resolved."
    if isinstance(error, ConnectionRefusedError):
        return "The proxy refused the connection."
    return f"The proxy cannot be reached ({error.strerror or type(error).__name__})."
