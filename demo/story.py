"""The demo's story: the evening of evening.txt, paced, and how each step is performed at a newsroom's desks."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from demo.newsroom import Desk, Draft, Format, Newsroom, Post
from demo.sound import fog_signal
from demo.steps import DeskName, Step, load

_DELAY_SECONDS = (2.0, 6.0)
_FOLDER = Path(__file__).parent
_STEPS = tuple(load(_FOLDER / "evening.txt"))

BEFORE = tuple(step for step in _STEPS if step.age is not None)
"""Posts that are there when the demo starts, oldest first."""

EVENING = _STEPS[len(BEFORE) : -1]
"""The steps that follow, in order."""

AGAIN = _STEPS[-1]
"""Announces that the evening is repeated."""

PICTURES = ("harbour.svg", "tide.svg", "lanterns.svg", "bridge.svg", "pages.svg", "cover.svg")
SOUND = "/sounds/fog-signal.wav"


@dataclass(frozen=True, slots=True)
class Outlet:
    """A desk of the story: the title, path and format of its feed."""

    name: DeskName
    title: str
    path: str
    format: Format


DESKS = (
    Outlet("harbour", "Quayside Log", "/harbour.xml", "rss"),
    Outlet("city", "Council Gallery", "/city.xml", "atom"),
    Outlet("football", "Tannery End", "/football.xml", "rss"),
    Outlet("weather", "Port Signal Station", "/weather.json", "json"),
    Outlet("paper", "Elsewhere Courier", "/courier.xml", "rss"),
    Outlet("podcast", "Late Tide", "/late-tide.xml", "rss"),
    Outlet("releases", "Tidebook - Releases", "/tidebook.xml", "atom"),
    Outlet("ferry", "Ferry Office", "/ferry.json", "json"),
    Outlet("stage", "Playhouse Notices", "/playhouse.xml", "rss"),
)


def story() -> Iterator[Step]:
    """Yield the steps of the story without end: the posts that are there already, then the evening, repeated.

    Steps of the evening have a delay of 2 to 6 seconds. Each repetition begins with a post that announces it, and its
    posts have guids of their own.
    """
    rng = random.Random(0)  # the same pace in every run
    yield from BEFORE
    for round_ in count(1):
        for step in EVENING if round_ == 1 else (AGAIN, *EVENING):
            name = step.name if round_ == 1 else f"{step.name}-{round_}"
            yield replace(step, name=name, delay=round(rng.uniform(*_DELAY_SECONDS), 1))


def open_desks(newsroom: Newsroom) -> dict[DeskName, Desk]:
    """Open the story's desks in a started newsroom, and serve its pictures and its sound there."""
    newsroom.add_file(SOUND, fog_signal(), "audio/wav")
    for name in PICTURES:
        newsroom.add_file(f"/pictures/{name}", (_FOLDER / name).read_bytes(), "image/svg+xml")
    return {
        outlet.name: newsroom.open_desk(outlet.path, title=outlet.title, format=outlet.format) for outlet in DESKS
    }


def perform(step: Step, newsroom: Newsroom, desks: Mapping[DeskName, Desk], start: datetime) -> Post:
    """Do one step at its desk and return the post. Ages are counted back from `start`.

    Raises KeyError if the post of a correction or withdrawal is not in the feed.
    """
    desk = desks[step.desk]
    draft = _absolute(step.draft, newsroom)
    if step.action == "withdraw":
        return desk.withdraw(step.guid)
    if step.action == "correct":
        return desk.correct(step.guid, title=draft.title, html=draft.html)
    published = None if step.age is None else start - timedelta(seconds=step.age)
    return desk.publish(draft, guid=step.guid, published=published)


def _absolute(draft: Draft, newsroom: Newsroom) -> Draft:
    """The draft with absolute URLs of its files: readers see it on another origin."""
    return replace(
        draft,
        html=draft.html.replace('src="/', f'src="{newsroom.url("/")}'),
        image=draft.image and newsroom.url(draft.image),
        enclosure=draft.enclosure and replace(draft.enclosure, url=newsroom.url(draft.enclosure.url)),
    )
