"""One step of a story: something that a desk publishes, corrects or withdraws, and when."""

from dataclasses import dataclass, field
from typing import Literal

from demo.posts import Draft

Action = Literal["publish", "correct", "withdraw"]
DeskName = Literal["harbour", "city", "football", "weather"]

BYLINES: dict[DeskName, str] = {
    "harbour": "Quay reporter",
    "city": "Gallery reporter",
    "football": "Touchline reporter",
    "weather": "Duty forecaster",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What happens to the post called `name` at a desk.

    `delay` is the wait before it, in seconds. `age` is for posts that are there before the story begins: how
    many seconds before; None for the others. A correction uses the title and the HTML of its draft, a
    withdrawal nothing of it.
    """

    action: Action
    desk: DeskName
    name: str
    draft: Draft = field(default_factory=Draft)
    delay: float = 0.0
    age: float | None = None

    @property
    def guid(self) -> str:
        """The post's guid in its feed: a tag URI, the same in every run."""
        return f"tag:port-elsewhere.example,2026:{self.desk}/{self.name}"


def publish(
    desk: DeskName,
    name: str,
    title: str | None,
    html: str,
    *tags: str,
    by: str | None = None,
    minutes_ago: float | None = None,
) -> Step:
    """A step that publishes a post. Line breaks in `html` are only for whoever reads the source."""
    draft = Draft(title=title, html=_one_line(html), author=by or BYLINES[desk], categories=tags)
    age = None if minutes_ago is None else minutes_ago * 60
    return Step(action="publish", desk=desk, name=name, draft=draft, age=age)


def correct(desk: DeskName, name: str, title: str | None, html: str) -> Step:
    """A step that changes a post's title (None: as it was) and HTML."""
    return Step(action="correct", desk=desk, name=name, draft=Draft(title=title, html=_one_line(html)))


def withdraw(desk: DeskName, name: str) -> Step:
    """A step that takes a post back."""
    return Step(action="withdraw", desk=desk, name=name)


def _one_line(html: str) -> str:
    return " ".join(html.split())
