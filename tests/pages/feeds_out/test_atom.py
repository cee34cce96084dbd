"""The blog as Atom: RFC 4287, RFC 5005 and RFC 6721."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from entries import AuthorPage, Details
from pages.feeds_out import atom as written
from tests.pages.feeds_out.documents import LATER, NAMES, SITE, atom, blog, document, item, links, text
from tests.timeline.drafts import NOW
from timeline import Withdrawal

PUBLISHED = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
MODIFIED = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
SEEN = "2027-01-15T08:00:00.000000Z"


def updated(**of: Any) -> str | None:
    return text(atom(item(**of)), "a:entry/a:updated")


def test_a_document_names_itself_its_page_and_its_hub_once() -> None:
    feed = atom(item())
    assert links(feed, "self") == [f"{SITE}/blog/feed.xml"]
    assert links(feed, "alternate") == [f"{SITE}/blog/"]
    assert links(feed, "hub") == [f"{SITE}/hub"]
    assert document("xml", item()).count('rel="self"') == 1
    assert text(feed, "a:id") == f"{SITE}/blog/feed.xml"
    assert text(feed, "a:title") == text(feed, "a:author/a:name") == "News & <b>more</b>"


def test_older_documents_keep_the_id_and_lead_back() -> None:
    feed = atom(item(), before="1-abc")
    assert text(feed, "a:id") == f"{SITE}/blog/feed.xml"
    assert links(feed, "self") == [f"{SITE}/blog/feed.xml?before=1-abc"]
    assert links(feed, "first") == [f"{SITE}/blog/feed.xml"]
    assert links(feed, "hub") == [], "an older document is no topic"


def test_an_entry_has_what_its_item_has() -> None:
    one = atom(
        item(
            "abc",
            "A & <b>",
            url="https://example.org/a?b=1&c=2",
            content_html="<p>Text &amp; more</p>",
            summary="In short",
            published=PUBLISHED,
            tags=('"ferries"', "tide\ntable"),
            authors=("B. Writer",),
            details=Details(authors={"B. Writer": AuthorPage("https://example.org/b")}),
            image="https://example.org/a.jpg",
        )
    ).find("a:entry", NAMES)
    assert one is not None
    assert text(one, "a:id") == "urn:livelog:abc"
    assert text(one, "a:title") == "A & <b>"
    assert links(one, "alternate") == ["https://example.org/a?b=1&c=2"]
    assert text(one, "a:content[@type='html']") == "<p>Text &amp; more</p>"
    assert text(one, "a:summary") == "In short"
    assert text(one, "a:published") == "2026-11-20T10:00:00Z"
    assert [tag.attrib["term"] for tag in one.findall("a:category", NAMES)] == ['"ferries"', "tide\ntable"]
    assert text(one, "a:author/a:name") == "B. Writer"
    assert text(one, "a:author/a:uri") == "https://example.org/b"
    assert text(one, "a:source/a:title") == "Example"
    assert text(one, "a:source/a:id") == "https://example.org/feed.xml"


def test_the_source_is_the_author_of_an_entry_that_names_none() -> None:
    assert text(atom(item()), "a:entry/a:source/a:author/a:name") == "Example"
    assert text(atom(item()), "a:entry/a:author/a:name") is None


def test_updated_is_the_last_change_that_readers_are_to_notice() -> None:
    assert updated() == SEEN
    assert updated(published=PUBLISHED) == "2026-11-20T10:00:00Z"
    assert updated(published=PUBLISHED, modified=MODIFIED) == "2026-11-21T10:00:00Z"
    assert updated(modified=MODIFIED, revision=2, corrected=LATER) == "2027-01-15T08:01:40.000000Z"
    assert updated(modified=MODIFIED, revision=2) == SEEN, "listed again: after its tombstone"


def test_the_feed_is_updated_with_its_newest_change() -> None:
    entries = item("a", published=PUBLISHED), item("b", revision=2, corrected=LATER)
    assert text(atom(*entries), "a:updated") == "2027-01-15T08:01:40.000000Z"
    gone = [Withdrawal("c", LATER + 1), Withdrawal("d", NOW)]
    assert text(atom(*entries, withdrawn=gone), "a:updated") == "2027-01-15T08:01:41.000000Z"
    assert text(atom(), "a:updated") == written.NEVER


def test_withdrawn_entries_are_tombstones() -> None:
    (gone,) = atom(item(), withdrawn=[Withdrawal("gone", NOW)]).findall("at:deleted-entry", NAMES)
    assert gone.attrib == {"ref": "urn:livelog:gone", "when": SEEN}


def test_characters_that_xml_forbids_are_left_out() -> None:
    hostile = "a\x00\x0b\x1b\ud800\uffff]]>\U0001f600\r"
    one = atom(item("abc", hostile, content_html=hostile, tags=(hostile,)))
    assert text(one, "a:entry/a:title") == text(one, "a:entry/a:content") == "a]]>\U0001f600\r"


def test_the_blogs_language_and_logo_are_in_the_head(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>", encoding="utf-8")
    feed = atom(of=blog(language="zh").model_copy(update={"logo": tmp_path / "logo.svg"}))
    assert feed.attrib == {"{http://www.w3.org/XML/1998/namespace}lang": "zh-CN"}
    assert text(feed, "a:logo") == text(feed, "a:icon") == f"{SITE}/blog/logo"
