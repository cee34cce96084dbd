"""The client behind trusted proxies: its address, and whether it used http or https.

Anyone can send `X-Forwarded-For`. It is read from its end, as far as trusted proxies wrote it; the rest of it, and
other headers of this kind, are ignored.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple

from tornado.httputil import HTTPHeaders

MAX_PROXIES: Final = 16

Networks = Collection[IPv4Network | IPv6Network]


UNIX_PEER: Final = "0.0.0.0"  # noqa: S104 - nothing listens on it
"""Tornado's address of a peer on a Unix socket. No peer has it on TCP."""


class Client(NamedTuple):
    """A client's address, and `http` or `https`."""

    address: str
    protocol: str


def client(peer: Client, headers: HTTPHeaders, trusted: Networks) -> Client:
    """The client of a request: the peer that it came from, or the one behind it if the peer is a trusted proxy."""
    if not is_trusted(peer, trusted):
        return peer
    address = _address(peer.address)
    for entry in reversed(headers.get("X-Forwarded-For", "").rsplit(",", MAX_PROXIES)[-MAX_PROXIES:]):
        before = _address(entry.strip())
        if before is None:
            break
        address = before
        if not _is_in(trusted, address):
            break
    protocol = headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    return Client(str(address), protocol if protocol in ("http", "https") else peer.protocol)


def is_trusted(peer: Client, trusted: Networks) -> bool:
    """True for a trusted proxy. That of a Unix socket is one: the mode of its file admits nobody else."""
    return peer.address == UNIX_PEER or _is_in(trusted, _address(peer.address))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _is_in(trusted: Networks, address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in network for network in trusted)
