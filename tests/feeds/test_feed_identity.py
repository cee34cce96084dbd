"""A feed stays the same under another URL, password or id; a changed filter lets older posts through, once."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, answer, moved, whole
from tests.feeds.polling import DAY, HOUR, MINUTE, Desk, Log

NAMES = ("a", "b", "c")


def post(name: str, date: float) -> str:
    return f"<guid>{name}</guid><title>{name}</title><pubDate>{formatdate(date)}</pubDate>"


def documents(desk: Desk, *more: str, tag: str = "1") -> bytes:
    now = desk.clock.now
    listed = [*more, *(post(name, now - n * HOUR) for n, name in enumerate(NAMES))]
    return whole(rss(*listed), f'ETag: "{tag}"')


def with_user(url: str, user: str) -> str:
    return url.replace("://", f"://{user}@")


async def test_a_changed_password_or_fragment_repeats_nothing(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/a", documents(desk))
    for address in (url, with_user(url, "me:old"), with_user(url, "me:new"), f"{url}#top"):
        await desk.follow(address)
        await desk.later(HOUR)
        assert len(await desk.events()) == len(NAMES), address
        assert (await desk.state()).address == address


@pytest.mark.parametrize("path", ["/b", "/a/", "/a?token=2"])
async def test_another_url_of_a_feed_with_an_id_repeats_nothing(desk: Desk, origin: RawOrigin, path: str) -> None:
    url = origin.serve("/a", documents(desk))
    await desk.follow({"url": url, "id": "city-hall"})
    origin.serve("/a", whole(b"", status="404 x"))
    moved = origin.serve(path, documents(desk, post("new", desk.clock.now + MINUTE)))
    desk.clock.now += 2 * MINUTE
    await desk.follow({"url": moved, "id": "city-hall"})
    assert await desk.titles() == ["new", *NAMES]
    assert len(await desk.events()) == len(NAMES) + 1
    assert (await desk.state()).url == "city-hall"


async def test_a_feed_with_an_id_that_is_redirected_is_asked_at_its_new_url(desk: Desk, origin: RawOrigin) -> None:
    target = origin.serve("/b", documents(desk))
    url = origin.serve("/a", moved(target, "301 Moved Permanently"))
    await desk.follow({"url": url, "id": "city-hall"})
    await desk.later(8 * DAY)
    third = origin.serve("/c", documents(desk))
    origin.heads.clear()
    await desk.follow({"url": third, "id": "city-hall"})
    assert [head.split(" ")[1] for head in origin.heads] == ["/c"]
    assert len(await desk.events()) == len(NAMES)


async def test_an_id_given_later_keeps_the_state_and_repeats_nothing(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/a", documents(desk))
    await desk.follow(url)
    before = await desk.state()
    await desk.follow({"url": url, "id": "city-hall"})
    after = await desk.state()
    assert (after.url, after.named, after.etag, after.listed) == ("city-hall", before.url, before.etag, before.listed)
    await desk.later(HOUR)
    await desk.follow({"url": url, "id": "town-hall"})
    await desk.follow(url)
    await desk.later(HOUR)
    assert len(await desk.events()) == len(NAMES)


async def test_a_failing_feed_is_polled_at_once_when_its_url_is_mended(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    bad, good = origin.serve("/a", whole(b"", status="401 x")), origin.serve("/b", documents(desk))
    await desk.follow({"url": bad, "id": "city-hall", "interval": None})
    assert (await desk.state()).problem
    await desk.apply({"url": good, "id": "city-hall", "interval": None})
    assert (await desk.state()).problem is None
    assert log.heard() == [
        f"{bad}: The answer was 401 Unauthorized. Next try in 4 hours.",
        f"{good}: well again after 1 failed poll.",
    ]
    assert len(await desk.titles()) == len(NAMES)


async def test_a_url_taken_back_during_a_rolling_change_repeats_nothing(desk: Desk, origin: RawOrigin) -> None:
    url, other = origin.serve("/a", documents(desk)), origin.serve("/b", documents(desk))
    for address in (url, other, url, other):
        await desk.follow({"url": address, "id": "city-hall"})
        await desk.later(HOUR)
    assert len(await desk.events()) == len(NAMES)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"exclude": ["b"]}, {}),
        ({"exclude": ["b", "c"]}, {"exclude": ["c"]}),
        ({"include": ["a"]}, {"include": ["a", "b"]}),
        ({"exclude": ["/^b/"]}, {"exclude": ["/^z/"]}),
    ],
    ids=repr,
)
async def test_a_loosened_filter_lets_older_posts_through_once(
    desk: Desk, origin: RawOrigin, before: dict[str, list[str]], after: dict[str, list[str]]
) -> None:
    url = origin.serve("/a", documents(desk))
    await desk.follow({"url": url, **before})
    shown = len(await desk.titles())
    assert "b" not in await desk.titles()
    await desk.apply({"url": url, **after})
    assert len(await desk.titles()) == shown + 1
    found = {item["title"]: item["_livelog"]["position"] for item in await desk.items()}
    assert found["b"] < found["a"], "it stands at its own date"
    for _ in range(2):
        await desk.later(HOUR)
        await desk.follow({"url": url, **after})
    assert len(await desk.events()) == shown + 1


async def test_a_tightened_filter_withdraws_nothing(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/a", documents(desk))
    await desk.follow({"url": url, "exclude": ["z"]})
    await desk.apply({"url": url, "exclude": ["b", "z"]})
    await desk.later(HOUR)
    assert len(await desk.titles()) == len(NAMES)


async def test_a_filter_of_one_blog_changes_no_other(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/a", documents(desk))
    await desk.follow(one=[{"url": url, "exclude": ["b"]}], two=[{"url": url, "include": ["a"]}])
    await desk.follow(one=[url], two=[{"url": url, "include": ["a"]}])
    assert (sorted(map(str, await desk.titles("one"))), await desk.titles("two")) == (list(NAMES), ["a"])
    assert len(await desk.events("two")) == 1


async def test_a_filter_that_stays_costs_no_whole_answer(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/a", documents(desk))
    for _ in range(2):
        await desk.follow({"url": url, "exclude": ["b"]})
        origin.serve("/a", answer(status="304 x"))
        origin.heads.clear()
        await desk.later(HOUR)
        assert 'If-None-Match: "1"' in origin.heads[0]
