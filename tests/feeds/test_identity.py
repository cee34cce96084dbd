"""Posts that publishers list again under other guids, links and texts: from documents to events, in both stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from bench.identity import CHANGED, other_host, other_scheme, reordered
from tests.feeds.documents import atom, json_feed, rss
from tests.feeds.serving import ServedFeed
from tests.redis import RedisServer
from timeline import open_timeline


@pytest.fixture(params=["sqlite", "redis"])
async def feed(request: pytest.FixtureRequest) -> AsyncIterator[ServedFeed]:
    """A feed that nothing was served of yet."""
    url = "sqlite::memory:"
    if request.param == "redis":
        redis: RedisServer = request.getfixturevalue("shared_redis")
        redis.ask("FLUSHALL")
        url = redis.url
    opened = await open_timeline(url)
    yield ServedFeed(opened)
    await opened.close()


DATE = "Mon, 30 Nov 2026 00:{:02}:14 GMT"


def story(
    n: int,
    *,
    title: str = "",
    guid: str = "",
    link: str = "https://site.example/s/{}",
    text: str = "Text",
    date: str = DATE,
) -> str:
    """The inside of an item; `{}` in guid, link and date is its number."""
    named = f"<guid isPermaLink='false'>{guid.format(n)}</guid>" if guid else ""
    at = f"<link>{link.format(n).replace('&', '&amp;')}</link>" if link else ""
    dated = f"<pubDate>{date.format(n)}</pubDate>" if date else ""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return f"<title>{title or f'Story {n}'}</title>{named}{at}{dated}<description>{escaped}</description>"


def stories(count: int, **how: str) -> bytes:
    """A document of so many stories."""
    return rss(*(story(n, **how) for n in range(count)), channel="<title>T</title><link>https://site.example/</link>")


SAME = {
    "renewed guids": [{"guid": f"build{n}-{{}}"} for n in range(4)],
    "renewed guids without dates": [{"guid": f"build{n}-{{}}", "date": ""} for n in range(4)],
    "guids that are new addresses": [{"guid": f"https://cms{n}.example/{{}}?rev={n}"} for n in range(3)],
    "guids that are given up": [{"guid": "{}"}, {}, {"guid": "new-{}"}],
    "tracking parameters": [
        {"link": f"https://site.example/s/{{}}?utm_source=rss&utm_campaign={n}"} for n in range(3)
    ],
    "tracking parameters beside others": [
        {"link": f"https://site.example/?p={{}}&{one}"} for one in ("fbclid=1", "gclid=2")
    ],
    "tracking fragments": [{"link": f"https://site.example/s/{{}}#xtor=RSS-{n}"} for n in range(3)],
    "tracking in guids": [{"guid": f"https://site.example/s/{{}}?at_medium=RSS&at_campaign={n}"} for n in range(3)],
    "schemes": [{"link": f"{scheme}://site.example/s/{{}}"} for scheme in ("http", "https", "http")],
    "schemes beside guids": [
        {"guid": "urn:{}", "link": f"{scheme}://site.example/s/{{}}"} for scheme in ("http", "https")
    ],
    "schemes and parameters at once": [
        {"link": f"{scheme}://site.example/s/{{0}}?utm_content={n}{{0}}"}
        for n, scheme in enumerate(("http", "https"), 1)
    ],
    "hosts of guids": [
        {"guid": f"https://{host}.example/s/{{}}", "link": f"https://{host}.example/s/{{}}"} for host in "ab"
    ],
    "hosts of links": [{"link": f"https://{host}.site.example/s/{{}}"} for host in ("www", "news")],
}


@pytest.mark.parametrize("count", [3, 8])
@pytest.mark.parametrize("documents", SAME.values(), ids=SAME)
async def test_posts_in_other_spellings_are_neither_repeated_nor_corrected(
    feed: ServedFeed, documents: Sequence[dict[str, str]], count: int
) -> None:
    first, *others = (stories(count, **how) for how in documents)
    assert len(await feed.serve(first)) == count
    assert [await feed.serve(body) for body in others] == [[]] * len(others)


async def test_half_of_the_links_may_change_their_scheme_at_a_time(feed: ServedFeed) -> None:
    def document(secure: int) -> bytes:
        return rss(*(story(n, link=f"http{'s' if n % 2 == secure else ''}://site.example/s/{{}}") for n in range(8)))

    await feed.serve(stories(8, link="http://site.example/s/{}"))
    assert [await feed.serve(document(secure)) for secure in (0, 1, 0)] == [[], [], []]


@pytest.mark.parametrize(
    ("guid", "date"),
    [
        (("{}-rev1", "2-rev2"), (DATE, DATE)),
        (("{}-rev1", "2-rev2"), ("", "")),
        (("{}-rev1", "2-rev2"), (DATE, "Mon, 30 Nov 2026 09:00:00 GMT")),
        (("tag:site.example,2026:{}:edit=1", "tag:site.example,2026:2:edit=2"), ("", "")),
        (("https://site.example/s/{}?v=1", "https://site.example/s/2?v=2"), ("", "")),
        (("https://site.example/s/{}#0", "https://site.example/s/2#7"), ("", "")),
        (("a{}", "b"), (DATE, DATE)),
    ],
    ids=["number", "no dates", "new date", "edit", "parameter", "fragment", "unlike, of the same date"],
)
async def test_a_corrected_post_whose_guid_has_a_revision_is_an_update(
    feed: ServedFeed, guid: tuple[str, str], date: tuple[str, str]
) -> None:
    before = [story(n, guid=guid[0], date=date[0]) for n in range(6)]
    assert len(await feed.serve(rss(*before))) == 6
    before[2] = story(2, guid=guid[1], date=date[1], title="Story 2 (updated)", text="Another")
    assert await feed.serve(rss(*before)) == [("update", "Story 2 (updated)")]
    assert len(await feed.titles()) == 6


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            story(1, guid="a", link="https://site.example/today"),
            story(2, guid="b", link="https://site.example/today"),
        ),
        (
            story(1, guid="day-1", link="https://site.example/today", title="Today", text="Sun"),
            story(2, guid="day-2", link="https://site.example/today", title="Today", text="Rain"),
        ),
        (
            story(1, guid="a", link="https://site.example/now", title="Now", date="Mon, 09 Nov 2026 08:00:00 GMT"),
            story(2, guid="b", link="https://site.example/now", title="Now", date="Fri, 20 Nov 2026 08:00:00 GMT"),
        ),
        (story(1, link="https://a.example/?p=1"), story(2, link="https://b.example/?p=1")),
        (story(1, guid="https://a.example/?p=1", date=""), story(2, guid="https://b.example/?p=1", date="")),
        (story(1, link="https://site.example/live#a"), story(2, link="https://site.example/live#b")),
        (story(1, guid="https://site.example/live#a"), story(2, guid="https://site.example/live#b")),
        (story(1, link="https://site.example/?id=1"), story(2, link="https://site.example/?id=2")),
    ],
    ids=[
        "a page a day",
        "of one title",
        "of one text",
        "two sites",
        "guids of two sites",
        "fragments",
        "guids' fragments",
        "parameters",
    ],
)
@pytest.mark.parametrize("together", [True, False])
async def test_posts_that_are_alike_are_several(feed: ServedFeed, before: str, after: str, *, together: bool) -> None:
    channel = "<title>Planet</title><link>https://planet.example/</link>"
    await feed.serve(rss(before, channel=channel))
    changes = await feed.serve(rss(after, *([before] if together else []), channel=channel))
    assert [kind for kind, _ in changes] == ["entry"]


async def test_posts_of_one_link_and_title_months_apart_are_several_and_stay_so(feed: ServedFeed) -> None:
    dates = ["Sat, 22 Sep 2007 00:00:00 GMT", "Wed, 02 May 2007 00:00:00 GMT", "Thu, 05 Apr 2007 00:00:00 GMT"]
    new, middle, old = (
        story(0, title="Report", link="http://site.example/news", date=date, text=date) for date in dates
    )
    assert len(await feed.serve(rss(middle, old))) == 2
    assert len(await feed.serve(rss(new, middle, old))) == 1
    for listed in ([new, middle], [middle], [new, middle], [new], [new]):
        assert all(kind != "update" for kind, _ in await feed.serve(rss(*listed)))
    assert await feed.titles() == ["Report"] * 3


async def test_a_post_keeps_its_identity_when_another_of_its_link_comes(feed: ServedFeed) -> None:
    one = story(1, title="Report", link="http://site.example/news")
    other = story(2, title="Other", link="http://site.example/news")
    assert len(await feed.serve(rss(one))) == 1
    assert await feed.serve(rss(other, one)) == [("entry", "Other")]
    assert await feed.serve(rss(other)) == []


# Corrections

UNSEEN = {
    "a counter": ("<p>x</p><img src='https://p.example/1.gif?r={}' width='1' height='1'>", "0", "1"),
    "a counter in another order": ("<p>x</p><img height=1 width=1 src=https://p.example/{}.gif>", "0", "1"),
    "a hidden counter": ("<p>x</p><img style='display:none' src='https://p.example/{}'>", "0", "1"),
    "a comment": ("<p>x</p><!-- built at {} -->", "10:00", "10:05"),
    "a script": ("<p>x</p><script>var t = {};</script>", "1", "2"),
    "schemes": ("<a href='{}://site.example/a'>x</a><img src='{}://site.example/b.png'>", "http", "https"),
    "schemes within": ("<a href='https://redirect.example/?url={}://a.example/'>x</a>", "http", "https"),
    "tracking": ("<a href='https://site.example/a?utm_campaign={}&id=1'>x</a>", "a", "b"),
    "attributes": ("<p {}>x</p>", "class='a' id='b'", "id='b' data-x='1'"),
    "the order of attributes": ("<img {}>", "src='/a.png' alt='b'", "alt='b' src='/a.png'"),
    "white space": ("<p>x{}y</p>", " ", "\n   "),
    "references": ("<p>x{}y</p>", "&amp;", "&#38;"),
    "quotes": ("<a href={0}/a{0}>x</a>", "'", '"'),
    "letters of tags": ("<{}>x", "P", "p"),
    "servers of a picture": ("<img src='https://i{}.wp.com/site.example/a.png'>", "0", "2"),
    "a picture's signature": ("<img src='https://site.example/a.jpg?s={}'>", "abc", "def"),
    "invisible elements": ("<p>{}</p>", "x", "<span>x</span>"),
}


@pytest.mark.parametrize(("text", "one", "other"), UNSEEN.values(), ids=UNSEEN)
async def test_changes_that_readers_do_not_see_are_no_corrections(
    feed: ServedFeed, text: str, one: str, other: str
) -> None:
    await feed.serve(stories(1, text=text.replace("{}", one).replace("{0}", one)))
    assert await feed.serve(stories(1, text=text.replace("{}", other).replace("{0}", other))) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>It is 1 km</p>", "<p>It is 2 km</p>"),
        ("<p>wrong</p>", "<p><del>wrong</del> right</p>"),
        ("<p>wrong</p>", "<p><s>wrong</s></p>"),
        ("<a href='/a'>x</a>", "<a href='/b'>x</a>"),
        ("<a href='/?id=1'>x</a>", "<a href='/?id=2'>x</a>"),
        ("<img src='/a.png'>", "<img src='/b.png'>"),
        ("<img src='/picture?id=1'>", "<img src='/picture?id=2'>"),
        ("<p>one two</p>", "<p>one</p><p>two</p>"),
        ("&lt;b&gt; is bold", "<b> is bold"),
        ("3 < 4", "3 <4"),
        ("<p>x</p>", "<p>x</p><iframe src='https://player.example/1'></iframe>"),
    ],
)
async def test_changes_that_readers_see_are_corrections(feed: ServedFeed, one: str, other: str) -> None:
    await feed.serve(stories(1, text=one))
    assert await feed.serve(stories(1, text=other)) == [("update", "Story 0")]


async def test_the_order_of_tags_is_no_correction_but_another_tag_is(feed: ServedFeed) -> None:
    def tagged(*tags: str) -> bytes:
        return json_feed({"id": "1", "title": "t", "tags": tags})

    await feed.serve(tagged("a", "b"))
    assert await feed.serve(tagged("b", "a")) == []
    assert await feed.serve(tagged("b", "c")) == [("update", "t")]


# Feeds as publishers change them: rebuilt, moved, with new guids


def _article(n: int) -> str:
    return (
        f"<p>Text {n} of <a href='https://www.site.example/about?utm_source=rss'>us</a>, see "
        f"http://www.site.example/{n} and <a href='http://other.example/{n}'>them</a>.</p>"
        f"<img src='http://cdn.site.example/{n}.jpg?s={n}'><img src='https://count.example/{n}' width=1 height=1>"
    )


WHOLE = {
    "RSS with guids": stories(6, guid="http://www.site.example/?p={}", text=_article(1)),
    "RSS with links": stories(
        6, link="http://www.site.example/s/{}?id={}".replace("id={}", "id=1"), text=_article(2)
    ),
    "Atom": atom(
        *(
            f"<id>tag:www.site.example,2026:{n}</id><title>Story {n}</title><link href='http://www.site.example/{n}'/>"
            f"<updated>2026-11-30T00:0{n}:14Z</updated><content type='html'><![CDATA[{_article(n)}]]></content>"
            for n in range(6)
        ),
        feed="<title>News</title><link href='http://www.site.example/'/>",
    ),
    "JSON Feed": json_feed(
        *(
            {
                "id": f"http://www.site.example/{n}",
                "url": f"http://www.site.example/{n}",
                "title": f"Story {n}",
                "content_html": _article(n),
            }
            for n in range(6)
        ),
        home_page_url="http://www.site.example/",
    ),
}


@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
async def test_a_feed_that_is_served_again_in_other_ways_repeats_and_corrects_nothing(
    feed: ServedFeed, body: bytes
) -> None:
    assert len(await feed.serve(body)) == 6
    assert await feed.serve(body) == []
    changed = reordered(body)
    ((kind, title),) = await feed.serve(changed)
    assert (kind, (title or "").startswith(CHANGED)) == ("update", True)
    secure = other_scheme(changed)
    assert await feed.serve(secure) == []
    assert await feed.serve(other_host(secure, {"site.example"})) == []


async def test_a_feed_that_is_found_at_another_host_repeats_and_corrects_nothing(feed: ServedFeed) -> None:
    body = stories(6, link="/s/{}", text="<a href='/a'>x</a><img src='b.png'>")
    assert len(await feed.serve(body, "https://old.example/feed")) == 6
    assert await feed.serve(body, "https://new.example/feeds/all") == []


def _site(host: str, text: str) -> bytes:
    link = f"https://{host}/s/{{}}"
    named = (story(n, link=link, guid="{}", text=text) for n in range(6))
    return rss(*named, channel=f"<title>T</title><link>https://{host}/</link>")


@pytest.mark.parametrize("former", ["www.site.example", "newsroom.example"], ids=["of the site", "of the feed"])
async def test_texts_that_name_the_former_host_of_a_site_are_no_corrections(feed: ServedFeed, former: str) -> None:
    text = f"Write to <code>{former}</code>."
    assert len(await feed.serve(_site(former, text))) == 6
    assert await feed.serve(_site("moved.example", text)) == []
    assert await feed.serve(_site("moved.example", text)) == []


async def test_another_text_is_a_correction_when_a_site_moves(feed: ServedFeed) -> None:
    await feed.serve(_site("site.example", "See site.example."))
    changes = await feed.serve(_site("moved.example", "See site.example, please."))
    assert [kind for kind, _ in changes] == ["update"] * 6
