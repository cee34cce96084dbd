"""A blog as static HTML, which needs neither a server nor a script, and all its posts as JSON Feed.

    index.html, page-2.html …     newest first; a post is at #e-ID of its page
    entries.json                  all posts as one JSON Feed
    livelog.css, export.css, theme.css, logo.*, favicon.svg

Posts are rendered from the templates of the live pages. Images stay where their publishers have them.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from tornado import locale, template
from tornado.locale import Locale

from config import Blog
from entries import dump
from pages import language
from pages.bundle import compact
from pages.item import day, helpers
from pages.item import name as name_of
from pages.shown_at import shown_at
from pages.theme import Theme
from timeline import Timeline

PAGE_POSTS: Final = 200

MAX_KEY_EVENTS: Final = 500
"""Key events that the first page links to."""

POLICY: Final = "script-src 'none'; object-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'none'"
"""Beside the sanitised HTML. It leaves style sheets and images alone: 'self' means nothing in a file."""

_ROOT: Final = Path(__file__).resolve().parent.parent

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ExportedPage:
    """One file of posts: its number from 1, the ``before`` of its posts, and the days of its ends."""

    number: int
    before: str | None
    newest: str
    oldest: str

    @property
    def address(self) -> str:
        """The name of the file."""
        return "index.html" if self.number == 1 else f"page-{self.number}.html"


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A link to a post with the blog's tag of key events."""

    address: str
    shown_at: str
    title: str


@dataclass
class _Plan:
    """The pages to write, and the key events on them."""

    pages: list[ExportedPage] = field(default_factory=list)
    key_events: list[KeyEvent] = field(default_factory=list)
    posts: int = 0


async def export(timeline: Timeline, blog: Blog, folder: Path, home: str | None) -> int:
    """Writes a blog to an empty folder; returns the number of posts. Raises TimelineError and OSError.

    ``home`` is the URL of the live blog, for the JSON Feed. The timeline must not change meanwhile.
    """
    plan = await _plan(timeline, blog)
    render = _Renderer(blog, plan)
    render.write_assets(folder)
    with (folder / "entries.json").open("w", encoding="utf-8") as feed:
        feed.write(f"{_feed_head(blog, home)}[")
        separator = "\n"
        for page in plan.pages:
            texts = (await timeline.page(blog.slug, page.before, PAGE_POSTS)).items
            for text in texts:
                feed.write(separator + text)
                separator = ",\n"
            items = [json.loads(text) for text in texts]
            formers = {item["id"]: await _former(timeline, blog, item) for item in items}
            (folder / page.address).write_bytes(render.page(page, items, formers))
        feed.write("\n]}\n")
    return plan.posts


async def _plan(timeline: Timeline, blog: Blog) -> _Plan:
    plan = _Plan()
    async for before, texts in _pages(timeline, blog):
        number = len(plan.pages) + 1
        ends = [json.loads(text)["_livelog"]["position"] for text in (*texts[:1], *texts[-1:])]
        newest, oldest = ends or ("", "")
        page = ExportedPage(number, before, newest, oldest)
        plan.pages.append(page)
        plan.posts += len(texts)
        plan.key_events += [
            KeyEvent(f"{page.address if number > 1 else ''}#e-{item['id']}", shown_at(item), name_of(item))
            for item in _tagged(texts, blog.key_events)
        ]
    del plan.key_events[MAX_KEY_EVENTS:]
    return plan


async def _pages(timeline: Timeline, blog: Blog) -> AsyncGenerator[tuple[str | None, Sequence[str]], None]:
    """The ``before`` and the posts of each page; one page without posts for an empty blog."""
    before = None
    while True:
        page = await timeline.page(blog.slug, before, PAGE_POSTS)
        yield before, page.items
        before = page.older
        if before is None:
            return


def _tagged(texts: Sequence[str], tag: str | None) -> Iterator[Item]:
    if tag is None:
        return
    for text in texts:
        if dump(tag) in text:
            item = json.loads(text)
            if tag in item.get("tags", ()):
                yield item


async def _former(timeline: Timeline, blog: Blog, item: Item) -> Item | None:
    """A corrected post as it was before."""
    text = await timeline.previous(blog.slug, item["id"]) if item["_livelog"].get("corrected") else None
    return json.loads(text) if text else None


def _feed_head(blog: Blog, home: str | None) -> str:
    head = {"version": "https://jsonfeed.org/version/1.1", "title": blog.title}
    return dump({**head, **({"home_page_url": home} if home else {})})[:-1] + ',"items":'


class _Renderer:
    """Renders the pages of one blog."""

    def __init__(self, blog: Blog, plan: _Plan) -> None:
        language.load()
        self._blog = blog
        self._theme = Theme.of(blog)
        self._locale: Locale = language.named(blog.language) or locale.get("en")
        self._logo = f"logo{blog.logo.suffix.lower()}" if blog.logo else None
        loader = template.Loader(str(_ROOT / "templates"))
        self._page, self._entry = loader.load("export.html"), loader.load("entry.html")
        code = language.language(self._locale).code
        self._date = partial(day, code=code)
        self._names: dict[str, Any] = {
            **helpers(self._locale),
            "_": self._locale.translate,
            "language": language.language(self._locale),
            "blog": blog,
            "theme": self._theme,
            "logo": self._logo,
            "view": None,
            "current": None,
            "is_export": True,
            "prefix": "",
            "policy": POLICY,
            "pages": plan.pages,
            "key_events": plan.key_events,
            "days": _days,
            "date": self._date,
            "span": partial(_span, code=code),
            "exported": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def write_assets(self, folder: Path) -> None:
        """Writes the style sheets, the logo and the icon. Raises OSError."""
        static = _ROOT / "static"
        for name in ("livelog.css", "export.css", "favicon.svg"):
            (folder / name).write_text(compact((static / name).read_text(encoding="utf-8")), encoding="utf-8")
        if self._theme.css:
            (folder / "theme.css").write_bytes(self._theme.css.data)
        if self._theme.logo and self._logo:
            (folder / self._logo).write_bytes(self._theme.logo.data)

    def page(self, page: ExportedPage, items: Sequence[Item], formers: Mapping[str, Item | None]) -> bytes:
        """One file."""
        posts, last_day = [], None
        for item in items:
            own_day = self._date(item["_livelog"]["position"])
            names = {**self._names, "item": item, "former": formers[item["id"]], "own_day": own_day}
            posts.append(self._entry.generate(**names, starts_day=own_day != last_day))
            last_day = own_day
        return self._page.generate(**self._names, number=page.number, items=items, posts=posts)


def _days(items: Sequence[Item]) -> list[tuple[str, str]]:
    """Position and id of the newest item of each day (UTC). Empty if there is but one day."""
    found: dict[str, tuple[str, str]] = {}
    for item in items:
        position = item["_livelog"]["position"]
        found.setdefault(position[:10], (position, item["id"]))
    return list(found.values()) if len(found) > 1 else []


def _span(page: ExportedPage, code: str) -> str:
    """The days of a page: 25 November 2026 – 26 November 2026."""
    return " – ".join(dict.fromkeys((day(page.oldest, code), day(page.newest, code))))
