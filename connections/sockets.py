"""Listening sockets: of a TCP address, or a Unix socket whose file goes with it."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from tornado.netutil import bind_sockets

from config import Endpoint
from connections import unix_socket

BACKLOG: Final = 1024


class BindError(Exception):
    """An address cannot be used; the message is the reason."""


def bind(endpoint: Endpoint, *, reuse_port: bool) -> list[socket.socket]:
    """Binds the sockets of an address, and listens. Raises BindError.

    ``reuse_port`` lets other processes bind the same TCP port.
    """
    try:
        if endpoint.path:
            return [unix_socket.bind(endpoint.path)]
        return bind_sockets(endpoint.port, endpoint.host, backlog=BACKLOG, reuse_port=reuse_port)
    except (OSError, ValueError) as error:
        # bind_sockets does not close a socket that it cannot bind: the traceback would keep it open.
        traceback.clear_frames(error.__traceback__)
        raise BindError(getattr(error, "strerror", None) or str(error)) from None


def close(bound: socket.socket) -> None:
    """Closes a socket; the file of a Unix socket is removed."""
    bound.close()
    if isinstance(bound, unix_socket.BoundSocket):
        unix_socket.remove(bound)


def endpoint_of(bound: socket.socket) -> Endpoint:
    """The address that a socket is bound to."""
    if bound.family == socket.AF_UNIX:
        return Endpoint(path=bound.getsockname())
    host, port = bound.getsockname()[:2]
    return Endpoint(host, port)


def is_loopback(sockets: Sequence[socket.socket]) -> bool:
    """True if these are TCP sockets that only this machine can reach."""
    endpoints = map(endpoint_of, sockets)
    return all(not endpoint.path and ip_address(endpoint.host).is_loopback for endpoint in endpoints)
