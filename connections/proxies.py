"""The visitor: whose request it is, and how it was made, where proxies stand between.

Anyone can write `X-Forwarded-For`. It is read from its end, as far as proxies that the operator trusts wrote it; what
is left, and all other headers of this kind, are passed over.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final, NamedTuple

from tornado.httputil import HTTPHeaders

MOST_PROXIES: Final = 16

Networks = Collection[IPv4Network | IPv6Network]


class Visitor(NamedTuple):
    """An address, and `http` or `https`."""

    address: str
    protocol: str


def visitor(peer: Visitor, headers: HTTPHeaders, trusted: Networks) -> Visitor:
    """Who is behind the peer that a request comes from; that is the peer itself, unless it is trusted."""
    address = _address(peer.address)
    if not _is_in(trusted, address):
        return peer
    for entry in reversed(headers.get("X-Forwarded-For", "").rsplit(",", MOST_PROXIES)[-MOST_PROXIES:]):
        before = _address(entry.strip())
        if before is None:
            break
        address = before
        if not _is_in(trusted, address):
            break
    protocol = headers.get("X-Forwarded-Proto", "").rpartition(",")[2].strip().lower()
    return Visitor(str(address), protocol if protocol in ("http", "https") else peer.protocol)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _is_in(trusted: Networks, address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in network for network in trusted)
