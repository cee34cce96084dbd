"""Documents that are made to take for ever are read within the limits of a parser's process, and cost it little."""

from __future__ import annotations

from contextlib import suppress

import pytest

from feeds.parser.document import NotAFeedError
from feeds.parser_pool import CPU_SECONDS, ParserPool
from tests.feeds.documents import atom, reading, rss
from tests.feeds.processes import cpu_seconds, pids

LENGTH = 50_000
"""Characters of which each piece of nonsense makes so many: their square takes more than a process may."""

MANY = 5_000

PARTS = 4
"""Tests that share the documents: all of them take a busy machine a minute."""

UNCLOSED = ["<!--", "<!", "<![CDATA[", "<![if", "<?", "&", "&#1", "<a ", "<a b='", '<a b="x', "</", "<", "<!DOCTYPE "]
TAGS = ["<a>", "<a/>", "<a/ ", "<>", "<!-- -", "<!x -- ", "<a xmlns:b='c'>"]
ESCAPED = ["&lt;!--", "&lt;a ", "&lt;", "&amp;", "&lt;b&gt;", "&lt;/", "&lt;![CDATA["]
NAMESPACE = " xmlns:p{0}='urn:{0}'"
TOMB = "<at:deleted-entry xmlns:at='http://purl.org/atompub/tombstones/1.0' ref='{}' when='2026-01-01T00:00:00Z'/>"
ENTITY = b"<!DOCTYPE x [<!ENTITY x '" + b"x" * 999 + b"'>]>"


def numbered(element: str) -> str:
    """Very many elements, each of them another."""
    return "".join(element.format(n) for n in range(MANY))


def item(inside: str) -> bytes:
    """An item with a title and this."""
    return rss(f"<title>t</title>{inside}")


DOCUMENTS = {
    **{
        f"{piece} without an end": b"<rss><channel>" + (piece * (LENGTH // len(piece))).encode() for piece in UNCLOSED
    },
    **{
        f"{piece} in a title": rss(f"<title>{piece * (LENGTH // len(piece))}</title>") for piece in [*UNCLOSED, *TAGS]
    },
    **{f"{piece} in content": item(f"<description>{piece * (LENGTH // len(piece))}") for piece in ESCAPED},
    "an author's address": item(f"<author>a@{'a.' * 64_000}!</author>"),
    "authors": item(numbered("<author>{}</author>")),
    "tags": item(numbered("<category>{}</category>")),
    "links": item(numbered("<link>/{}</link>")),
    "contents": item(numbered("<content:encoded>{}</content:encoded>")),
    "enclosures": item(numbered("<enclosure url='/{}.mp3'/>")),
    "media": item(numbered("<media:content url='/{}.mp3'/>")),
    "elements within elements": item("<x>" * MANY + "</x>" * MANY),
    "a long date": item(f"<pubDate>{'1 ' * LENGTH}</pubDate>"),
    "a long link": item(f"<link>{'../' * LENGTH}</link>"),
    "a long guid": item(f"<guid>https://example.org/{'#1' * LENGTH}</guid>"),
    "a long title": rss(f"<title>{'a ' * 10 * LENGTH}</title>"),
    "hours": rss("<title>t</title>", channel=numbered("<hour>{}</hour>")),
    "tombstones": atom(feed=numbered(TOMB)),
    "entries": rss(*(f"<title>{n}</title><guid>{n}</guid>" for n in range(MANY))),
    "entries of one guid": rss(*(f"<title>{n}</title><guid>1</guid>" for n in range(MANY))),
    "entries of many guids, each twice": rss(*(f"<title>t</title><guid>{n // 2}</guid>" for n in range(2 * MANY))),
    "entries within entries": rss("<item>" * MANY + "</item>" * MANY),
    "bases within bases": atom("".join(["<entry xml:base='a/'>"] * 3_000)),
    "namespaces": f"<rss {numbered(NAMESPACE)}><channel/></rss>".encode(),
    "XHTML": atom(f"<id>1</id><content type='xhtml'><div>{'<b>' * MANY}{'</b>' * MANY}</div></content>"),
    "bytes that are no UTF-8": rss("<title>*</title>").replace(b"*", b"\xff" * 10 * LENGTH),
    "an entity": ENTITY + rss(f"<title>{'&x;' * LENGTH}</title>")[21:],
}


@pytest.mark.parametrize("part", range(PARTS))
async def test_nonsense_of_every_kind_is_read_within_the_limits_of_a_process(
    parser_pool: ParserPool, part: int
) -> None:
    await parser_pool.parse(reading(item("")))
    (pid,) = pids()
    used = {}
    for name, body in [*DOCUMENTS.items()][part::PARTS]:
        before = cpu_seconds(pid)
        with suppress(NotAFeedError):
            await parser_pool.parse(reading(body, max_bytes=15_000_000))
        assert pids() == [pid], f"{name} cost a process"
        used[name] = cpu_seconds(pid) - before
    assert max(used.values()) < CPU_SECONDS, used
