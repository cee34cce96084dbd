"""One step of a story: a post that a desk publishes, corrects or withdraws."""

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
    """An action on the post called `name` of a desk.

    `delay`: seconds to wait before the step. `age`: seconds since publication, for posts that precede the story, else
    None. A correction uses only the title and HTML of its draft; a withdrawal uses nothing of it.
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
    """A step that publishes a post. Line breaks in `html` become spaces."""
    draft = Draft(title=title, html=_one_line(html), author=by or BYLINES[desk], categories=tags)
    age = None if minutes_ago is None else minutes_ago * 60
    return Step(action="publish", desk=desk, name=name, draft=draft, age=age)


def correct(desk: DeskName, name: str, title: str | None, html: str) -> Step:
    """A step that changes a post's HTML, and its title unless that is None."""
    return Step(action="correct", desk=desk, name=name, draft=Draft(title=title, html=_one_line(html)))


def withdraw(desk: DeskName, name: str) -> Step:
    """A step that withdraws a post."""
    return Step(action="withdraw", desk=desk, name=name)


def _one_line(html: str) -> str:
    return " ".join(html.split())
