"""The demo's story: the evening of `material`, paced, and how each step is performed at a newsroom's desks."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from demo.material import AGAIN, BEFORE, EVENING, HARBOUR_PICTURE, TIDE_PICTURE
from demo.newsroom import Desk, Format, Newsroom, Post
from demo.steps import DeskName, Step

__all__ = ["DESKS", "Outlet", "Step", "open_desks", "perform", "story"]

_DELAY_SECONDS = (2.0, 6.0)
_FOLDER = Path(__file__).parent
_PICTURES = {HARBOUR_PICTURE: "harbour.svg", TIDE_PICTURE: "tide.svg"}


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
    """Open the story's desks in a started newsroom, and serve its pictures there."""
    for path, file in _PICTURES.items():
        newsroom.add_file(path, (_FOLDER / file).read_bytes(), "image/svg+xml")
    return {
        outlet.name: newsroom.open_desk(outlet.path, title=outlet.title, format=outlet.format) for outlet in DESKS
    }


def perform(step: Step, newsroom: Newsroom, desks: Mapping[DeskName, Desk], start: datetime) -> Post:
    """Do one step at its desk and return the post. Ages are counted back from `start`.

    Raises KeyError if the post of a correction or withdrawal is not in the feed.
    """
    desk = desks[step.desk]
    # Readers see the post on another origin, so pictures need absolute URLs.
    html = step.draft.html.replace('src="/', f'src="{newsroom.url("/")}')
    if step.action == "withdraw":
        return desk.withdraw(step.guid)
    if step.action == "correct":
        return desk.correct(step.guid, title=step.draft.title, html=html)
    published = None if step.age is None else start - timedelta(seconds=step.age)
    return desk.publish(replace(step.draft, html=html), guid=step.guid, published=published)
