"""No post is blank: of content that nothing is seen of, the summary or the links are shown, or nothing is kept."""

from __future__ import annotations

from html import escape

import pytest

from feeds.parser.sanitize import is_blank
from tests.feeds.documents import json_feed, only, rss

NOTHING = {
    "line breaks": "<br><br/>",
    "space": "<p>&nbsp;</p>",
    "long space": "<p>&nbsp;</p>" * 200,
    "zero-width": "<p>&#8203;</p>",
    "filler": "<p>\u3164</p>",
    "counter": "<img src='https://c.example/1.gif' width='1' height='1'>",
    "counter of one side": "<img src='https://c.example/1.gif' width='1'>",
    "counter hidden by style": "<img src='https://c.example/1.gif' style='display: none'>",
    "counter small by style": '<img style="border:0;width:1px;height:1px" src="https://c.example/1.gif">',
    "spacer": "<img src='https://c.example/spacer.gif'>",
    "frame": "<iframe></iframe>",
    "frame without address": "<iframe src='about:blank'></iframe>",
    "script": "<script>x()</script><style>p{}</style>",
    "list": "<ul><li></li></ul>",
    "table": "<table><tr><td> </td></tr></table>",
    "line": "<hr>",
    "drawing": "<svg viewBox='0 0 9 9'><path d='M0 0h9'/></svg>",
    "formula": "<math></math>",
    "player": "<video></video>",
    "link to a script": "<a href='javascript:x()'></a>",
    "comment": "<!-- x -->",
}
nothing = pytest.mark.parametrize("markup", NOTHING.values(), ids=NOTHING)


@nothing
def test_content_of_which_nothing_is_seen_is_none(markup: str) -> None:
    entry = only(rss(f"<title>A</title><description>{escape(markup)}</description>"))
    assert entry.content_html == ""


@nothing
def test_the_summary_is_shown_where_nothing_of_the_content_is(markup: str) -> None:
    entry = only(rss(f"<description>The dek</description><content:encoded><![CDATA[{markup}]]></content:encoded>"))
    assert entry.content_html == "The dek"
    assert only(json_feed({"id": "1", "content_html": markup, "summary": "The dek"})).content_html == "<p>The dek</p>"


@pytest.mark.parametrize(
    "inside", ["", " \u200b", "<img src='https://c.example/1.gif' width=1 height=1>", "<b></b>", "<img alt=''>"]
)
def test_links_without_text_are_named_where_there_is_nothing_else(inside: str) -> None:
    markup = f"<p><a href='https://www.example.org/film?a=1&amp;b=2'>{inside}</a></p>"
    entry = only(rss(f"<guid>1</guid><description>{escape(markup)}</description>"))
    assert entry.content_html == (
        '<a href="https://www.example.org/film?a=1&amp;b=2" rel="noopener noreferrer">example.org</a>'
    )


@pytest.mark.parametrize(
    "sanitised",
    [
        "<p>a</p>",
        "1",
        "<p> … </p>",
        "港",
        "<p>&lt;</p>",
        '<a href="https://example.org/"><img src="https://example.org/a.png"></a>',
        '<audio controls="" src="https://example.org/a.mp3"></audio>',
        '<video src="https://example.org/a.mp4"></video>',
        "<p>&nbsp;</p>" * 30 + "<p>👍</p>",
    ],
)
def test_content_of_which_anything_is_seen_is_not_blank(sanitised: str) -> None:
    assert not is_blank(sanitised)


@pytest.mark.parametrize("frame", ["<iframe srcdoc='{}'></iframe>", "<p>See:</p><iframe srcdoc='{}'></iframe>"])
def test_a_frame_whose_content_is_an_attribute_leaves_it(frame: str) -> None:
    markup = frame.format(escape("<p>The <b>table</b></p><script>x()</script>"))
    content = only(rss(f"<description>{escape(markup)}</description>")).content_html
    assert content.endswith("<p>The <b>table</b></p>")
