"""Items of another Livelog (pages/feeds_out), read back: nothing is lost, and nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entries import Attachment, Entry
from feeds.parser import keys
from feeds.parser.document import Document
from pages.feeds_out.links import FORMS, Form
from tests.feeds.documents import json_feed, read
from tests.pages.feeds_out.documents import DETAILS, FILES, SITE, document, item
from tests.timeline.drafts import NOW, entry
from timeline import Withdrawal

READ_FORMS = [form for form in FORMS if form != "txt"]
GUIDS = {"json": "{}", "xml": "urn:livelog:{}"}
MOMENT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SHOWN = (
    "url",
    "title",
    "content_html",
    "summary",
    "image",
    "published",
    "modified",
    "authors",
    "tags",
    "attachments",
)

# Each is text that looks like HTML, or a file that passes for a picture.
FULL: dict[str, Any] = {
    "title": "AT&amp;T &nbsp; <b>bold</b>",
    "url": "https://example.org/a?b=1&c=2",
    "content_html": "One line &amp;\nhttps://example.org/ another",
    "summary": "One line & https://example.org/ <i>another</i> &#65;",
    "image": "https://example.org/a.jpg",
    "published": MOMENT,
    "modified": MOMENT.replace(hour=11),
    "authors": ("B. Writer", "<C> & D"),
    "tags": ("C&amp;A", "a <br> b"),
    "attachments": FILES,
    "details": DETAILS,
    "truncated": True,
}


def key(form: Form, name: str) -> str:
    """The id under which the reader stores an entry."""
    return keys.make_key(f"{SITE}/blog/feed.{form}", GUIDS[form].format(name), None)


def read_back(form: Form, *items: str, **more: Any) -> Document:
    own = f"{SITE}/blog/feed.{form}"
    known = more.pop("known", {})
    return read(document(form, *items, **more).encode(), url=own, base=own, known=known)


def only(form: Form, **of: Any) -> tuple[Entry, Entry]:
    """An entry, and how it is read back."""
    title = of.pop("title", "Title")
    (found,) = read_back(form, item("abc", title, **of)).entries
    assert found.id == key(form, "abc")
    return entry("abc", title, **of), found


@pytest.mark.parametrize("form", READ_FORMS)
def test_all_of_an_item_is_read_back(form: Form) -> None:
    given_, found = only(form, **FULL)
    for name in SHOWN:
        assert getattr(found, name) == getattr(given_, name), name
    assert found.details == replace(DETAILS, via=("abc", *DETAILS.via))
    assert found.truncated


@pytest.mark.parametrize("form", READ_FORMS)
def test_what_an_item_does_not_have_is_not_made_up(form: Form) -> None:
    picture = Attachment("https://example.org/a.png", "image/png")
    given_, found = only(form, attachments=(picture,), published=MOMENT)
    for name in SHOWN:
        assert getattr(found, name) == getattr(given_, name), name


@pytest.mark.parametrize("form", READ_FORMS)
def test_the_source_is_the_blog_and_the_site_that_the_item_is_from_is_kept(form: Form) -> None:
    found = read_back(form, item())
    assert found.title == "News & more", "titles of feeds may be HTML"
    (one,) = found.entries
    assert one.source.title == found.title
    assert one.details.original == {"title": "Example"}


@pytest.mark.parametrize("form", READ_FORMS)
def test_withdrawals_are_read_whatever_the_clocks_say(form: Form) -> None:
    later = MOMENT.replace(year=2030)
    known = read_back(form, item("gone", published=later)).listed
    found = read_back(form, item("other"), known=known, withdrawn=[Withdrawal("gone", NOW)])
    assert found.withdrawn == (key(form, "gone"),)


WRONG = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
PARTS = ("comments", "picture", "original", "episode", "place", "truncated", "via")


@settings(max_examples=30)
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, WRONG)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(("url", "title", "count", "latitude", "longitude"), WRONG)),
)
def test_items_with_values_of_any_type_are_read(about: dict[str, Any], part: dict[str, Any]) -> None:
    source = {"source": {"title": "Example"}}
    for own in ({**about, **source}, {**dict.fromkeys(PARTS, part), **source}):
        read(json_feed({"id": "a", "title": "T", "_livelog": own}, _livelog={"withdrawn": [about, part]}))
