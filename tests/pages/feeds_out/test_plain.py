"""The blog as plain text."""

from __future__ import annotations

from tests.pages.feeds_out.documents import SITE, document, item

CONTENT = "<p>The ferry &amp; the tide.</p><ul><li>One</li><li>Two</li></ul>"


def test_posts_have_time_source_headline_address_and_text() -> None:
    text = document("txt", item("a", "First", url="https://example.org/a", content_html=CONTENT), item("b", "Second"))
    assert text == (
        f"News & <b>more</b>\n{SITE}/blog/\n\n----\n\n"
        "2027-01-15 08:00 UTC · Example\nFirst\nhttps://example.org/a\nThe ferry & the tide.\nOne\nTwo\n\n----\n\n"
        "2027-01-15 08:00 UTC · Example\nSecond\n"
    )


def test_a_terminal_is_sent_no_commands() -> None:
    assert "\x9b" not in document("txt", item("a", "First", content_html="<p>\x9b31m &#27;[31m red</p>"))
    assert "\x1b" not in document("txt", item("a", "First", content_html="<p>&#27;[31m red</p>"))
