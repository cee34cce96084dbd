"""delivery/event_choice.py: the events that a webhook is sent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from delivery.event_choice import choose
from entries import Cursor, Entry, Event
from feeds.parser.filter import Filter
from tests.delivery.events import blog, event

OLD = {"position": "2026-11-29T12:00:00.000000Z"}
EVENTS = [
    event(1),
    event(2, "update"),
    event(3, "delete"),
    event(4, tags=["key"]),
    event(5, _livelog=OLD),
]


async def judge(include: tuple[str, ...], exclude: tuple[str, ...], posts: Sequence[Entry]) -> frozenset[str]:
    return Filter(include=include, exclude=exclude).judge(posts, 1.0).refused


async def chosen(webhook: object, events: Sequence[Event] = EVENTS) -> list[int]:
    """The numbers of the events that are chosen."""
    found = blog(webhook, key_events="key")
    choices = await choose(found.webhooks[0], found, events, judge)
    assert [choice.event for choice in choices] == list(events)
    return [choice.event.cursor.seq for choice in choices if choice.is_chosen]


@pytest.mark.parametrize(
    ("keys", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"events": "posts"}, [1, 4]),
        ({"events": "key_events"}, [4]),
        ({"template": "slack"}, [1, 4]),
        ({"template": "slack", "events": "all"}, [1, 2, 3, 4, 5]),
        ({"include": ["Post 4"]}, [3, 4]),
        ({"exclude": ["/post [12]/"]}, [3, 4, 5]),
        ({"include": ["key"], "events": "posts"}, [4]),
    ],
    ids=str,
)
async def test_kinds_words_and_patterns_choose(keys: dict[str, object], numbers: list[int]) -> None:
    assert await chosen({"url": "https://a.example/", **keys}) == numbers


async def test_a_post_that_was_withdrawn_meanwhile_is_one_withdrawal() -> None:
    """Its earlier events are withdrawals, too, when they are replayed."""
    again = Event("news", Cursor("e", 9), "delete", "id1", None)
    assert await chosen("https://a.example/", [event(1, "delete"), event(2, "delete"), again]) == [2, 9]


async def test_posts_of_one_document_are_all_new() -> None:
    """Their positions are microseconds apart."""
    second = event(2, _livelog={"position": "2026-11-30T11:59:59.999999Z"})
    assert await chosen({"url": "https://a.example/", "events": "posts"}, [event(1), second]) == [1, 2]
