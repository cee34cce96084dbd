"""Whose request it is, behind proxies and behind lies."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from tornado.httputil import HTTPHeaders

from connections.proxies import Client, client

TRUSTED = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("127.0.0.1", "198.51.100.7", "127.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "10.1.1.1, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", ", ,", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.2," * 5_000, "10.0.0.1"),
        ("10.0.0.1", ",".join(["198.51.100.7"] + ["10.0.0.2"] * 5_000), "10.0.0.2"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
        ("no address", "198.51.100.7", "no address"),
    ],
)
def test_the_address_is_the_last_that_no_trusted_proxy_has(peer: str, forwarded: str | None, address: str) -> None:
    headers = HTTPHeaders() if forwarded is None else HTTPHeaders({"X-Forwarded-For": forwarded})
    assert client(Client(peer, "http"), headers, TRUSTED).address == address


@pytest.mark.parametrize(
    ("peer", "said", "protocol"),
    [
        ("192.0.2.1", "https", "http"),
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "HTTPS", "https"),
        ("10.0.0.1", "http, https", "https"),
        ("10.0.0.1", "https, http", "http"),
        ("10.0.0.1", "javascript", "http"),
        ("10.0.0.1", "", "http"),
    ],
)
def test_the_protocol_is_what_a_trusted_proxy_says(peer: str, said: str, protocol: str) -> None:
    headers = HTTPHeaders({"X-Forwarded-Proto": said})
    assert client(Client(peer, "http"), headers, TRUSTED).protocol == protocol


@pytest.mark.parametrize("name", ["X-Real-Ip", "X-Scheme", "X-Forwarded-Host", "Forwarded", "X-Client-Ip"])
def test_other_headers_are_passed_over(name: str) -> None:
    peer = Client("10.0.0.1", "http")
    assert client(peer, HTTPHeaders({name: "8.8.8.8"}), TRUSTED) == peer


def test_without_trusted_proxies_nobody_is_believed() -> None:
    headers = HTTPHeaders({"X-Forwarded-For": "8.8.8.8", "X-Forwarded-Proto": "https"})
    for address in ("127.0.0.1", "::1", "10.0.0.1"):
        peer = Client(address, "http")
        assert client(peer, headers, ()) == peer
