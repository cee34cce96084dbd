"""plain_text.py: line breaks and addresses of plain text."""

from __future__ import annotations

import time

import pytest

from feeds.parser.plain_text import text_as_html
from tests.feeds.documents import atom, only, rss

WRAPPED = """It was a long evening at the harbour, and nobody on the quay expected
the ferry to leave before the storm had passed the lighthouse and the
bells had been rung."""

LINK = '<a href="https://example.org/t">https://example.org/t</a>'


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("One line", "One line"),
        ("\n  One line\n", "\n  One line\n"),
        ("First\n\nTickets: here\n00:00 Start", "<p>First</p><p>Tickets: here<br>00:00 Start</p>"),
        ("First\r\nSecond\rThird", "<p>First<br>Second<br>Third</p>"),
        ("I <3 it\nYou too", "<p>I <3 it<br>You too</p>"),
        (WRAPPED, f"<p>{' '.join(WRAPPED.splitlines())}</p>"),
        ("a <b>bold</b>\nline", "a <b>bold</b>\nline"),
        ("<p>one\ntwo</p>", "<p>one\ntwo</p>"),
    ],
)
def test_line_breaks_of_text_are_kept(text: str, markup: str) -> None:
    assert text_as_html(text) == markup


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("See https://example.org/t", f"See {LINK}"),
        ("See https://example.org/t. Or not", f"See {LINK}. Or not"),
        ("(https://example.org/t)", f"({LINK})"),
        ("(see https://example.org/t), or", f"(see {LINK}), or"),
        ("“https://example.org/t”", f"“{LINK}”"),
        ("详见https://example.org/t。", f"详见{LINK}。"),
        ("&lt;https://example.org/t&gt;", f"&lt;{LINK}&gt;"),
        ("<p>https://example.org/t</p>", f"<p>{LINK}</p>"),
        ('<p title="https://example.org/t">x</p>', '<p title="https://example.org/t">x</p>'),
        ("<a href='/x'>https://example.org/t</a>", "<a href='/x'>https://example.org/t</a>"),
        ("ftp://example.org javascript://x", "ftp://example.org javascript://x"),
    ],
)
def test_addresses_of_text_become_links(text: str, markup: str) -> None:
    assert text_as_html(text) == markup


def test_an_address_keeps_its_own_parentheses_and_parameters() -> None:
    address = "https://example.org/wiki/Tide_(sea)?a=1&amp;b=2"
    assert text_as_html(f"{address},") == f'<a href="{address}">{address}</a>,'


def test_hostile_text_takes_no_time() -> None:
    began = time.process_time()
    for text in ("https://x" + ")" * 60_000, "<" * 60_000, "\n \n" * 20_000, "https://" * 8_000, "a\n" * 30_000):
        text_as_html(text)
    assert time.process_time() - began < 2


def test_a_description_of_media_rss_keeps_its_lines() -> None:
    markup = "First line\n\nTickets: https://club.example/t\n00:00 Start"
    entry = only(
        atom(
            f"<id>1</id><title>t</title><media:group><media:description>{markup}</media:description></media:group>",
            feed="<title>f</title>",
        ).replace(b"<feed ", b'<feed xmlns:media="http://search.yahoo.com/mrss/" ')
    )
    assert entry.content_html.startswith('<p>First line</p><p>Tickets: <a href="https://club.example/t" rel=')
    assert entry.content_html.endswith("<br>00:00 Start</p>")


def test_an_address_cannot_leave_its_attribute() -> None:
    assert text_as_html('https://example.org/t"onclick="x') == f'{LINK}"onclick="x'
    entry = only(rss("<title>t</title><description>one\nhttps://example.org/t' onclick='x</description>"))
    assert "onclick='x</p>" in entry.content_html
    assert " onclick=" not in entry.content_html.partition("</a>")[0]
