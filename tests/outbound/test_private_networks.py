"""Where the fetcher may go."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from tornado.netutil import DefaultLoopResolver

from outbound.private_networks import GuardedResolver, PrivateAddressError, allowed, literal

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "2620:0:2d0:200::7"]
PUBLIC += ["2606:2800:220:1:0:5efe:808:808", "2606:2800:220:1:1000:5efe:a00:1"]
PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.1",
    "192.0.0.9",
    "192.0.0.10",
    "192.88.99.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:a9fe:a9fe::",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    # Of IPv4 that a gateway translates: SIIT
    "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1:ffff::808:808",
    "::8.8.8.8",
    # Segment routing, and what is in no use
    "5f00::1",
    "5f00:ffff::7f00:1",
    "1::1",
    "4000::1",
    "e000::1",
    # 6to4 and its relays
    "2002:c058:6301::",
    "2002:808:808::1",
    "::ffff:192.88.99.1",
    # Teredo, ORCHID, the next gateway
    "2001:0:7f00:1::",
    "2001:1::1",
    "2001:1::2",
    "2001:20::1",
    "3fff::1",
    # ISATAP, with each of the bits that may differ
    "2606:2800:220:1:0:5efe:7f00:1",
    "2606:2800:220:1:200:5efe:a9fe:a9fe",
    "2606:2800:220:1:100:5efe:10.0.0.1",
    "2606:2800:220:1:300:5efe:192.168.1.1",
    "fe80::5efe:8.8.8.8",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert allowed(ip_address(address), ())


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not allowed(ip_address(address), ())


@pytest.mark.parametrize(
    ("address", "network", "expected"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", True),
        ("192.168.1.1", "10.0.0.0/8", False),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("fd00::1", "fd00::/8", True),
        ("fd00::1", "10.0.0.0/8", False),
        ("10.1.2.3", "fd00::/8", False),
        ("127.0.0.1", "127.0.0.1/32", True),
        ("127.0.0.2", "127.0.0.1/32", False),
        ("64:ff9b::a9fe:a9fe", "64:ff9b::/96", True),
        ("5f00::1", "5f00::/16", True),
        ("::ffff:0:10.1.2.3", "::ffff:0:0:0/96", True),
        ("2606:2800:220:1:0:5efe:a01:203", "10.0.0.0/8", False),
    ],
)
def test_an_address_that_the_operator_lists_is_allowed(address: str, network: str, *, expected: bool) -> None:
    assert allowed(ip_address(address), [ip_network(network)]) is expected


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("localhost", None),
        ("127.1", None),
        ("0x7f.1", None),
        ("2130706433", None),
        ("0177.0.0.1", None),
        ("127.0.0.1.", None),
        ("１２７.0.0.1", None),
        ("", None),
    ],
)
def test_only_an_address_in_its_usual_form_is_a_literal_one(host: str, address: str | None) -> None:
    assert literal(host) == (address and ip_address(address))


# The resolver, with answers of a name server that is not to be trusted


def answers(monkeypatch: pytest.MonkeyPatch, *rounds: Sequence[str]) -> None:
    """Lets names resolve to these addresses, one round after the other."""
    left = list(rounds)

    async def resolve(self: object, host: str, port: int, family: int = 0) -> list[tuple[int, Any]]:
        return [
            (socket.AF_INET6, (address, port, 0, 0)) if ":" in address else (socket.AF_INET, (address, port))
            for address in left.pop(0)
        ]

    monkeypatch.setattr(DefaultLoopResolver, "resolve", resolve)


async def test_a_public_name_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, PUBLIC)
    found = await GuardedResolver().resolve("example.org", 443)
    assert [sockaddr[0] for _, sockaddr in found] == PUBLIC


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "10.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["nonsense"],
        ["8.8.8.8", ""],
    ],
    ids=repr,
)
async def test_a_name_with_any_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    answers(monkeypatch, addresses)
    with pytest.raises(PrivateAddressError, match=r"example\.org leads to the private address .*private_networks"):
        await GuardedResolver().resolve("example.org", 443)


async def test_a_name_that_changes_its_mind_is_checked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, ["93.184.216.34"], ["169.254.169.254"])
    resolver = GuardedResolver()
    assert await resolver.resolve("rebind.example", 80)
    with pytest.raises(PrivateAddressError):
        await resolver.resolve("rebind.example", 80)


async def test_a_listed_network_may_be_led_to(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, ["10.1.2.3"], ["10.1.2.3", "192.168.1.1"])
    resolver = GuardedResolver(networks=[ip_network("10.0.0.0/8")])
    assert await resolver.resolve("lan.example", 80)
    with pytest.raises(PrivateAddressError, match=r"192\.168\.1\.1"):
        await resolver.resolve("lan.example", 80)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0"])
async def test_names_of_this_machine_are_refused_however_they_are_spelt(host: str) -> None:
    with pytest.raises(PrivateAddressError):
        await GuardedResolver().resolve(host, 80)
