"""Admission: which connections are accepted, and which go live."""

from __future__ import annotations

import logging

import pytest

from connections import limits
from connections.limits import Admission, RefusedError, Slot


def fill(admission: Admission, address: str, count: int) -> list[Slot]:
    """Clients of an address."""
    slots = [Slot(admission) for _ in range(count)]
    for slot in slots:
        admission.admit(slot, address)
    return slots


def is_refused(admission: Admission, address: str) -> bool:
    """Whether one more client of an address would be."""
    slot = Slot(admission)
    try:
        admission.admit(slot, address)
    except RefusedError:
        return True
    finally:
        slot.release()
    return False


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return found


async def test_clients_are_admitted_up_to_nine_tenths_of_the_descriptors(caplog: pytest.LogCaptureFixture) -> None:
    admission = Admission(100)
    slots = fill(admission, "127.0.0.1", 90)
    assert is_refused(admission, "127.0.0.1")
    assert not admission.is_full()
    others = [Slot(admission) for _ in range(5)]
    assert admission.is_full()
    for slot in [slots.pop(), *others]:
        slot.release()
    assert not is_refused(admission, "127.0.0.1")
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
async def test_an_address_has_so_many_clients_and_no_more(
    caplog: pytest.LogCaptureFixture, one: str, same: str, other: str
) -> None:
    admission = Admission(1_000, per_address=3)
    slots = fill(admission, one, 3)
    assert is_refused(admission, one)
    assert is_refused(admission, same)
    assert not is_refused(admission, other)
    slots.pop().release()
    assert not is_refused(admission, same)
    assert warnings(caplog) == [
        "Readers are refused: one address has 3; if it is a proxy's, server.trusted_proxies has to name it."
    ]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_whoever_is_on_this_machine_is_not_counted_by_address(address: str) -> None:
    admission = Admission(1_000, per_address=3)
    fill(admission, address, 10)


async def test_nothing_is_kept_of_who_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    admission = Admission(1_000, per_address=1)
    for slot in fill(admission, "192.0.2.1", 1):
        assert is_refused(admission, "192.0.2.1")
        slot.release()
    admission.unread("192.0.2.1", 7)
    admission.unread("192.0.2.1", -7)
    assert (admission.connections, len(admission._live), len(admission._unread)) == (0, 0, 0)
    warnings(caplog)


async def test_no_client_is_admitted_at_a_stop() -> None:
    admission = Admission(1_000)
    admission.is_closing = True
    assert is_refused(admission, "127.0.0.1")


async def test_answers_that_nobody_reads_are_bounded_for_an_address_and_for_all() -> None:
    admission = Admission(1_000)
    admission.unread("192.0.2.1", limits.MAX_UNREAD_BYTES_PER_ADDRESS + 1)
    with pytest.raises(RefusedError):
        admission.check_unread("192.0.2.1")
    admission.check_unread("192.0.2.2")
    for number in range(2, 6):
        admission.unread(f"192.0.2.{number}", limits.MAX_UNREAD_BYTES_PER_ADDRESS)
    with pytest.raises(RefusedError):
        admission.check_unread("192.0.2.9")
    admission.unread("192.0.2.1", -limits.MAX_UNREAD_BYTES_PER_ADDRESS - 1)
    admission.check_unread("192.0.2.1")
