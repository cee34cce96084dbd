"""Who may be asked now, and who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from feeds.concurrency import ExchangeSlots, RoomName, room_of
from feedstate import FeedState
from outbound.host_limits import HostLimits
from outbound.rooms import PARKED_PER_SLOT, PutBackError
from tests.livelog import until


class Exchanges:
    """Exchanges that go on until they are ended. ``put_back`` has those that were, and whether they were slow."""

    def __init__(self) -> None:
        self.going: set[str] = set()
        self.put_back: dict[str, bool] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    def begin(self, slots: ExchangeSlots, name: str, host: str | None = None, *, room: RoomName = "proven") -> None:
        """Begins one as soon as it is its turn, on a host of its own if none is named."""
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._go(slots, name, host or name, room))

    def cancel(self, name: str) -> None:
        """Cancels one."""
        self._tasks.pop(name).cancel()

    async def end(self, *names: str) -> None:
        """Ends some."""
        for name in names:
            self._ends[name].set()
        await asyncio.gather(*(self._tasks.pop(name) for name in names))

    async def end_all(self) -> None:
        """Ends all, those that still wait as well."""
        await self.end(*self._tasks)

    async def _go(self, slots: ExchangeSlots, name: str, host: str, room: RoomName) -> None:
        try:
            async with slots.slot(host, room):
                self.going.add(name)
                await self._ends[name].wait()
        except PutBackError as put_back:
            self.put_back[name] = put_back.slow
        finally:
            self.going.discard(name)


@pytest.fixture
async def exchanges() -> AsyncIterator[Exchanges]:
    """None at first; all are ended after the test."""
    made = Exchanges()
    yield made
    await made.end_all()


async def settled() -> None:
    """After what was to be done at once."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_one_host_gets_few_at_a_time(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(8, HostLimits(per_host=2))
    for name in "abc":
        exchanges.begin(slots, name, "example.org")
    exchanges.begin(slots, "d", "example.net")
    await settled()
    assert exchanges.going == {"a", "b", "d"}
    assert slots.rooms["proven"].queued == 3, "who waits for its host takes no place"
    await exchanges.end("a")
    await settled()
    assert exchanges.going == {"b", "c", "d"}


@pytest.mark.parametrize(("room", "size"), [("proven", 4), ("other", 2), ("slow", 2)])
async def test_the_hosts_of_a_room_together_get_no_more_than_they_should(
    exchanges: Exchanges, room: RoomName, size: int
) -> None:
    slots = ExchangeSlots(4, HostLimits(per_host=2))
    for name in "abcdef":
        exchanges.begin(slots, name, room=room)
    await settled()
    assert len(exchanges.going) == size


@pytest.mark.parametrize("crowded", ["other", "slow", "proven"])
@pytest.mark.parametrize("concurrency", [1, 8])
async def test_no_room_waits_for_another(exchanges: Exchanges, crowded: RoomName, concurrency: int) -> None:
    slots = ExchangeSlots(concurrency, HostLimits(per_host=2))
    for n in range(100):
        exchanges.begin(slots, f"{n}", room=crowded)
    await settled()
    rooms: tuple[RoomName, ...] = ("proven", "other", "slow")
    for room in rooms:
        exchanges.begin(slots, room, room=room)
    await settled()
    assert exchanges.going >= {*rooms} - {crowded}


