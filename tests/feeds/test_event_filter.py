"""feeds/event_filter.py: filters of webhooks, judged in a process of the parser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from entries import Entry, Source
from feeds import event_filter
from feeds.event_filter import EventFilter
from feeds.parser_pool import ParserPool

SLOW = "/(a+)+z/"


@pytest.fixture
async def wanted() -> AsyncIterator[EventFilter]:
    pool = ParserPool(processes=1, reserve=0)
    yield EventFilter(pool)
    await pool.close()


def post(name: str, text: str = "") -> Entry:
    return Entry(keys=(name,), digest="", source=Source("", None, ""), title=name, content_html=text)


async def test_posts_are_rejected_by_words_and_patterns(wanted: EventFilter) -> None:
    posts = [post("budget"), post("sports"), post("budget of sports")]
    assert await wanted.rejected(("budget",), ("/sp.rts/",), posts) == {"sports", "budget of sports"}


async def test_a_pattern_that_takes_too_long_is_left_out_and_logged_once(
    wanted: EventFilter, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_filter, "JUDGE_SECONDS", 0.05)
    posts = [post("one", "a" * 40), post("sports")]
    for _ in range(2):
        assert await wanted.rejected((), (SLOW, "sports"), posts) == {"sports"}
    assert await wanted.rejected((SLOW, "budget"), (), posts) == set(), "it might have decided about each"
    assert caplog.messages == [f"The pattern {SLOW} of a webhook takes too long, and was left out."]
    wanted.clear()
    await wanted.rejected((), (SLOW,), posts)
    assert len(caplog.messages) == 2
    caplog.clear()
