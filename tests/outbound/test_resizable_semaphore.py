"""Slots: never more than there are, given in order, and given back by whatever ends."""

from __future__ import annotations

import asyncio

from outbound.resizable_semaphore import Slots


async def take(slots: Slots, taken: list[str], name: str) -> None:
    """Takes a slot and keeps it."""
    await slots.acquire()
    taken.append(name)


async def turns() -> None:
    """Lets everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_slots_are_given_in_order() -> None:
    slots, taken = Slots(1), list[str]()
    tasks = [asyncio.create_task(take(slots, taken, name)) for name in "abc"]
    for count in (1, 2, 3):
        await turns()
        assert taken == list("abc")[:count]
        slots.release()
    assert slots.idle
    assert all(task.done() for task in tasks)


async def test_a_wait_that_is_cancelled_takes_no_slot() -> None:
    slots, taken = Slots(1), list[str]()
    tasks = [asyncio.create_task(take(slots, taken, name)) for name in "abc"]
    await turns()
    tasks[1].cancel()
    slots.release()
    await turns()
    assert taken == ["a", "c"]
    slots.release()
    assert slots.idle


async def test_a_slot_that_is_given_to_a_task_that_is_cancelled_goes_on_to_the_next() -> None:
    slots, taken = Slots(1), list[str]()
    tasks = [asyncio.create_task(take(slots, taken, name)) for name in "abc"]
    await turns()
    slots.release()
    tasks[1].cancel()
    await turns()
    assert (taken, tasks[1].cancelled()) == (["a", "c"], True)


async def test_a_size_can_grow_and_shrink_while_slots_are_taken() -> None:
    slots, taken = Slots(2), list[str]()
    tasks = [asyncio.create_task(take(slots, taken, name)) for name in "abcdef"]
    await turns()
    slots.resize(4)
    await turns()
    assert taken == list("abcd")
    slots.resize(1)
    for _ in range(3):
        slots.release()
    await turns()
    assert taken == list("abcd"), "those that are taken count against the smaller size"
    slots.release()
    await turns()
    assert taken == list("abcde")
    tasks[-1].cancel()