async def test_who_takes_long_is_parked_and_others_have_their_turn(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(1, HostLimits(per_host=2), park_seconds=0.01)
    for n in range(30):
        exchanges.begin(slots, f"{n}")
    await until(lambda: len(exchanges.going) == 1 + PARKED_PER_SLOT)
    await asyncio.sleep(0.1)
    assert len(exchanges.going) == 1 + PARKED_PER_SLOT, "as many are parked as there are places, and no more"
    await exchanges.end(*sorted(exchanges.going)[:4])
    await until(lambda: len(exchanges.going) == 1 + PARKED_PER_SLOT)


async def test_who_takes_long_is_put_back_if_others_wait_and_not_otherwise(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(1, HostLimits(per_host=2), park_seconds=0.001, look_seconds=0.02)
    for n in range(2 + PARKED_PER_SLOT + 3):
        exchanges.begin(slots, f"{n}", room="other")
    await until(lambda: len(exchanges.put_back) == 4)
    await asyncio.sleep(0.1)
    assert exchanges.put_back == {"0": True, "1": True, "2": True, "3": True}, (
        "those that were begun first, as needed"
    )


@pytest.mark.parametrize("concurrency", [2, 4, 64])
async def test_each_slot_is_free_again_after_a_moment_however_many_are_parked(
    exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    now = asyncio.get_running_loop().time()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    slots = ExchangeSlots(concurrency, HostLimits(per_host=2), park_seconds=1.0, look_seconds=10.0)
    for n in range(40 * concurrency):
        exchanges.begin(slots, f"{n}", room="other")
    await settled()
    for turn in range(1, 35):
        now += 1.001
        await settled()
        assert len(exchanges.put_back) + len(exchanges.going) == (turn + 1) * concurrency // 2


async def test_a_slow_feed_that_was_put_back_has_all_the_time_that_it_needs(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(1, HostLimits(per_host=2), park_seconds=0.001, look_seconds=0.02)
    exchanges.begin(slots, "first", room="slow")
    await until(lambda: slots.rooms["slow"].queued == 0)
    for n in range(PARKED_PER_SLOT + 2):
        exchanges.begin(slots, f"{n}", room="slow")
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert "first" in exchanges.going
    assert exchanges.put_back == {"17": False}, "there was no place to wait in"


async def test_a_host_of_many_feeds_does_not_fill_a_room(
    exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.concurrency.MAX_WAITING_FOR_HOSTS", 5)
    slots = ExchangeSlots(8, HostLimits(per_host=2))
    for n in range(20):
        exchanges.begin(slots, f"{n}", "example.org", room="other")
    exchanges.begin(slots, "a", "example.net", room="other")
    exchanges.begin(slots, "b", "example.org", room="proven")
    await settled()
    assert exchanges.going == {"0", "1", "a"}
    assert len(exchanges.put_back) == 13
    assert not any(exchanges.put_back.values())


def test_feeds_that_were_put_back_come_again_one_by_one() -> None:
    slots = ExchangeSlots(8, HostLimits(per_host=2))
    times = [slots.later(1_000.0) for _ in range(500)]
    assert times[0] == 1_010
    assert times[-1] == pytest.approx(1_015, abs=0.1)
    assert slots.later(2_000.0) == 2_010
    assert slots.later(-90_000.0) == -89_990, "the clock was set back"


@pytest.mark.parametrize(
    ("state", "room"),
    [
        (FeedState(url="/"), "other"),
        (FeedState(url="/", ok_at=1, took=0.2), "proven"),
        (FeedState(url="/", ok_at=1, took=0.2, failures=1), "other"),
        (FeedState(url="/", ok_at=1, took=7), "slow"),
        (FeedState(url="/", failures=3, took=20), "slow"),
        (FeedState(url="/", took=3), "slow"),
    ],
)
def test_the_last_exchange_decides_about_the_room(state: FeedState, room: str) -> None:
    assert room_of(state) == room


@pytest.mark.parametrize("room", ["proven", "other", "slow"])
async def test_everything_is_given_back_in_the_end(exchanges: Exchanges, room: RoomName) -> None:
    slots = ExchangeSlots(4, HostLimits(per_host=2), park_seconds=0.001, look_seconds=0.01)
    for _ in range(3):
        for n in range(50):
            exchanges.begin(slots, f"{n}", room=room)
        await asyncio.sleep(0.05)
        await exchanges.end_all()
        await settled()
        assert (slots.rooms[room].queued, exchanges.going) == (0, set())


async def test_who_is_cancelled_while_it_waits_takes_no_slot(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(1, HostLimits(per_host=2))
    for name in "abc":
        exchanges.begin(slots, name)
    await settled()
    exchanges.cancel("b")
    await exchanges.end("a")
    await settled()
    assert exchanges.going == {"c"}
    assert slots.rooms["proven"].queued == 1


async def test_another_concurrency_counts_at_once(exchanges: Exchanges) -> None:
    slots = ExchangeSlots(2, HostLimits(per_host=2))
    for name in "abcdef":
        exchanges.begin(slots, name)
    await settled()
    assert exchanges.going == {"a", "b"}
    slots.apply(4)
    await settled()
    assert exchanges.going == {"a", "b", "c", "d"}
    slots.apply(1)
    await exchanges.end("a", "b", "c")
    await settled()
    assert exchanges.going == {"d"}
