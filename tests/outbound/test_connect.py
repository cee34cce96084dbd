"""Connections to one of several addresses of a host."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from outbound.connect import Addresses, connection, in_turns


@contextmanager
def listening(backlog: int = 8) -> Iterator[socket.socket]:
    """A listening socket, which accepts nothing by itself."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as made:
        yield made


@contextmanager
def unanswering() -> Iterator[socket.socket]:
    """A socket that answers no more connections: its backlog is full."""
    with ExitStack() as stack:
        made = stack.enter_context(listening(backlog=0))
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(made.getsockname())
        yield made


def refusing() -> tuple[str, int]:
    """An address that refuses connections."""
    with listening() as made:
        address: tuple[str, int] = made.getsockname()
    return address


async def peer(*addresses: tuple[str, int]) -> tuple[str, int]:
    """The address that was connected to."""
    found: Addresses = [(socket.AF_INET, address) for address in addresses]
    async with asyncio.timeout(20), connection(found, None) as (_, writer):
        address: tuple[str, int] = writer.get_extra_info("peername")
        return address


async def test_an_address_that_refuses_leads_to_the_next() -> None:
    with listening() as good:
        assert await peer(refusing(), good.getsockname()) == good.getsockname()


async def test_an_address_that_does_not_answer_leads_to_the_next() -> None:
    with unanswering() as slow, listening() as good:
        assert await peer(slow.getsockname(), good.getsockname()) == good.getsockname()


async def test_both_families_are_tried_in_turns() -> None:
    ipv4 = [(socket.AF_INET, (f"127.0.0.{last}", 1)) for last in (1, 2)]
    ipv6 = [(socket.AF_INET6, ("::1", port, 0, 0)) for port in (1, 2, 3)]
    assert in_turns([*ipv6, *ipv4]) == [ipv6[0], ipv4[0], ipv6[1], ipv4[1], ipv6[2]]


async def test_the_last_refusal_is_raised_if_no_address_accepts() -> None:
    with pytest.raises(ConnectionRefusedError):
        await peer(refusing(), refusing())
