"""identity.py: keys, marks, tombstones, and entries whose guids changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.parser.document import Document
from feeds.parser.identity import MIN_TO_COMPARE
from feeds.parser.keys import make_key, make_path_key
from feeds.parser.link_keys import Homes
from feedstate import Mark, Marks
from tests.feeds.documents import atom, json_feed, read, rss

FEED = "https://example.org/feed.xml"
NOON = 1_767_268_800
"""2026-01-01T12:00:00Z"""


def item(guid: object, link: str | None = None, *, title: str = "", more: str = "") -> str:
    """The inside of an item."""
    at = f"<link>{link}</link>" if link else ""
    named = f"<guid isPermaLink='false'>{guid}</guid>" if guid is not None else ""
    return f"{named}<title>{title or f'Title of {guid}'}</title>{at}{more}"


def items(numbers: Iterable[int], *, guid: str = "{}", link: str = "/{}") -> list[str]:
    """Items of these numbers, which stand in their guids and links."""
    return [item(guid.format(n), link.format(n), title=f"Title {n}") for n in numbers]


def shared(one: Document, other: Document) -> list[set[str]]:
    """The keys that each entry of a document has in common with an entry of another."""
    theirs = {key for entry in other.entries for key in entry.keys}
    return [set(entry.keys) & theirs for entry in one.entries]


# Keys


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("https://example.org/1", None), ("http://example.org/1", None), True),
        (("https://example.org/1", "/a"), ("https://example.org/1", "/b", "text"), True),
        (("https://example.org/1", None), ("https://example.org/2", None), False),
        (("https://example.org/1", None), ("https://EXAMPLE.org/1", None), False),
        (("1", None), ("2", None), False),
        ((None, "/a", "title"), (None, "/a", "another"), True),
        ((None, "/a"), (None, "/b"), False),
        ((None, "http://example.org/a"), (None, "https://example.org/a"), True),
        ((None, "https://example.org/a?utm_source=rss&utm_campaign=a"), (None, "https://example.org/a"), True),
        ((None, "https://example.org/a?id=1&fbclid=x"), (None, "https://example.org/a?gclid=y&id=1"), True),
        ((None, "https://example.org/a?at_medium=RSS#xtor=RSS-1"), (None, "https://example.org/a"), True),
        ((None, "https://example.org/a?id=1"), (None, "https://example.org/a?id=2"), False),
        ((None, "https://example.org/a#1"), (None, "https://example.org/a#2"), False),
        ((None, "https://example.org/a?ref=rss"), (None, "https://example.org/a?ref=home"), False),
        (("https://example.org/1?utm_source=x", None), ("http://example.org/1?utm_source=y", None), True),
        (("1?utm_source=x", None), ("1?utm_source=y", None), False),
        (("", "/a"), (None, "/a"), True),
        (("/a", None), (None, "/a"), False),
        ((None, None, "title", "text"), (None, "", "title", "text"), True),
        ((None, None, "title", "text"), (None, None, "title", "other"), False),
        ((None, None, "ab", "c"), (None, None, "a", "bc"), False),
        ((None, None, None, "text"), (None, None, "", "text"), True),
        ((None, None, "\ud800"), (None, None, "\ud801"), False),
    ],
)
def test_an_entry_is_its_guid_else_its_link_else_its_text(one: Any, other: Any, *, same: bool) -> None:
    assert (make_key(FEED, *one) == make_key(FEED, *other)) is same


def test_entries_of_different_feeds_are_different() -> None:
    assert make_key(FEED, "1", None) != make_key("https://example.org/other.xml", "1", None)


@given(st.text(), st.text(), st.text())
def test_an_identity_can_stand_in_a_url(guid: str, link: str, text: str) -> None:
    key = make_key(FEED, guid, link, text)
    assert key.isascii()
    assert key.isalnum()
    assert len(key) == 16


# Keys without the host


def path_key(address: str, *site: str) -> str | None:
    return make_path_key(FEED, address, Homes(site or ("https://old.example/", "https://new.example/")))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://old.example/posts/1", "https://new.example/posts/1"),
        ("http://old.example/?p=1", "https://new.example/?p=1"),
        ("tag:old.example,2026:/posts/1", "tag:new.example,2026:/posts/1"),
        ("https://old.example:8080/a#b", "https://new.example/a#b"),
        ("https://old.example/a?utm_source=x", "https://new.example/a"),
    ],
)
def test_an_entry_keeps_its_alias_when_its_site_moves_to_another_host(before: str, after: str) -> None:
    assert path_key(before) == path_key(after) is not None


@pytest.mark.parametrize(
    ("address", "site", "has"),
    [
        ("https://a.example/1", "https://a.example/", True),
        ("https://www.a.example/1", "https://a.example/", True),
        ("https://blog.a.example/1", "https://a.example/", True),
        ("https://b.example/?p=1", "https://a.example/", False),
        ("tag:a.example,2026:1", "https://a.example/", True),
        ("tag:b.example,2026:1", "https://a.example/", False),
        ("https://a.example/", "https://a.example/", False),
        ("http://[", "https://a.example/", False),
    ],
)
def test_only_addresses_of_the_feeds_own_site_have_a_key_without_host(address: str, site: str, *, has: bool) -> None:
    assert (path_key(address, site) is not None) is has


def test_an_alias_is_no_key_of_another_kind() -> None:
    alias = path_key("https://a.example/1", "https://a.example/")
    assert alias not in (make_key(FEED, "/1", None), make_key(FEED, None, "/1"), make_key(FEED, None, None, "/1"))


# Entries that share a name


@pytest.mark.parametrize(
    ("listed", "count"),
    [
        ([item("1", "/a", title="x"), item("1", "/b", title="y")], 2),
        ([item("1", "/a", title="x"), item("1", "/b", title="x")], 2),
        ([item("1", "/a", title="x"), item("1", "/a", title="y")], 1),
        ([item("1", "/a", title="x"), item("1", title="y")], 1),
        ([item("1", "http://example.org/a"), item("1", "https://example.org/a")], 1),
        ([item("1", "/", title="x"), item("1", "/", title="y"), item("1", "/", title="z")], 3),
        ([item("1", "/", title="x"), item("1", "/", title="y"), item("1", "/", title="x")], 1),
        ([item(None, "/", title="x"), item(None, "/", title="y")], 2),
        ([item(None, "/", title="x"), item(None, "/", title="x")], 1),
        ([item(None, title="x"), item(None, title="x")], 1),
    ],
    ids=[
        "one guid, other links and titles",
        "one guid, other links",
        "one guid and link, an edited title",
        "one guid, a link in one of two versions",
        "one guid, links over http and https",
        "one guid and link for all, three titles",
        "one guid and link, three versions, two titles",
        "no guids, one link, two titles",
        "no guids, one link, one title",
        "the same text twice",
    ],
)
def test_entries_that_share_a_name_are_told_apart_by_link_or_title(listed: list[str], count: int) -> None:
    document = read(rss(*listed))
    assert len(document.entries) == len(document.listed) == count
    assert not read(rss(*listed), known=document.listed).entries
    again = read(rss(item("9", "/9"), *listed), known=document.listed)
    assert len(again.entries) == 1, "they are the same in the next document"


def test_a_blank_guid_is_none() -> None:
    listed = [f"<guid>{blank}</guid><title>t</title><link>/{n}</link>" for n, blank in enumerate(["", " ", "\n"])]
    assert len(read(rss(*listed)).listed) == 3
    assert [one.id for one in read(rss(listed[0])).entries] == [one.id for one in read(rss(item(None, "/0"))).entries]


# A guid that changes, and still names the same entry


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("http://example.org/1", "https://example.org/1"),
        ("https://old.example/?p=1", "https://new.example/?p=1"),
        ("https://example.org/1#0", "https://example.org/1#3"),
        ("https://example.org/1#0", "http://example.org/1#3"),
        ("https://example.org/1", "https://example.org/1#0"),
    ],
)
@pytest.mark.parametrize("link", ["https://example.org/1", "https://example.org/1?at_medium=RSS&amp;x=y#top"])
def test_an_entry_keeps_a_key_when_its_guid_changes(before: str, after: str, link: str) -> None:
    first, second = read(rss(item(before, link, title="t"))), read(rss(item(after, link, title="t")))
    assert shared(second, first) != [set()]
    assert second.entries[0].digest == first.entries[0].digest, "it is no correction"


@pytest.mark.parametrize(
    ("before", "after", "link"),
    [
        ("https://example.org/1#0", "https://example.org/1#3", "https://example.org/other"),
        ("https://example.org/1#0", "https://example.org/1#3", None),
        ("https://example.org/1#a", "https://example.org/1#b", "https://example.org/1"),
        ("https://example.org/1#0", "https://example.org/2#0", "https://example.org/1"),
        ("story#0", "story#3", "story"),
    ],
)
def test_a_guid_with_another_number_is_another_entry_where_its_page_is_not_known(
    before: str, after: str, link: str | None
) -> None:
    first, second = read(rss(item(before, link))), read(rss(item(after, link)))
    assert shared(second, first) == [set()]


@pytest.mark.parametrize("other", ["https://example.org/1#1", "https://example.org/1"])
def test_entries_that_differ_in_a_number_only_are_several_where_a_document_lists_several(other: str) -> None:
    link = "https://example.org/1"
    document = read(rss(item("https://example.org/1#0", link), item(other, link)))
    keys = [key for entry in document.entries for key in entry.keys]
    assert len(document.entries) == 2
    assert len(keys) == len(set(keys))


# Marks


@pytest.mark.parametrize(
    ("dates", "dated"),
    [
        ("", 0),
        ("<published>2026-01-01T12:00:00Z</published>", NOON),
        ("<updated>2026-01-01T12:00:00.7Z</updated>", NOON),
        ("<published>2026-01-01T12:00:00Z</published><updated>2026-02-01T12:00:00Z</updated>", NOON),
        ("<published>1732-01-01T00:00:00Z</published>", 0),
        ("<published>1732-01-01T00:00:00Z</published><updated>2026-01-01T12:00:00Z</updated>", NOON),
        ("<published>yesterday</published>", 0),
    ],
)
def test_a_mark_has_the_date_of_its_entry(dates: str, dated: int) -> None:
    (mark,) = read(atom(f"<id>1</id><title>t</title>{dates}")).listed.values()
    assert mark.dated == dated
    assert isinstance(mark.dated, int)


def link_of(link: str, site: str = "https://example.org/") -> str:
    """The link that is remembered of the only entry of a document."""
    (mark,) = read(rss(item("1", link), channel=f"<title>t</title><link>{site}</link>")).listed.values()
    return mark.link


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("https://example.org/1",), ("http://example.org/1",), True),
        (("https://example.org/1",), ("/1",), True),
        (("https://example.org/1",), ("https://www.example.org/1",), True),
        (("https://old.example/1", "https://old.example/"), ("https://new.example/1", "https://new.example/"), True),
        (("https://old.example/1",), ("https://new.example/1",), False),
        (("https://example.org/1",), ("https://example.org/2",), False),
        (("https://example.org/1",), ("https://example.org/1?a=b",), False),
    ],
)
def test_a_mark_has_the_link_of_its_entry_wherever_the_site_is(
    one: tuple[str, ...], other: tuple[str, ...], *, same: bool
) -> None:
    assert (link_of(*one) == link_of(*other)) is same


def test_a_mark_has_no_link_that_another_entry_has_too() -> None:
    document = read(rss(item("1", "/a"), item("2", "/a"), item("3", "/b"), item("4"), item("5", "javascript:x")))
    assert [bool(mark.link) for mark in document.listed.values()] == [False, False, True, False, False]


def test_marks_are_the_same_for_json() -> None:
    fields = {"id": "1", "title": "t", "url": "/1", "date_published": "2026-01-01T12:00:00Z"}
    (mark,) = read(json_feed(fields, home_page_url="https://example.org/")).listed.values()
    assert (mark.dated, mark.link) == (NOON, link_of("/1"))


# Tombstones

AT = 'xmlns:at="http://purl.org/atompub/tombstones/1.0"'


def stone(guid: str, when: str = "2026-01-01T12:00:00Z", *, inside: str = "") -> str:
    """A tombstone."""
    return f'<at:deleted-entry {AT} ref="{guid}" when="{when}">{inside}</at:deleted-entry>'


def entry(guid: str, updated: str = "") -> str:
    """The inside of an entry."""
    return f"<id>{guid}</id><title>{guid}</title>" + (f"<updated>{updated}</updated>" if updated else "")


def buried(*stones: str, entries: Iterable[str] = (), known: Marks | None = None) -> Document:
    """A document of tombstones and entries."""
    return read(atom(*entries, feed=f"<title>News</title>{''.join(stones)}"), known=known or Marks())


@pytest.mark.parametrize("guid", ["tag:example.org,2026:1", "https://example.org/1", "http://example.org/1"])
def test_a_tombstone_withdraws_its_entry(guid: str) -> None:
    (before,) = read(atom(entry(guid))).entries
    document = buried(stone(guid.replace("http:", "https:")), entries=[entry("2")])
    assert document.withdrawn == (before.id,)
    assert [one.title for one in document.entries] == ["2"]


def test_tombstones_stand_in_rss_as_well_and_before_between_and_after_the_entries() -> None:
    body = rss("<title>a</title>", "<title>b</title>", channel=f"<title>t</title>{stone('1')}")
    body = body.replace(b"</item><item>", f"</item>{stone('2')}<item>".encode())
    body = body.replace(b"</channel>", f"{stone('3')}</channel>".encode())
    document = read(body)
    assert len(document.withdrawn) == 3
    assert [one.title for one in document.entries] == ["a", "b"]


@pytest.mark.parametrize(
    ("updated", "lives"),
    [
        ("2026-01-01T12:00:01Z", True),
        ("2026-01-01T14:00:00+01:00", True),
        ("2026-01-01T12:00:00Z", False),
        ("2025-12-31T12:00:00Z", False),
        ("", False),
    ],
)
def test_an_entry_that_is_listed_in_a_later_version_outlives_its_tombstone(updated: str, *, lives: bool) -> None:
    document = buried(stone("1"), entries=[entry("1", updated)])
    assert bool(document.entries) is bool(document.listed) is lives
    assert bool(document.withdrawn) is not lives


def test_an_entry_that_is_known_in_a_later_version_outlives_its_tombstone() -> None:
    known = read(atom(entry("1", "2026-01-02T12:00:00Z"), entry("2", "2025-01-02T12:00:00Z"))).listed
    document = buried(stone("1"), stone("2"), known=known)
    assert document.withdrawn == (list(known)[1],)


def test_a_tombstone_without_a_date_counts_where_its_entry_is_not_listed() -> None:
    assert len(buried(stone("1", "yesterday")).withdrawn) == 1
    assert not buried(stone("1", ""), entries=[entry("1")]).withdrawn


def test_what_a_tombstone_says_is_no_part_of_the_feed() -> None:
    inside = (
        "<at:by><name>Ann</name></at:by><at:comment>Wrong</at:comment><title>x</title><author><name>y</name></author>"
        "<link href='https://other.example/'/><id>z</id><updated>2026-01-03T00:00:00Z</updated><source><title>s</title>"
        "</source>"
    )
    plain, told = buried(stone("1"), entries=[entry("2")]), buried(stone("1", inside=inside), entries=[entry("2")])
    assert told == plain


def test_a_tombstone_that_does_not_end_hides_no_entry() -> None:
    body = atom(entry("2"), entry("3"), feed=f"<title>News</title>{stone('1')}").replace(b"</at:deleted-entry>", b"")
    document = read(body)
    assert len(document.withdrawn) == 1
    assert [one.title for one in document.entries] == ["2", "3"]


@pytest.mark.parametrize(
    "broken", ["<at:deleted-entry/>", "<at:deleted-entry ref='' when=''/>", "</at:deleted-entry>"]
)
def test_a_tombstone_of_nothing_is_none(broken: str) -> None:
    body = atom(entry("2"), feed=f"<title>News</title>{broken}", attributes=AT)
    document = read(body)
    assert not document.withdrawn
    assert [one.title for one in document.entries] == ["2"]


def test_an_entry_says_nothing_of_others_being_deleted() -> None:
    assert not read(atom(entry("1") + stone("2"))).withdrawn


# A feed whose guids are all others


def test_what_a_renamed_feed_lists_is_known_by_its_links() -> None:
    old = read(rss(*items(range(8))))
    new = read(rss(*items(range(2, 10), guid="post-{}")), known=old.listed)
    assert new.renamed
    by_title = {entry.title: entry for entry in old.entries}
    for entry in new.entries:
        before = by_title.get(entry.title)
        assert [key for key in entry.keys if key in old.listed] == ([before.id] if before else []), entry.title
        assert before is None or entry.digest == before.digest, "and it is no correction"
    assert sum(entry.title in by_title for entry in new.entries) == 6
    assert not read(rss(*items(range(2, 10), guid="post-{}")), known=new.listed).renamed


def test_a_site_that_moves_and_renames_its_entries_at_once_is_known_by_its_paths() -> None:
    def site(host: str, guid: str) -> bytes:
        channel = f"<title>News</title><link>https://{host}/</link>"
        return rss(*items(range(MIN_TO_COMPARE), guid=guid, link=f"https://{host}/posts/{{}}"), channel=channel)

    old = read(site("old.example", "{}"))
    new = read(site("www.new.example", "post-{}"), known=old.listed)
    assert [set(entry.keys) & set(old.listed) for entry in new.entries] == [{entry.id} for entry in old.entries]


def whole(*, known: int, still: int, unknown: int) -> Document:
    """A document that lists so many of the known entries, and so many others."""
    before = read(rss(*items(range(known)))).listed
    return read(rss(*items(range(still)), *items(range(100, 100 + unknown), guid="new-{}")), known=before)


@pytest.mark.parametrize(
    ("known", "still", "unknown", "renamed"),
    [
        (5, 0, 5, True),
        (4, 0, 5, False),
        (5, 0, 4, False),
        (5, 1, 5, False),
        (9, 1, 9, False),
        (10, 1, 5, True),
        (19, 2, 9, False),
        (20, 2, 9, True),
        (0, 0, 9, False),
    ],
)
def test_a_feed_is_renamed_where_most_is_gone_and_much_is_new(
    known: int, still: int, unknown: int, *, renamed: bool
) -> None:
    assert whole(known=known, still=still, unknown=unknown).renamed is renamed


def test_a_document_that_broke_off_is_not_renamed() -> None:
    known = read(rss(*items(range(8)))).listed
    body = rss(*items(range(10, 20)))
    assert read(body, known=known).renamed
    assert not read(body[: -len("</channel></rss>")], known=known).renamed


def test_what_was_absent_before_does_not_count_but_is_known_by_its_link() -> None:
    listed = read(rss(*items(range(6)))).listed
    absent = {entry_id: mark._replace(absent=n < 2) for n, (entry_id, mark) in enumerate(listed.items())}
    body = rss(*items(range(6), guid="post-{}"))
    assert not read(body, known=Marks(absent)).renamed, "four are too few"
    more = read(rss(*items(range(20, 22)))).listed
    new = read(body, known=Marks({**absent, **more}))
    assert new.renamed
    assert all(set(entry.keys) & set(listed) for entry in new.entries)


def test_a_link_that_several_entries_have_is_no_sign_of_one() -> None:
    known = read(rss(*items(range(8), link="/same"))).listed
    new = read(rss(*items(range(8), guid="post-{}", link="/same")), known=known)
    assert new.renamed
    assert not [key for entry in new.entries for key in entry.keys if key in known]


@given(
    st.lists(st.integers(0, 12), max_size=12, unique=True),
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=12, unique_by=lambda pair: pair[0]),
)
def test_no_key_names_two_entries_of_a_document(before: list[int], after: list[tuple[int, bool]]) -> None:
    known = read(rss(*items(before))).listed
    listed = [one for n, new in after for one in items([n], guid="post-{}" if new else "{}")]
    document = read(rss(*listed), known=known)
    keys = [key for entry in document.entries for key in entry.keys]
    assert len(keys) == len(set(keys))
    weaker = {key for entry in document.entries for key in entry.keys[1:]}
    assert not weaker & set(document.listed), "nor an entry that is listed itself"


def test_marks_survive_being_written_down() -> None:
    marks: Mapping[str, Mark] = {"a": Mark("1"), "b": Mark("2", NOON, "x", True)}
    assert Marks(text=Marks(marks).to_json()) == marks
