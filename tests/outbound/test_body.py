"""The body of a response, and what is kept of it."""

from __future__ import annotations

import asyncio

from outbound.body import YIELD_BYTES, ResponseBody


def test_a_body_that_was_taken_is_not_kept() -> None:
    body = ResponseBody(100, None)
    body.chunk(b"words")
    assert (body.take(), bytes(body.data)) == (b"words", b"")


def test_nothing_is_kept_of_a_body_that_was_closed_nor_of_what_still_comes() -> None:
    body = ResponseBody(100, None)
    body.chunk(b"words")
    body.close()
    body.chunk(b"more")
    assert bytes(body.data) == b""


async def test_a_large_body_keeps_the_next_one_waiting_until_it_is_closed() -> None:
    large = asyncio.Semaphore(1)
    first, second = ResponseBody(2 * YIELD_BYTES, large), ResponseBody(2 * YIELD_BYTES, large)
    for body in (first, second):
        body.chunk(b"x" * YIELD_BYTES)
    going_on = first.chunk(b"x")
    assert going_on
    await going_on
    waiting = asyncio.ensure_future(second.chunk(b"x") or asyncio.sleep(0))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    first.close()
    await waiting
    second.close()
    assert not large.locked()
