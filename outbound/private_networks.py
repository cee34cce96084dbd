"""The addresses that an HTTP client may connect to: no name, redirect or link leads it into a private network.

A literal private address in config.yaml is the operator's word. A name that resolves to one is refused unless
``fetch.private_networks`` lists it. The check is made on the addresses that are connected to, so a name that resolves
differently a second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Sequence
from concurrent.futures import Executor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from tornado.netutil import DefaultLoopResolver, Resolver

from outbound.wire import cached

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""The only IPv6 addresses of the public internet. Beside them lie those that a gateway turns into IPv4 ones (NAT64,
SIIT, IPv4-compatible), and networks like 5f00::/16 that never leave one operator's."""

_NEIGHBOURS: Final = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # the next gateway (PCP, TURN): some of these count as global
        "192.88.99.0/24",  # the next 6to4 relay
        "2001::/23",  # Teredo, ORCHID, the next gateway
        "2002::/16",  # 6to4: embeds an IPv4 address
        "3fff::/20",  # documentation
    )
)
"""Networks that the ipaddress module of some versions calls global, but that lead to a neighbour or nowhere."""

_ISATAP: Final = 0x5EFE
"""Bits 32 to 47 of an interface id that embeds an IPv4 address (RFC 5214, 6.1). Those before are 0000, or 0200."""


class PrivateAddressError(OSError):
    """A name resolved to an address that is not `allowed`; the message has both, and the setting that allows it."""


@cached
def literal(host: str) -> Address | None:
    """The address that a URL's host is in standard notation; None for a name, and for forms like 127.1 or 0x7f.1."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def allowed(address: Address, networks: Sequence[Network]) -> bool:
    """True if an address that a name resolved to may be connected to: it is public, or in one of ``networks``."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in networks if network.version == address.version):
        return True
    return _is_public(address)


def _is_public(address: Address) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if any(address in network for network in _NEIGHBOURS if network.version == address.version):
        return False
    if isinstance(address, IPv4Address):
        return True
    embedded = _isatap(address)
    return address in _GLOBAL_UNICAST and (embedded is None or _is_public(embedded))


def _isatap(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address in the interface id of an ISATAP address, whatever its universal and group bits."""
    interface_id = int(address) & 0xFFFF_FFFF_FFFF_FFFF
    if (interface_id >> 32) & ~0x0300_0000 != _ISATAP:
        return None
    return IPv4Address(interface_id & 0xFFFF_FFFF)


class LiteralResolver(Resolver):
    """Resolves literal addresses alone: no DNS, and no thread to wait for."""

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        """Returns the address itself; raises OSError for a name."""
        address = literal(host)
        if address is None:
            raise socket.gaierror(socket.EAI_NONAME, "not an address")
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=flags)
        return [(family, sockaddr) for family, _, _, _, sockaddr in found]


class GuardedResolver(DefaultLoopResolver):
    """Resolves names, and rejects those of which any address is not `allowed` with these ``networks``.

    ``executor`` has the threads to do so, if not those of the event loop: servers of names that do not answer keep a
    thread for many seconds.
    """

    def initialize(self, networks: Sequence[Network] = (), executor: Executor | None = None) -> None:
        super().initialize()
        self._networks = tuple(networks)
        self._executor = executor

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        """As Tornado's; raises PrivateAddressError if any of the addresses is not allowed."""
        found = await self._resolve(host, port, family)
        for _, sockaddr in found:
            address = literal(str(sockaddr[0]))
            if address is None or not allowed(address, self._networks):
                raise PrivateAddressError(
                    f"{host} leads to the private address {sockaddr[0]}; "
                    "fetch.private_networks in config.yaml can allow that."
                )
        return found

    async def _resolve(self, host: str, port: int, family: socket.AddressFamily) -> list[tuple[int, Any]]:
        if self._executor is None:
            found: list[tuple[int, Any]] = await super().resolve(host, port, family)
            return found
        loop = asyncio.get_running_loop()
        resolve = functools.partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        return [(kind, address) for kind, _, _, _, address in await loop.run_in_executor(self._executor, resolve)]
