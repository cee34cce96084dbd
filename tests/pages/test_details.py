"""The line of facts below a post, and the caption of its picture."""

from __future__ import annotations

from typing import Any

import pytest

from pages.details import caption, details
from pages.images import lead


def translate(sentence: str) -> str:
    return sentence


def told(about: dict[str, Any], **item: Any) -> list[tuple[str, str | None]]:
    """The facts of an item with this part under `_livelog`."""
    return list(details({**item, "_livelog": about}, translate))


@pytest.mark.parametrize(
    ("comments", "words"),
    [({"count": 12}, "12 comments"), ({"count": 1}, "1 comment"), ({"count": 0}, "Comments"), ({}, "Comments")],
)
def test_comments_are_linked_with_their_number(comments: dict[str, Any], words: str) -> None:
    assert told({"comments": {"url": "https://a.io/c", **comments}}) == [(words, "https://a.io/c")]


def test_comments_that_the_text_leads_to_are_not_linked_again() -> None:
    text = '<a href="https://a.io/c?id=1&amp;x=2">Comments</a>'
    link = "https://a.io/c?id=1&x=2"
    comments = {"url": link}
    assert told({"comments": comments}, content_html=text) == []
    assert told({"comments": {**comments, "count": 3}}, content_html=text) == [("3 comments", link)]
    assert told({"comments": comments, "preview": {"text": "It"}}, content_html=text) == [
        ("Comments", comments["url"])
    ]


@pytest.mark.parametrize(
    ("episode", "words"),
    [({"season": 2, "number": 5}, "S2 E5"), ({"number": 5}, "Episode 5"), ({"season": 2}, "Season 2")],
)
def test_an_episode_has_its_number(episode: dict[str, Any], words: str) -> None:
    assert told({"episode": episode}) == [(words, None)]


MAP = "https://www.openstreetmap.org/?mlat=53.5413&mlon=-9.5000#map=12/53.5413/-9.5000"


@pytest.mark.parametrize(
    ("place", "fact"),
    [
        ({"name": "Old Port"}, ("Old Port", None)),
        ({"name": "Old Port", "latitude": 53.54126, "longitude": -9.5}, ("Old Port", MAP)),
        ({"latitude": 53.54126, "longitude": -9.5}, ("53.5413, -9.5000", MAP)),
    ],
)
def test_a_place_leads_to_a_map(place: dict[str, Any], fact: tuple[str, str | None]) -> None:
    assert told({"place": place}) == [fact]


def test_the_site_that_a_post_is_from_comes_first_and_comments_last() -> None:
    about = {"original": {"title": "Wire", "url": "https://w.io/"}, "comments": {"url": "https://a.io/c", "count": 2}}
    facts = told(about, external_url="https://www.x.io/1", url="https://a.io/1")
    assert facts == [("From Wire", "https://w.io/"), ("x.io", "https://www.x.io/1"), ("2 comments", "https://a.io/c")]


def test_another_page_that_is_the_posts_own_is_not_repeated() -> None:
    assert told({}, external_url="https://a.io/1", url="https://a.io/1") == []


def test_a_picture_above_a_post_has_its_caption_and_credit() -> None:
    item = {"image": "https://a.io/p.jpg", "_livelog": {"picture": {"caption": "A <boat>", "credit": "Ann"}}}
    assert caption(item) == "A <boat> · Ann"
    assert '<figcaption dir="auto">A &lt;boat&gt; · Ann</figcaption></figure>' in lead(item, "lazy", translate)
    assert "figcaption" not in lead({**item, "_livelog": {}}, "lazy", translate)
