"""Time limits of exchanges, in a process that is stopped for a while."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from outbound import deadlines
from outbound.deadlines import deadline


def _stop(seconds: float) -> None:
    """Does what SIGSTOP and SIGCONT do: the event loop runs nothing meanwhile."""
    time.sleep(seconds)


async def test_an_answer_that_came_while_the_process_was_stopped_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "LATE_SECONDS", 0.1)
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    loop = asyncio.get_running_loop()
    theirs.send(b"an answer\n")
    async with deadline(loop.time() + 0.05):
        _stop(0.3)
        assert await reader.readline() == b"an answer\n"
    writer.close()
    theirs.close()


async def test_a_server_that_does_not_answer_is_given_no_more_time() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(TimeoutError):
        async with deadline(loop.time() + 0.05) as limit:
            await asyncio.Event().wait()
    assert limit.expired()


async def test_a_server_that_does_not_answer_after_a_stop_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "LATE_SECONDS", 0.0)
    monkeypatch.setattr(deadlines, "READ_SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        async with deadline(asyncio.get_running_loop().time()):
            await asyncio.Event().wait()
