"""One step of a story: a post that a desk publishes, corrects or withdraws."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Literal, cast

from demo.posts import Draft, Enclosure

Action = Literal["publish", "correct", "withdraw"]
DeskName = Literal["harbour", "city", "football", "weather", "paper", "podcast", "releases", "ferry", "stage"]

BYLINES: dict[str, str] = {
    "harbour": "Quay reporter",
    "city": "Gallery reporter",
    "football": "Touchline reporter",
    "weather": "Duty forecaster",
    "paper": "Features desk",
    "podcast": "Late shift",
    "releases": "Harbour office",
    "ferry": "Ticket window",
    "stage": "Stage door",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An action on the post called `name` of a desk.

    `delay`: seconds to wait before the step. `age`: seconds since publication, for posts that precede the story, else
    None. A correction uses only the title (None: unchanged) and HTML of its draft; a withdrawal uses nothing of it.
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


def load(path: Path) -> Iterator[Step]:
    """Yield the steps of a text file, whose first lines describe its form. Raises ValueError for a malformed step."""
    for paragraph in path.read_text(encoding="utf-8").split("\n\n")[2:]:
        head, *lines = paragraph.splitlines()
        more = dict(line.split(": ", 1) for line in takewhile(lambda line: not line.startswith("<"), lines))
        html = lines[len(more) :]
        name, title, tags, author, age = (*head.split(" | "), "", "", "", "")[:5]
        action, _, address = name.partition(" ")
        desk, _, name = address.partition("/")
        draft = Draft()
        if action != "withdraw":
            draft = Draft(title=title or None, html=" ".join(html))
        if action == "publish":
            draft = Draft(
                title=draft.title,
                html=draft.html,
                author=author or BYLINES[desk],
                categories=tuple(tag for tag in tags.split(", ") if tag),
                summary=more.get("summary"),
                image=more.get("image"),
                enclosure=Enclosure(url=more["audio"], mime_type="audio/wav") if "audio" in more else None,
            )
        yield Step(
            action=cast("Action", action),
            desk=cast("DeskName", desk),
            name=name,
            draft=draft,
            age=float(age) * 60 if age else None,
        )
