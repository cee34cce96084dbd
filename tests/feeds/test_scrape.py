"""Polls of web pages without a feed, over real HTTP and real parser processes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import remedies
from feeds.parser.document import NotAFeedError, Reading, parse
from feeds.parser.selectors import Selectors
from feeds.parser_pool import ParserKilledError, ParserPool
from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, answer, whole
from tests.feeds.polling import HOUR, Desk, Log
from tests.livelog import ROOT

LIST = {"list": "li"}


def page(*names: str) -> bytes:
    items = "".join(f"<li><a href='/{name}'>{name}</a></li>" for name in names)
    return f"<!doctype html><link rel=alternate type=application/rss+xml href=/feed.xml><ul>{items}</ul>".encode()


def scraped(url: str, **selectors: Any) -> dict[str, Any]:
    return {"url": url, "scrape": selectors or LIST}


async def test_new_entries_of_a_page_are_events(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/", whole(page("b", "a")))
    await desk.follow(scraped(url))
    origin.serve("/", whole(page("c", "b", "a")))
    await desk.later()
    assert [event.kind for event in await desk.events()][-1:] == ["entry"]
    assert (await desk.titles())[0] == "c"
    assert [head.split(" ")[1] for head in origin.heads] == ["/", "/"], "the feed that it names is not asked for"
    assert "\r\nAccept: text/html, " in origin.heads[0]


async def test_a_page_is_asked_for_with_its_validators(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/", whole(page("a"), 'ETag: "1"'))
    await desk.follow(scraped(url))
    origin.serve("/", answer(status="304 Not Modified"))
    await desk.later()
    assert '\r\nIf-None-Match: "1"\r\n' in origin.heads[-1]
    assert (await desk.state()).problem is None


async def test_a_page_that_asks_for_a_pause_gets_it(desk: Desk, origin: RawOrigin, log: Log) -> None:
    url = origin.serve("/", whole(b"", "Retry-After: 7200", status="429 Too Many Requests"))
    await desk.follow(scraped(url))
    await desk.later(HOUR)
    assert len(origin.heads) == 1
    assert log.heard() == [f"{url}: The answer was 429 Too Many Requests. Next try in 2 hours."]


async def test_a_page_that_matches_nothing_is_a_failure_and_withdraws_nothing(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    url = origin.serve("/", whole(page("b", "a")))
    await desk.follow({**scraped(url), "withdraw": True})
    origin.serve("/", whole(b"<!doctype html><div>We have a new design"))
    for _ in range(3):
        await desk.later(HOUR)
    state = await desk.state()
    assert state.problem == "scrape.list, “li”, selects nothing on this page."
    assert (state.failures, len(desk.listed())) == (3, 2)
    advice = remedies.for_feed(state.problem, state.status)
    assert advice is not None
    assert advice.cause == "scrape"
    assert sorted(map(str, await desk.titles())) == ["a", "b"]
    origin.serve("/", whole(page("b", "a")))
    await desk.later(12 * HOUR)
    assert (await desk.state()).problem is None
    assert [event.kind for event in await desk.events()] == ["entry", "entry"]
    assert log.heard()[0].startswith(f"{url}: {state.problem} Next try in ")


async def test_changed_selectors_read_the_same_page_anew_at_once_and_repeat_nothing(
    desk: Desk, origin: RawOrigin
) -> None:
    url = origin.serve("/", whole(page("b", "a"), 'ETag: "1"'))
    await desk.follow(scraped(url, list="li:first-child"))
    await desk.apply(scraped(url))
    assert "If-None-Match" not in origin.heads[-1]
    assert sorted(map(str, await desk.titles())) == ["a", "b"]
    await desk.apply(scraped(url))
    assert len(origin.heads) == 2, "the same selectors ask for nothing"


async def test_a_page_may_become_a_feed_again(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/", whole(page("a")))
    origin.serve("/feed.xml", whole(rss("<title>b</title><guid>b</guid>")))
    await desk.follow(scraped(url))
    await desk.apply(url)
    assert sorted(map(str, await desk.titles())) == ["a", "b"]
    assert (await desk.state()).found_url == origin.url("/feed.xml")


@pytest.mark.parametrize(
    ("body", "selectors", "limit"),
    [
        (b"<a>" * 1_000_000, Selectors(list="a"), "MB of memory"),
        (b"<i>a</i>" * 50_000, Selectors(list="i:nth-last-of-type(2)"), "1 seconds of CPU"),
    ],
    ids=["memory", "time"],
)
async def test_a_page_that_takes_too_much_ends_its_process_alone(
    body: bytes, selectors: Selectors, limit: str
) -> None:
    pool = ParserPool(processes=1, reserve=0, cpu_seconds=1, memory_bytes=100_000_000)
    url = "https://a.example/"
    with pytest.raises(ParserKilledError, match=limit):
        await pool.parse(Reading(body=body, url=url, base=url, selectors=selectors))
    good = await pool.parse(Reading(body=page("a"), url=url, base=url, selectors=Selectors(list="li")))
    assert [entry.title for entry in good.entries] == ["a"]
    await pool.close()


def test_a_page_that_is_nested_without_end_is_read_to_a_depth() -> None:
    url = "https://a.example/"
    with pytest.raises(NotAFeedError):
        parse(Reading(body=b"<div>" * 100_000, url=url, base=url, selectors=Selectors(list="div")))


def test_the_process_that_serves_readers_has_no_reader_of_pages() -> None:
    program = "import sys, app; print([name for name in ('lxml', 'cssselect') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
