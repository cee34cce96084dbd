"""Who may come in."""

from __future__ import annotations

import logging

import pytest

import limits
from doors import Doors, Place, RefusedError


def fill(doors: Doors, address: str, count: int) -> list[Place]:
    """Readers of an address."""
    places = [Place(doors) for _ in range(count)]
    for place in places:
        doors.admit(place, address)
    return places


def is_refused(doors: Doors, address: str) -> bool:
    """Whether one more reader of an address would be."""
    place = Place(doors)
    try:
        doors.admit(place, address)
    except RefusedError:
        return True
    finally:
        place.leave()
    return False


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return found


async def test_readers_are_let_in_up_to_nine_tenths_of_the_descriptors(caplog: pytest.LogCaptureFixture) -> None:
    doors = Doors(100)
    places = fill(doors, "127.0.0.1", 90)
    assert is_refused(doors, "127.0.0.1")
    assert not doors.is_full()
    others = [Place(doors) for _ in range(5)]
    assert doors.is_full()
    for place in [places.pop(), *others]:
        place.leave()
    assert not is_refused(doors, "127.0.0.1")
    assert warnings(caplog) == [
        "Readers are refused: there are as many as this process has descriptors for (ulimit -n)."
    ]


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"),
        ("fe80::1%eth0", "fe80::2%eth1", "2001:db8::1"),
    ],
)
async def test_an_address_has_so_many_readers_and_no_more(
    caplog: pytest.LogCaptureFixture, one: str, same: str, other: str
) -> None:
    doors = Doors(1_000, per_address=3)
    places = fill(doors, one, 3)
    assert is_refused(doors, one)
    assert is_refused(doors, same)
    assert not is_refused(doors, other)
    places.pop().leave()
    assert not is_refused(doors, same)
    assert warnings(caplog) == [
        "Readers are refused: one address has 3; if it is a proxy's, server.trusted_proxies has to name it."
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_whoever_is_on_this_machine_is_not_counted_by_address(address: str) -> None:
    doors = Doors(1_000, per_address=3)
    fill(doors, address, 10)


async def test_nothing_is_kept_of_who_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    doors = Doors(1_000, per_address=1)
    for place in fill(doors, "192.0.2.1", 1):
        assert is_refused(doors, "192.0.2.1")
        place.leave()
    doors.unread("192.0.2.1", 7)
    doors.unread("192.0.2.1", -7)
    assert (doors.connections, len(doors._readers), len(doors._unread)) == (0, 0, 0)
    warnings(caplog)


async def test_no_reader_is_let_in_at_a_stop() -> None:
    doors = Doors(1_000)
    doors.is_closing = True
    assert is_refused(doors, "127.0.0.1")


async def test_answers_that_nobody_reads_are_bounded_for_an_address_and_for_all() -> None:
    doors = Doors(1_000)
    doors.unread("192.0.2.1", limits.ADDRESS_ANSWERS_BYTES + 1)
    with pytest.raises(RefusedError):
        doors.check_unread("192.0.2.1")
    doors.check_unread("192.0.2.2")
    for number in range(2, 6):
        doors.unread(f"192.0.2.{number}", limits.ADDRESS_ANSWERS_BYTES)
    with pytest.raises(RefusedError):
        doors.check_unread("192.0.2.9")
    doors.unread("192.0.2.1", -limits.ADDRESS_ANSWERS_BYTES - 1)
    doors.check_unread("192.0.2.1")
