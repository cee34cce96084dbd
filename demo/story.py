"""The rhythm of the demo: an evening in Port Elsewhere, then the night after it, for as long as anybody watches."""

import random
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, count

from demo.material import BEFORE, EVENING, HARBOUR_PICTURE, TIDE_PICTURE
from demo.newsroom import Desk, Format, Newsroom, Post
from demo.pictures import harbour_at_dusk, tide_tonight
from demo.steps import DeskName, Step
from demo.variations import NightDesk

__all__ = ["DESKS", "Outlet", "Step", "open_desks", "perform", "story"]

_DELAY = (2.0, 6.0)  # seconds from one step to the next
_CORRECT_EVERY = 5  # steps
_SLIP_EVERY = 40  # steps
_CORRECTABLE = 6  # posts: whatever is older stays wrong


@dataclass(frozen=True, slots=True)
class Outlet:
    """A desk of the story: what its feed is called, where it is and which format it has."""

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


def story(seed: int = 0) -> Iterator[Step]:
    """The steps of the story, without end: the same ones for the same seed.

    First come the posts that are there already, with their age and without a delay; then the evening as written,
    then variations, 2 to 6 seconds from one step to the next. Now and then something slips out that was never meant
    to be published, and is withdrawn two steps later.
    """
    rng = random.Random(seed)
    yield from BEFORE
    for step in chain(EVENING, _night(NightDesk(rng))):
        yield _paced(step, rng)


def open_desks(newsroom: Newsroom) -> dict[DeskName, Desk]:
    """Open the story's desks in a newsroom that was started, and hang its pictures there."""
    newsroom.add_file(HARBOUR_PICTURE, harbour_at_dusk(), "image/png")
    newsroom.add_file(TIDE_PICTURE, tide_tonight(), "image/png")
    return {
        outlet.name: newsroom.open_desk(outlet.path, title=outlet.title, format=outlet.format) for outlet in DESKS
    }


def perform(step: Step, newsroom: Newsroom, desks: Mapping[DeskName, Desk], start: datetime) -> Post:
    """Do one step at its desk, at once, and return the post. `start` is when the story began: ages count from it.

    Raises KeyError where a correction or withdrawal comes without its post.
    """
    desk = desks[step.desk]
    # Feeds are read far from here: pictures are named by their full URL.
    html = step.draft.html.replace('src="/', f'src="{newsroom.url("/")}')
    if step.action == "withdraw":
        return desk.withdraw(step.guid)
    if step.action == "correct":
        return desk.correct(step.guid, title=step.draft.title, html=html)
    published = None if step.age is None else start - timedelta(seconds=step.age)
    return desk.publish(replace(step.draft, html=html), guid=step.guid, published=published)


def _paced(step: Step, rng: random.Random) -> Step:
    return replace(step, delay=round(rng.uniform(*_DELAY), 1))


def _night(desk: NightDesk) -> Iterator[Step]:
    """Reports, and now and then a correction, or a slip and its withdrawal."""
    corrections: deque[Step] = deque(maxlen=_CORRECTABLE)
    slip: tuple[Step, Step] | None = None
    for number in count(1):
        if number % _CORRECT_EVERY == 0 and corrections:
            yield corrections.popleft()
        elif number % _SLIP_EVERY == 1:
            slip = desk.slip()
            yield slip[0]
        elif slip is not None and number % _SLIP_EVERY == 3:
            yield slip[1]
        else:
            report = desk.report()
            if report.correction is not None:
                corrections.append(report.correction)
            yield report.post
