"""The channel: how events get to many clients, some of them slow."""

from __future__ import annotations

import asyncio
import math
from time import monotonic
from typing import Any

import pytest

from entries import Cursor
from fanout.channel import MAX_BEHIND_BYTES, MAX_UNSETTLED_BYTES, Channel
from fanout.frames import SLICE_BYTES, Message, Transport
from fanout.heartbeat import QUIET_SECONDS
from fanout.history import History
from tests.fanout.fake_connection import FakeConnection, read
from tests.fanout.test_history import event


class Desk:
    """A channel, with what comes numbered."""

    def __init__(self) -> None:
        self.slow = 0
        self.channel = Channel(History(Cursor("e", 0)), self._count)
        self.seq = 0

    def push(self, *sizes: int) -> None:
        """A batch of entries with so much text each."""
        events = [event(self.seq + n, text="x" * size) for n, size in enumerate(sizes, 1)]
        self.seq += len(sizes)
        self.channel.push(events)

    def serve(self) -> None:
        """Turns, until nothing is left to do."""
        while not self.channel.serve(math.inf):
            pass

    async def client(self, transport: Transport = Transport.WEBSOCKET) -> FakeConnection:
        """A client that has joined, and has all events so far."""
        client = FakeConnection(transport)
        self.channel.add(client)
        hello = Message("hello", None, f'{{"type":"hello","cursor":"e.{self.seq}"}}')
        await self.channel.join(client, [hello.frame(transport)], Cursor("e", self.seq))
        return client

    def _count(self) -> None:
        self.slow += 1


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A channel that reads the clock after each client."""
    monkeypatch.setattr("fanout.channel.CONNECTIONS_PER_CHECK", 1)
    return Desk()


def seqs(client: FakeConnection) -> list[int]:
    """The numbers of the events that a client has."""
    return [int(message["cursor"].partition(".")[2]) for message in client.messages if message["type"] != "hello"]


async def rest() -> None:
    """Runs callbacks that are due."""
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize("transport", Transport)
async def test_a_batch_is_one_send_to_each_client(desk: Desk, transport: Transport) -> None:
    clients = [await desk.client(transport) for _ in range(3)]
    desk.push(*[10] * 20)
    desk.serve()
    assert [seqs(client) for client in clients] == [list(range(1, 21))] * 3
    assert [client.sends for client in clients] == [2] * 3, "a hello, and the batch"


async def test_what_arrives_during_a_turn_is_joined_for_the_next(desk: Desk) -> None:
    clients = [await desk.client() for _ in range(5)]
    desk.push(10)
    assert not desk.channel.serve(0.0), "time for one client at least, and no more"
    for _ in range(3):
        desk.push(10)
    while not desk.channel.serve(0.0):
        pass
    assert [seqs(client) for client in clients] == [[1, 2, 3, 4]] * 5
    assert sorted(client.sends - 1 for client in clients) == [1, 1, 1, 1, 2], "one was served before"


async def test_a_client_that_joins_in_the_middle_of_a_turn_gets_nothing_twice(desk: Desk) -> None:
    for _ in range(5):
        await desk.client()
    desk.push(10)
    assert not desk.channel.serve(0.0)
    late = await desk.client()
    desk.push(10)
    desk.serve()
    assert seqs(late) == [2]


async def test_a_client_that_leaves_in_the_middle_of_a_turn_is_skipped(desk: Desk) -> None:
    clients = [await desk.client() for _ in range(5)]
    desk.push(10)
    assert not desk.channel.serve(0.0)
    gone = next(client for client in clients if not seqs(client))
    desk.channel.remove(gone)
    desk.serve()
    assert seqs(gone) == []
    assert sum(len(seqs(client)) for client in clients) == 4


async def test_a_slow_client_goes_on_from_its_last_event(desk: Desk) -> None:
    slow, quick = await desk.client(), await desk.client()
    slow.stop()
    for _ in range(10):
        desk.push(1_000)
        desk.serve()
    assert seqs(quick) == list(range(1, 11))
    assert seqs(slow) == []
    slow.go_on()
    await rest()
    assert seqs(slow) == list(range(1, 11))
    assert slow.sends == 3, "a hello, what it did not take at first, and all the rest"
    assert desk.slow == 0


async def test_a_client_that_is_too_far_behind_is_evicted_and_costs_no_one_else(desk: Desk) -> None:
    slow, quick = await desk.client(), await desk.client()
    slow.stop()
    pushed = 0
    while not slow.evicted:
        desk.push(10_000)
        desk.serve()
        pushed += 10_000
        assert pushed < MAX_BEHIND_BYTES + 50_000
    assert pushed > MAX_BEHIND_BYTES
    assert desk.slow == 1
    assert desk.channel.connections() == [quick]
    assert seqs(quick) == list(range(1, desk.seq + 1))


async def test_a_batch_of_any_size_evicts_no_one_who_reads_it(desk: Desk) -> None:
    client = await desk.client()
    desk.push(*[60_000] * 40)
    desk.serve()
    assert seqs(client) == list(range(1, 41))
    assert client.sends > 40 * 60_000 // SLICE_BYTES, "in pieces"
    assert desk.slow == 0


async def test_a_client_in_the_middle_of_a_large_batch_has_time_for_it(desk: Desk) -> None:
    """Only what came after the batch that it is taking counts."""
    client = await desk.client()
    client.stop()
    desk.push(*[60_000] * 40)
    desk.serve()
    for _ in range(10):
        desk.push(1_000)
        desk.serve()
    assert not client.evicted
    client.go_on()
    await rest()
    assert seqs(client) == list(range(1, 51))


async def test_a_client_whom_the_history_no_longer_reaches_is_evicted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await desk.client()
    client.stop()
    desk.push(10)
    desk.serve()
    monkeypatch.setattr("fanout.history.MAX_EVENTS", 5)
    desk.push(*[10] * 10)
    desk.serve()
    assert desk.slow == 0, "it may take what it was sent"
    client.go_on()
    await rest()
    assert client.evicted
    assert seqs(client) == [1]
    assert desk.slow == 1


async def test_a_connection_that_ends_while_it_drains_is_forgotten(desk: Desk) -> None:
    client = await desk.client()
    client.stop()
    desk.push(10)
    desk.serve()
    client.evict()
    await rest()
    assert desk.channel.connections() == []
    assert desk.slow == 0


async def test_what_a_joining_client_missed_waits_for_its_connection(desk: Desk) -> None:
    desk.push(*[60_000] * 20)
    desk.serve()
    client = FakeConnection()
    client.stop()
    desk.channel.add(client)
    frames = desk.channel.history.missed(0, Transport.WEBSOCKET)
    joining = asyncio.create_task(desk.channel.join(client, frames, Cursor("e", 20)))
    await rest()
    assert client.sends == 1
    desk.push(10)
    desk.serve()
    client.go_on()
    await joining
    assert seqs(client) == list(range(1, 22))


async def test_a_joining_client_that_does_not_read_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fanout.channel.CATCH_UP_TIMEOUT", 0.01)
    client = FakeConnection()
    client.stop()
    desk.channel.add(client)
    with pytest.raises(TimeoutError):
        await desk.channel.join(client, [b"\x81\x02{}"], Cursor("e", 0))


async def test_whoever_brings_events_waits_for_the_turn_if_there_are_too_many(desk: Desk) -> None:
    await desk.client()
    desk.push(MAX_UNSETTLED_BYTES + 1)
    waiting = asyncio.create_task(desk.channel.room())
    await rest()
    assert not waiting.done()
    desk.serve()
    await waiting


async def test_clients_are_served_for_a_while_and_then_others_have_their_chance(desk: Desk) -> None:
    for _ in range(2_000):
        await desk.client()
    desk.push(10)
    slices = 1
    while not desk.channel.serve(monotonic() + 0.0005):
        slices += 1
    assert slices > 1
    assert all(seqs(client) == [1] for client in desk.channel.connections() if isinstance(client, FakeConnection))


async def test_a_new_history_begins_with_a_reset_for_everyone_who_is_there(desk: Desk) -> None:
    quick, slow, joining = await desk.client(), await desk.client(), FakeConnection()
    slow.stop()
    desk.push(10)
    desk.serve()
    desk.channel.add(joining)
    reset = Message("reset", "f.40", '{"type":"reset","cursor":"f.40"}')
    desk.channel.restart(History(Cursor("f", 40), reset=reset))
    assert joining.evicted, "it has to come again"
    slow.go_on()
    await rest()
    desk.serve()
    desk.channel.push([event(41)])
    desk.serve()
    assert [seqs(client) for client in (quick, slow)] == [[1, 40, 41]] * 2


async def test_who_is_too_slow_for_a_reset_has_to_come_again(desk: Desk) -> None:
    slow = await desk.client()
    slow.stop()
    desk.push(10)
    desk.serve()
    reset = Message("reset", "f.40", '{"type":"reset","cursor":"f.40"}')
    desk.channel.restart(History(Cursor("f", 40), reset=reset))
    desk.serve()
    slow.go_on()
    await rest()
    assert slow.evicted


async def test_a_client_of_an_epoch_that_is_over_when_it_has_joined_is_evicted(desk: Desk) -> None:
    client = FakeConnection()
    desk.channel.add(client)
    await desk.channel.join(client, [b"\x81\x02{}"], Cursor("another", 0))
    assert client.evicted
    assert desk.channel.connections() == []


def signs(desk: Desk, client: FakeConnection) -> list[dict[str, Any]]:
    """The sign of life that is due on a connection, if one is."""
    return [received.message for received in read(desk.channel.sign_of_life(client), client.transport)]


@pytest.mark.parametrize("transport", [Transport.WEBSOCKET, Transport.EVENT_STREAM])
async def test_a_quiet_connection_gets_a_sign_of_life_with_the_cursor_that_its_client_has(
    desk: Desk, transport: Transport
) -> None:
    client = await desk.client(transport)
    assert signs(desk, client) == [{"type": "alive", "cursor": "e.0"}]
    desk.push(10)
    assert signs(desk, client) == [], "the event comes"
    desk.serve()
    assert signs(desk, client) == [], "the event has just come"
    desk.channel._pushed_at -= QUIET_SECONDS
    assert signs(desk, client) == [{"type": "alive", "cursor": "e.1"}]
    assert desk.channel.sign_of_life(client) is desk.channel.sign_of_life(client), "encoded once"


async def test_a_client_that_lacks_events_gets_no_sign_of_life(desk: Desk) -> None:
    slow = await desk.client()
    slow.stop()
    desk.push(10)
    desk.serve()
    desk.channel._pushed_at -= QUIET_SECONDS
    assert signs(desk, slow) == [], "it is draining"
    joining = FakeConnection()
    desk.channel.add(joining)
    assert signs(desk, joining) == []
    desk.channel.restart(History(Cursor("f", 0), reset=Message("reset", "f.0", "{}")))
    assert signs(desk, slow) == [], "the reset comes first"
