"""Documents of a blog for the tests of this folder, and their parts."""

from __future__ import annotations

from typing import Any, Final
from xml.etree import ElementTree

from config import Blog, Config, Server
from entries import Attachment, AuthorPage, Details, dump
from pages.feeds_out.document import BlogFacts, Feed
from pages.feeds_out.links import Form, Links
from pages.feeds_out.render import write, written
from tests.timeline.drafts import NOW, entry

SITE: Final = "https://live.example.org/live"
LATER: Final = NOW + 100
NAMES: Final = {
    "a": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "media": "http://search.yahoo.com/mrss/",
}
DETAILS: Final = Details(
    comments={"url": "https://example.org/a#comments", "count": 3},
    picture={"caption": "The <tide>", "credit": "A. Photographer"},
    original={"title": "Original", "url": "https://original.example/"},
    episode={"season": 2, "number": 14},
    place={"name": "Harbour", "latitude": 53.55, "longitude": -9.99},
    external_url="https://elsewhere.example/",
    authors={"B. Writer": AuthorPage("https://example.org/b", "https://example.org/b.png")},
    via=("nearest", "first"),
)
FILES: Final = (
    Attachment("https://example.org/a.mp3", "audio/mpeg", 54_919_661, 6849, 'The "first" part'),
    Attachment("https://example.org/b.mp3", "audio/mpeg", None, 60),
    Attachment("https://example.org/c", ""),
)


def blog(**more: Any) -> Blog:
    return Blog(slug="blog", title="News & <b>more</b>", **more)


def config(one: Blog | None = None, *, public_url: str | None = SITE) -> Config:
    return Config(server=Server(public_url=public_url), blogs=(one or blog(),))


def item(
    name: str = "abc", title: str = "", *, revision: int = 1, corrected: float | None = None, **more: Any
) -> str:
    """An item as it is stored."""
    made = entry(name, title, **more)
    at = None if corrected is None else int(corrected * 1_000_000)
    return dump(made.item(id=name, position=made.position, seen=made.seen, revision=revision, corrected=at))


def document(form: Form, *items: str, of: Blog | None = None, before: str | None = None, **more: Any) -> str:
    """The document of some items."""
    one = of or blog()
    links = Links.of(config(one), one, form, site_url=SITE, before=before)
    entries = list(written(form, items))
    return write(form, Feed(blog=BlogFacts.of(one, SITE), links=links, entries=entries, **more))


def atom(*items: str, **more: Any) -> ElementTree.Element:
    return ElementTree.fromstring(document("xml", *items, **more).encode())


def text(element: ElementTree.Element, path: str) -> str | None:
    """The text of the only element at a path; None if there is none."""
    found = element.findall(path, NAMES)
    assert len(found) <= 1
    return (found[0].text or "") if found else None


def links(element: ElementTree.Element, relation: str) -> list[str]:
    return [link.attrib["href"] for link in element.findall(f"a:link[@rel='{relation}']", NAMES)]
