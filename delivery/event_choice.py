"""The events of a blog that a webhook is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from config import Blog, Webhook
from delivery.post_facts import NO_ITEM, Item, item_of
from entries import Entry, Event, Source, to_micros

MAX_NEW_MICROS: Final = 1_000_000
"""Time from the position of a new post to when it was seen: more than those of one document differ by. An older
position is that of a post that was sorted in by its own date."""

Judge = Callable[[tuple[str, ...], tuple[str, ...], Sequence[Entry]], Awaitable[frozenset[str]]]
"""``include``, ``exclude`` and posts to the ids of the posts that they reject: `feeds.parser.filter`, in a process of
the parser, as a regular expression can take exponential time."""

_NO_SOURCE: Final = Source("", None, "")


class Choice(NamedTuple):
    """An event with its item, and True if it is to be sent."""

    event: Event
    item: Item
    is_chosen: bool


async def accept_all(_include: tuple[str, ...], _exclude: tuple[str, ...], _posts: Sequence[Entry]) -> frozenset[str]:
    """Rejects nothing."""
    return frozenset()


async def choose(webhook: Webhook, blog: Blog, events: Sequence[Event], judge: Judge) -> list[Choice]:
    """All events, in order. A withdrawal has no text that a filter could judge: it is sent."""
    choices = []
    last = {event.id: event.cursor for event in events}
    wanted = webhook.events or ("posts" if webhook.template else "all")
    for event in events:
        # A store has the events of a withdrawn post as withdrawals, of which the last is enough.
        is_repeated = event.kind == "delete" and event.cursor != last[event.id]
        if is_repeated or (wanted != "all" and event.kind != "entry"):
            choices.append(Choice(event, NO_ITEM, is_chosen=False))
            continue
        item = item_of(event)
        choices.append(Choice(event, item, wanted == "all" or _is_wanted(wanted, blog, item)))
        # Large items take milliseconds to parse.
        await asyncio.sleep(0)
    posts = [_post(choice) for choice in choices if choice.is_chosen and choice.item]
    if not posts or not (webhook.include or webhook.exclude):
        return choices
    rejected = await judge(webhook.include, webhook.exclude, posts)
    return [choice._replace(is_chosen=choice.is_chosen and choice.event.id not in rejected) for choice in choices]


def _is_wanted(wanted: str, blog: Blog, item: Item) -> bool:
    """True for a new post, with the tag of key events if those are wanted."""
    return _is_new(item) and (wanted == "posts" or blog.key_events in item.get("tags", ()))


def _is_new(item: Item) -> bool:
    """True unless the post was sorted in by its own date: those of a feed that is new to the blog are old posts."""
    about = item["_livelog"]
    return to_micros(about["seen"]) - to_micros(about["position"]) < MAX_NEW_MICROS


def _post(choice: Choice) -> Entry:
    """The parts of a post that filters search."""
    item = choice.item
    return Entry(
        keys=(choice.event.id,),
        digest="",
        source=_NO_SOURCE,
        title=item.get("title"),
        content_html=item.get("content_html", ""),
        authors=tuple(str(author.get("name", "")) for author in item.get("authors", ())),
        tags=tuple(item.get("tags", ())),
    )
