"""The cache of answers: made once, kept while they are valid, within bounds."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Awaitable, Callable

import brotli
import pytest

from pages.cache import MAX_ANSWER_SHARE, ONCE_SHARE, Answer, Cache, pack

HEADERS = (("Content-Type", "text/html"),)
LONG = ["<p>", "words " * 1_000]


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Press:
    """Makes answers with a number each, of that many bytes."""

    def __init__(self, size: int = 10) -> None:
        self.made = 0
        self.size = size
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self) -> Answer:
        self.made += 1
        number = self.made
        await self.may_end.wait()
        return pack(HEADERS, [f"{number:0{self.size}}"])


def fixed(answer: Answer) -> Callable[[], Awaitable[Answer]]:
    async def make() -> Answer:
        return answer

    return make


async def test_a_hundred_requests_at_a_time_make_an_answer_once() -> None:
    cache, press = Cache(), Press()
    press.may_end.clear()
    requests = [asyncio.create_task(cache.get("key", 1, 60, press)) for _ in range(100)]
    await asyncio.sleep(0)
    press.may_end.set()
    assert len({id(answer) for answer in await asyncio.gather(*requests)}) == 1
    assert (press.made, cache.misses, cache.shared, cache.hits) == (1, 1, 99, 0)
    await cache.get("key", 1, 60, press)
    assert (press.made, cache.hits) == (1, 1)


async def test_an_answer_of_another_version_is_made_anew_and_replaces_the_old_one() -> None:
    cache, press = Cache(), Press()
    first = await cache.get("key", 1, 60, press)
    second = await cache.get("key", 2, 60, press)
    assert first.content != second.content
    assert (len(cache), cache.bytes) == (1, second.size)


async def test_an_answer_that_is_being_made_is_not_given_to_those_who_ask_for_a_newer_version() -> None:
    cache, press = Cache(), Press()
    press.may_end.clear()
    older = asyncio.create_task(cache.get("key", 1, 60, press))
    await asyncio.sleep(0)
    newer = asyncio.create_task(cache.get("key", 2, 60, press))
    await asyncio.sleep(0)
    press.may_end.set()
    assert (await older).content != (await newer).content
    assert (await cache.get("key", 2, 60, press)) is await newer
    assert press.made == 2


async def test_an_answer_is_kept_for_its_seconds() -> None:
    clock, press = Clock(), Press()
    cache = Cache(clock=clock)
    first = await cache.get("key", 1, 60, press)
    clock.seconds += 60
    assert await cache.get("key", 1, 60, press) is first
    clock.seconds += 1
    assert await cache.get("key", 1, 60, press) is not first


async def test_an_equal_version_of_another_object_is_the_same_version() -> None:
    cache, press = Cache(), Press()
    await cache.get("key", ["a"], 60, press)
    await cache.get("key", ["a"], 60, press)
    assert press.made == 1


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    cache, may_fail = Cache(), asyncio.Event()

    async def fail() -> Answer:
        await may_fail.wait()
        raise OSError("down")

    requests = [asyncio.create_task(cache.get("key", 1, 60, fail)) for _ in range(3)]
    await asyncio.sleep(0)
    may_fail.set()
    failures = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(failure) for failure in failures] == [OSError] * 3
    assert (await cache.get("key", 1, 60, Press())).content


async def test_a_client_that_goes_away_while_its_answer_is_made_leaves_it_to_the_others() -> None:
    cache, press = Cache(), Press()
    press.may_end.clear()
    first = asyncio.create_task(cache.get("key", 1, 60, press))
    await asyncio.sleep(0)
    second = asyncio.create_task(cache.get("key", 1, 60, press))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    press.may_end.set()
    assert (await second).content
    assert press.made == 1


async def test_after_clear_nothing_is_kept_not_even_what_was_being_made() -> None:
    cache, press = Cache(), Press()
    press.may_end.clear()
    before = asyncio.create_task(cache.get("key", 1, 60, press))
    await asyncio.sleep(0)
    cache.clear()
    press.may_end.set()
    await before
    assert len(cache) == 0
    assert await cache.get("key", 1, 60, press) is not before.result()


@pytest.mark.parametrize(("max_bytes", "max_answers"), [(10_000, 1_000_000), (1_000_000, 40)])
async def test_random_requests_stay_within_the_bounds(max_bytes: int, max_answers: int) -> None:
    cache, chance = Cache(max_bytes, max_answers), random.Random(7)
    for _ in range(3_000):
        await cache.get(chance.randrange(300), chance.randrange(3), 60, Press(chance.randrange(1, 900)))
        assert cache.bytes <= max_bytes
        assert len(cache) <= max_answers
    assert cache.hits


async def test_answers_that_were_asked_for_once_do_not_push_out_the_others() -> None:
    cache, press = Cache(max_answers=40), Press()
    for _ in range(2):
        await cache.get("front", 1, 60, press)
    for number in range(500):
        await cache.get(("search", number), 1, 60, press)
    made = press.made
    await cache.get("front", 1, 60, press)
    assert press.made == made
    await cache.get("front", 2, 60, press)
    for number in range(500):
        await cache.get(("another", number), 1, 60, press)
    made = press.made
    await cache.get("front", 2, 60, press)
    assert press.made == made, "the next version keeps the place"


async def test_an_answer_too_large_for_its_share_is_sent_but_not_kept() -> None:
    cache = Cache(max_bytes=10_000)
    large = Answer(HEADERS, b"x" * int(10_000 * ONCE_SHARE * MAX_ANSWER_SHARE + 1), "tag")
    assert await cache.get("key", 1, 60, fixed(large)) is large
    assert (len(cache), cache.bytes) == (0, 0)


@pytest.mark.parametrize(("coding", "read"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
async def test_each_coding_has_a_tag_of_its_own(coding: str, read: Callable[[bytes], bytes]) -> None:
    answer = pack(HEADERS, LONG)
    plain, no_coding, plain_tag = await answer.form(None)
    compressed, its_coding, tag = await answer.form(coding)
    assert (no_coding, its_coding) == (None, coding)
    assert read(compressed) == plain == "".join(LONG).encode()
    assert plain_tag != tag
    assert (await pack(HEADERS, LONG).form(coding))[2] == tag


async def test_an_answer_is_compressed_once_for_all_who_ask_for_a_coding() -> None:
    answer = pack(HEADERS, LONG)
    first = asyncio.create_task(answer.form("br"))
    others = [asyncio.create_task(answer.form("br")) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    forms = await asyncio.gather(*others)
    assert all(form[0] is forms[0][0] for form in forms)


async def test_short_answers_are_not_compressed() -> None:
    answer = pack(HEADERS, ["short"])
    assert await answer.form("gzip") == await answer.form(None) == (b"short", None, f'"{answer.tag}"')
