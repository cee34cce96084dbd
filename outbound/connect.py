"""Connections to the addresses of a host: the next address is tried when one fails or is slow (RFC 8305)."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain, zip_longest
from typing import Any, Final

from outbound.http1 import MAX_HEADER_BYTES

ATTEMPT_INTERVAL: Final = 0.3
"""Seconds until the next address is tried while one has not answered."""

Addresses = Sequence[tuple[int, Any]]
"""Families and socket addresses, as `tornado.netutil.Resolver` returns them."""


@asynccontextmanager
async def connection(
    addresses: Addresses, tls_host: str | None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the first address that accepts one, closed at the end of the block. Raises OSError.

    With ``tls_host`` it is encrypted, and the certificate has to be valid for that name.
    """
    connected = await _first_connected(addresses)
    try:
        reader, writer = await asyncio.open_connection(
            sock=connected,
            limit=MAX_HEADER_BYTES,
            ssl=_tls() if tls_host else None,
            server_hostname=tls_host,
        )
    except BaseException:
        connected.close()
        raise
    try:
        yield reader, writer
    finally:
        # At once: a TLS server need not confirm the end.
        writer.transport.abort()


async def encrypt(writer: asyncio.StreamWriter, host: str) -> None:
    """Begins TLS on an open connection; the certificate has to be valid for the host. Raises OSError."""
    await writer.start_tls(_tls(), server_hostname=host)


@functools.cache
def _tls() -> ssl.SSLContext:
    # To read the certificates of all authorities takes 20 ms.
    return ssl.create_default_context()


async def _first_connected(addresses: Addresses) -> socket.socket:
    if len(addresses) == 1:
        return await _connected(*addresses[0])
    waiting = in_turns(addresses)
    attempts: set[asyncio.Task[socket.socket]] = set()
    error = OSError("no address")
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(_connected(*waiting.pop(0))))
            done, attempts = await asyncio.wait(
                attempts, timeout=ATTEMPT_INTERVAL if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for attempt in done:
                failure = attempt.exception()
                if failure is None:
                    attempts |= done - {attempt}
                    return attempt.result()
                if not isinstance(failure, OSError):
                    raise failure
                error = failure
        raise error
    finally:
        for attempt in attempts:
            attempt.cancel()
            attempt.add_done_callback(_close)


def in_turns(addresses: Addresses) -> list[tuple[int, Any]]:
    """The addresses, those of both families in turns: one of them may lead nowhere."""
    first = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    return [address for address in chain.from_iterable(zip_longest(first, others)) if address]


async def _connected(family: int, address: Any) -> socket.socket:
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, address)
    except BaseException:
        connecting.close()
        raise
    return connecting


def _close(attempt: asyncio.Task[socket.socket]) -> None:
    """Closes the connection of an attempt that another one was quicker than."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
