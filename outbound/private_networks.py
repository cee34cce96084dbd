"""The addresses that an HTTP client may connect to: no name, redirect or link leads it into a private network.

A literal private address in config.yaml is the operator's word. A name that resolves to one is refused unless
``fetch.private_networks`` lists it. The check is made on the addresses that are connected to, so a name that resolves
differently a second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from tornado.netutil import DefaultLoopResolver, Resolver

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# IPv6 networks that embed or map to other networks, and that the ipaddress module calls global.
_EMBEDDING: Final = tuple(
    ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "::/96", "fec0::/10")
)


class PrivateAddressError(OSError):
    """A name resolved to an address that is not `allowed`; the message has both, and the setting that allows it."""


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
    embedding = address.version == 6 and any(address in network for network in _EMBEDDING)
    return address.is_global and not address.is_multicast and not embedding


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
    """Resolves names, and rejects those of which any address is not `allowed` with these ``networks``."""

    def initialize(self, networks: Sequence[Network] = ()) -> None:
        super().initialize()
        self._networks = tuple(networks)

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        """As Tornado's; raises PrivateAddressError if any of the addresses is not allowed."""
        found: list[tuple[int, Any]] = await super().resolve(host, port, family)
        for _, sockaddr in found:
            address = literal(str(sockaddr[0]))
            if address is None or not allowed(address, self._networks):
                raise PrivateAddressError(
                    f"{host} leads to the private address {sockaddr[0]}; "
                    "fetch.private_networks in config.yaml can allow that."
                )
        return found
