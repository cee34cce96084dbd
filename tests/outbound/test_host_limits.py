"""One key per host, whatever its spelling; pauses and slots are kept by it."""

from __future__ import annotations

import asyncio

import pytest

from outbound.host_limits import MAX_PAUSES, HostLimits, HostPausedError, host_key

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://example.org/feed", "example.org"),
        ("https://example.org/feed", "example.org"),
        ("http://example.org:80/", "example.org"),
        ("https://example.org:443/", "example.org"),
        ("http://example.org:443/", "example.org:443"),
        ("http://example.org:8080/", "example.org:8080"),
        ("HTTP://EXAMPLE.ORG/", "example.org"),
        ("http://example.org./", "example.org"),
        ("http://user:pw@example.org/", "example.org"),
        ("http://user@example.org:8080/", "example.org:8080"),
        ("http://bücher.example/", "xn--bcher-kva.example"),
        ("http://BÜCHER.example:80/", "xn--bcher-kva.example"),
        ("http://XN--BCHER-KVA.example/", "xn--bcher-kva.example"),
        ("http://127.0.0.1:8000/", "127.0.0.1:8000"),
        ("http://[::1]:8000/", "[::1]:8000"),
        ("http://[0:0:0:0:0:0:0:1]/", "[::1]"),
        ("http://[/", "http://[/"),
        ("http://example.org:99999/", "http://example.org:99999/"),
        ("http://ä..example/", "http://ä..example/"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_host_has_one_key(url: str, key: str) -> None:
    assert host_key(url) == key


def test_a_pause_is_for_every_spelling_of_a_host_until_it_ends() -> None:
    now = NOW
    limits = HostLimits(2, lambda: now)
    limits.pause(host_key("https://bücher.example/loud"), NOW + 60)
    limits.pause("xn--bcher-kva.example", NOW + 10)
    for url in ("http://xn--bcher-kva.example/", "https://user:pw@BÜCHER.example:443/beside"):
        with pytest.raises(HostPausedError) as caught:
            limits.check_pause(url)
        assert caught.value.until == NOW + 60, "a pause is never shortened"
    limits.check_pause("https://bücher.example:8443/")
    now += 60
    limits.check_pause("https://bücher.example/loud")


def test_pauses_are_bounded_and_those_that_have_ended_make_room() -> None:
    now = NOW
    limits = HostLimits(2, lambda: now)
    for n in range(MAX_PAUSES + 1):
        limits.pause(f"{n}.example", NOW + 60)
    limits.check_pause(f"http://{MAX_PAUSES}.example/")
    now += 60
    limits.pause("another.example", now + 60)
    with pytest.raises(HostPausedError):
        limits.check_pause("http://another.example/")


async def test_a_host_gets_so_many_slots_and_another_its_own() -> None:
    limits = HostLimits(1)
    async with limits.slot("a"), limits.slot("b"):
        waiting = asyncio.create_task(limits.slot("a").__aenter__())
        await asyncio.sleep(0)
        assert not waiting.done()
    await asyncio.sleep(0)
    assert waiting.done()


async def test_a_host_of_which_no_slot_is_taken_is_not_kept() -> None:
    limits = HostLimits(1)
    async with limits.slot("a"):
        assert len(limits._slots) == 1
    assert not limits._slots


async def test_more_slots_are_there_at_once() -> None:
    limits = HostLimits(1)
    async with limits.slot("a"):
        waiting = asyncio.create_task(limits.slot("a").__aenter__())
        await asyncio.sleep(0)
        limits.apply(2)
        await asyncio.wait_for(waiting, 1)


@pytest.mark.parametrize("jump", [60, -60, 3600, -3600, -3.15e8, 3.15e8])
def test_a_pause_is_as_long_as_it_was_asked_for_when_the_clock_is_set(jump: float) -> None:
    now, steady = NOW, 0.0
    limits = HostLimits(2, lambda: now, lambda: steady)
    limits.pause("example.org", NOW + 60)
    now += jump
    steady = 59.0
    with pytest.raises(HostPausedError) as caught:
        limits.check_pause("https://example.org/")
    assert caught.value.until == now + 1
    steady = 60.0
    limits.check_pause("https://example.org/")
