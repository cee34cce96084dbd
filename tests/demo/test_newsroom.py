"""The newsroom as an origin: feeds, conditional requests, corrections, withdrawals, scripts, the request log."""

import asyncio
import calendar
import gzip
import io
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import feedparser
import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse
from tornado.web import RequestHandler

from demo.newsroom import Draft, Enclosure, Format, Newsroom, Post, Script

WHEN = datetime(2026, 3, 1, 19, 30, tzinfo=UTC)
EVERYTHING = Draft(
    title="Fish & chips < 5 crowns",
    html='<p>“Salt”, they said, <a href="https://example.org/?a=1&amp;b=2">and vinegar</a>. 鱼</p>',
    summary="Cheap & good",
    author="Quay reporter",
    categories=("Harbour", "Food & drink"),
    image="http://127.0.0.1:9/fish.png",
    enclosure=Enclosure(url="http://127.0.0.1:9/bell.mp3?a=1&b=2", mime_type="audio/mpeg", length=1234),
)


async def get(url: str, *, gzipped: bool = False, method: str = "GET", **headers: str) -> HTTPResponse:
    """Fetch `url`, whatever the status. Header names are given with underscores."""
    client = AsyncHTTPClient(force_instance=True)
    try:
        return await client.fetch(
            url,
            raise_error=False,
            method=method,
            decompress_response=False,
            headers={
                **({"Accept-Encoding": "gzip"} if gzipped else {}),
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
    finally:
        client.close()


async def parse(url: str) -> feedparser.FeedParserDict:
    return feedparser.parse(io.BytesIO((await get(url)).body), sanitize_html=False, resolve_relative_uris=False)


def moment(parsed: object) -> datetime:
    assert isinstance(parsed, time.struct_time)
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC)


@pytest.mark.parametrize(("form", "version"), [("rss", "rss20"), ("atom", "atom10")])
async def test_an_xml_feed_parses_with_every_field(newsroom: Newsroom, form: Format, version: str) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk & Co", format=form)
    post = desk.publish(EVERYTHING, published=WHEN)
    feed = await parse(desk.url)
    assert not feed.bozo
    assert feed.version == version
    assert feed.feed.title == "Desk & Co"
    [entry] = feed.entries
    assert entry.id == post.guid
    assert entry.link == post.link
    assert entry.title == EVERYTHING.title
    assert entry.content[0].value == EVERYTHING.html
    assert entry.summary == EVERYTHING.summary
    assert entry.author == EVERYTHING.author
    assert [tag.term for tag in entry.tags] == list(EVERYTHING.categories)
    assert moment(entry.published_parsed) == WHEN
    assert entry.media_content[0]["url"] == EVERYTHING.image
    [enclosure] = entry.enclosures
    assert (enclosure.href, enclosure.type, enclosure.length) == (
        "http://127.0.0.1:9/bell.mp3?a=1&b=2",
        "audio/mpeg",
        "1234",
    )


async def test_a_json_feed_has_every_field(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.json", title="Desk & Co", format="json")
    post = desk.publish(EVERYTHING, published=WHEN)
    response = await get(desk.url)
    assert response.headers["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = json.loads(response.body)
    assert (feed["version"], feed["title"]) == ("https://jsonfeed.org/version/1.1", "Desk & Co")
    assert feed["feed_url"] == desk.url
    assert feed["items"] == [
        {
            "id": post.guid,
            "url": post.link,
            "title": EVERYTHING.title,
            "content_html": EVERYTHING.html,
            "summary": EVERYTHING.summary,
            "image": EVERYTHING.image,
            "date_published": "2026-03-01T19:30:00Z",
            "authors": [{"name": EVERYTHING.author}],
            "tags": list(EVERYTHING.categories),
            "attachments": [
                {"url": "http://127.0.0.1:9/bell.mp3?a=1&b=2", "mime_type": "audio/mpeg", "size_in_bytes": 1234}
            ],
        }
    ]


@pytest.mark.parametrize("form", ["rss", "atom"])
async def test_a_post_without_a_title_has_none_in_the_feed(newsroom: Newsroom, form: Format) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk", format=form)
    desk.publish(html="<p>Just &amp; this.</p>")
    feed = await parse(desk.url)
    assert not feed.bozo
    assert feed.entries[0].get("title", "") == ""
    assert feed.entries[0].content[0].value == "<p>Just &amp; this.</p>"


async def test_an_untitled_rss_item_has_a_plain_text_description(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    desk.publish(html="<p>Salt &amp; vinegar.</p><p>" + "More. " * 100)
    description = (await parse(desk.url)).entries[0].summary
    assert description.startswith("Salt & vinegar. More.")
    assert len(description) <= 200


async def test_characters_that_xml_cannot_carry_are_left_out(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    desk.publish(title="Bell\x07 rings", html="<p>ding\x00\ufffe</p>")
    feed = await parse(desk.url)
    assert not feed.bozo
    assert feed.entries[0].title == "Bell rings"
    assert feed.entries[0].content[0].value == "<p>ding</p>"


async def test_the_newest_post_is_on_top_and_the_oldest_rolls_off(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk", keep=3)
    for number in range(5):
        desk.publish(title=f"Post {number}")
    assert [post.title for post in desk.posts] == ["Post 4", "Post 3", "Post 2"]
    assert [entry.title for entry in (await parse(desk.url)).entries] == ["Post 4", "Post 3", "Post 2"]


async def test_posts_get_guids_links_and_dates_of_their_own(newsroom: Newsroom) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    posts = [newsroom.open_desk(f"/{name}.xml", title=name).publish(title="Same") for name in ("a", "b")]
    assert len({post.guid for post in posts}) == 2
    assert len({post.link for post in posts}) == 2
    assert all(before <= post.published == post.updated <= datetime.now(UTC) for post in posts)


async def test_guid_link_and_date_can_be_given(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    post = desk.publish(guid="urn:x:1", link="https://example.org/1", published=WHEN, title="Given")
    assert (post.guid, post.link, post.published) == ("urn:x:1", "https://example.org/1", WHEN)


async def test_a_complete_post_goes_in_as_it_is(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    post = Post(guid="urn:x:1", link="https://example.org/1", published=WHEN, updated=WHEN, title="Wired")
    assert desk.publish(post) is post
    assert desk.posts == (post,)


async def test_a_guid_published_again_replaces_the_post(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    desk.publish(guid="urn:x:1", title="First")
    desk.publish(guid="urn:x:2", title="Second")
    desk.publish(guid="urn:x:1", title="First again")
    assert [post.title for post in desk.posts] == ["First again", "Second"]


async def test_a_correction_changes_the_post_in_place(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    first = desk.publish(title="Score 1-0", html="<p>Goal</p>", published=WHEN)
    desk.publish(title="Later")
    corrected = desk.correct(first.guid, title="Score 0-1")
    assert corrected.updated > first.updated
    assert (corrected.guid, corrected.link, corrected.published) == (first.guid, first.link, first.published)
    entry = (await parse(desk.url)).entries[1]
    assert (entry.id, entry.title, entry.content[0].value) == (first.guid, "Score 0-1", "<p>Goal</p>")
    assert moment(entry.updated_parsed) == corrected.updated


async def test_correcting_an_unknown_post_is_a_key_error(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    with pytest.raises(KeyError):
        desk.correct("urn:x:1", title="Nothing")


@pytest.mark.parametrize("form", ["rss", "atom", "json"])
async def test_a_withdrawn_post_leaves_the_feed(newsroom: Newsroom, form: Format) -> None:
    desk = newsroom.open_desk("/desk", title="Desk", format=form)
    post = desk.publish(title="Oops, wrong window")
    assert desk.withdraw(post.guid) == post
    assert desk.posts == ()
    assert b"wrong window" not in (await get(desk.url)).body


async def test_an_atom_feed_lists_a_tombstone_until_the_post_is_back(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk", format="atom")
    post = desk.publish(title="Oops")
    desk.withdraw(post.guid)
    body = (await get(desk.url)).body.decode()
    when = desk.withdrawals[0].when.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert 'xmlns:at="http://purl.org/atompub/tombstones/1.0"' in body
    assert f'<at:deleted-entry ref="{post.guid}" when="{when}" />' in body
    assert not (await parse(desk.url)).bozo
    desk.publish(post)
    assert "deleted-entry" not in (await get(desk.url)).body.decode()


async def test_the_etag_given_is_answered_with_304(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    desk.publish(title="One")
    etag = (await get(desk.url)).headers["ETag"]
    again = await get(desk.url, If_None_Match=etag)
    assert (again.code, again.body, again.headers["ETag"]) == (304, b"", etag)
    assert (await get(desk.url, If_None_Match=f'"other", W/{etag}')).code == 304
    assert (await get(desk.url, If_None_Match="*")).code == 304


async def test_every_change_has_a_new_strong_etag_even_within_a_second(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    etags = [(await get(desk.url)).headers["ETag"]]
    post = desk.publish(title="One")
    etags.append((await get(desk.url)).headers["ETag"])
    desk.correct(post.guid, title="Two")
    etags.append((await get(desk.url, If_None_Match=etags[-1])).headers["ETag"])
    assert len(set(etags)) == 3
    assert all(etag.startswith('"') for etag in etags)


async def test_the_date_given_is_answered_with_304_until_it_is_older(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    modified = (await get(desk.url)).headers["Last-Modified"]
    assert (await get(desk.url, If_Modified_Since=modified)).code == 304
    older = (parsedate_to_datetime(modified) - timedelta(seconds=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert (await get(desk.url, If_Modified_Since=older)).code == 200
    assert (await get(desk.url, If_Modified_Since="yesterday, about tea-time")).code == 200


async def test_if_none_match_wins_over_if_modified_since(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    headers = (await get(desk.url)).headers
    assert (await get(desk.url, If_None_Match='"old"', If_Modified_Since=headers["Last-Modified"])).code == 200
    long_ago = "Mon, 01 Jan 2001 00:00:00 GMT"
    assert (await get(desk.url, If_None_Match=headers["ETag"], If_Modified_Since=long_ago)).code == 304


async def test_gzip_comes_when_asked_for_under_an_etag_of_its_own(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    plain = await get(desk.url)
    zipped = await get(desk.url, gzipped=True)
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["ETag"] != plain.headers["ETag"]
    assert (plain.headers["Vary"], "Content-Encoding" in plain.headers) == ("Accept-Encoding", False)
    assert (await get(desk.url, gzipped=True, If_None_Match=zipped.headers["ETag"])).code == 304


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("br, gzip;q=0.5", "gzip"), ("*", "gzip"), ("GZIP", "gzip"), ("gzip;q=0", None), ("br", None), ("", None)],
)
async def test_accept_encoding_is_read_with_its_weights(
    newsroom: Newsroom, accepted: str, encoding: str | None
) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    response = await get(desk.url, Accept_Encoding=accepted)
    assert response.headers.get("Content-Encoding") == encoding


async def test_head_has_the_headers_without_the_body(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    full, head = await get(desk.url), await get(desk.url, method="HEAD")
    assert (head.code, head.body) == (200, b"")
    assert head.headers["ETag"] == full.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(full.body))


async def test_a_posts_link_leads_to_its_page_as_it_is_now(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    post = desk.publish(title="A < B", html="<p>Draft</p>")
    desk.correct(post.guid, html="<p>Final</p>")
    response = await get(post.link)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<h1>A &lt; B</h1>" in response.body
    assert b"<p>Final</p>" in response.body


async def test_a_withdrawn_posts_page_is_gone(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    post = desk.publish(title="Oops")
    desk.withdraw(post.guid)
    assert (await get(post.link)).code == 410


async def test_the_front_page_lists_the_desks_and_the_rest_is_404(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk & Co")
    front = await get(newsroom.url("/"))
    assert f'<a href="{desk.url}">Desk &amp; Co</a>'.encode() in front.body
    assert (await get(newsroom.url("/nothing"))).code == 404


async def test_a_file_is_served_as_it_was_added(newsroom: Newsroom) -> None:
    url = newsroom.add_file("/pictures/dot.png", b"\x89PNG", "image/png")
    response = await get(url)
    assert (response.body, response.headers["Content-Type"]) == (b"\x89PNG", "image/png")


async def test_a_path_has_one_desk(newsroom: Newsroom) -> None:
    newsroom.open_desk("/desk.xml", title="Desk")
    with pytest.raises(ValueError, match=r"/desk\.xml"):
        newsroom.open_desk("/desk.xml", title="Another")


async def test_the_log_has_requests_and_answers(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    etag = (await get(desk.url, User_Agent="Test/1")).headers["ETag"]
    await get(desk.url, If_None_Match=etag)
    first, second = newsroom.requests
    assert (first.method, first.path, first.status) == ("GET", "/desk.xml", 200)
    assert first.headers["user-agent"] == "Test/1"
    assert (second.status, second.headers["If-None-Match"]) == (304, etag)
    assert first.time < second.time


async def test_the_log_is_bounded(newsroom: Newsroom) -> None:
    assert newsroom.requests.maxlen == 10_000


async def test_a_script_answers_instead_of_the_newsroom(newsroom: Newsroom) -> None:
    async def busy(handler: RequestHandler) -> bool:
        handler.set_status(503)
        handler.set_header("Retry-After", "7")
        handler.finish("later")
        return True

    newsroom.open_desk("/desk.xml", title="Desk")
    newsroom.script("/desk.xml", busy)
    response = await get(newsroom.url("/desk.xml"))
    assert (response.code, response.headers["Retry-After"], response.body) == (503, "7", b"later")
    assert [request.status for request in newsroom.requests] == [503]
    newsroom.script("/desk.xml", None)
    assert (await get(newsroom.url("/desk.xml"))).code == 200


async def test_a_script_may_leave_the_answer_to_the_newsroom(newsroom: Newsroom) -> None:
    seen = []

    async def watch(handler: RequestHandler) -> bool:
        seen.append(handler.request.path)
        return False

    desk = newsroom.open_desk("/desk.xml", title="Desk")
    newsroom.script("/desk.xml", watch)
    assert (await get(desk.url)).code == 200
    assert seen == ["/desk.xml"]


async def test_a_script_may_break_the_connection_off(newsroom: Newsroom) -> None:
    async def truncate(handler: RequestHandler) -> bool:
        stream = handler.detach()
        await stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        stream.close()
        return True

    newsroom.script("/broken.xml", truncate)
    with pytest.raises((OSError, HTTPClientError)):
        await get_strictly(newsroom.url("/broken.xml"))
    assert [(request.path, request.status) for request in newsroom.requests] == [("/broken.xml", None)]


async def get_strictly(url: str) -> None:
    client = AsyncHTTPClient(force_instance=True)
    try:
        await client.fetch(url, request_timeout=2)
    finally:
        client.close()


async def test_a_script_ends_when_its_client_leaves(newsroom: Newsroom) -> None:
    started, ended = asyncio.Event(), asyncio.Event()
    newsroom.script("/slow.xml", hang(started, ended))
    _, writer = await asyncio.open_connection("127.0.0.1", newsroom.port)
    writer.write(b"GET /slow.xml HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(started.wait(), 2)
    writer.close()
    await writer.wait_closed()
    await asyncio.wait_for(ended.wait(), 2)
    assert [request.status for request in newsroom.requests] == [None]


async def test_stopping_ends_the_scripts_and_connections(newsroom: Newsroom) -> None:
    started, ended = asyncio.Event(), asyncio.Event()
    newsroom.script("/slow.xml", hang(started, ended))
    _, writer = await asyncio.open_connection("127.0.0.1", newsroom.port)
    writer.write(b"GET /slow.xml HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.wait_for(started.wait(), 2)
    await asyncio.wait_for(newsroom.stop(), 2)
    assert ended.is_set()
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", newsroom.port)


def hang(started: asyncio.Event, ended: asyncio.Event) -> Script:
    async def script(handler: RequestHandler) -> bool:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return True

    return script


async def test_a_stopped_newsroom_starts_again_on_its_port(newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    desk.publish(title="Before")
    url = desk.url
    await newsroom.stop()
    await newsroom.start()
    assert desk.url == url
    assert (await parse(url)).entries[0].title == "Before"


async def test_there_is_no_url_before_the_first_start() -> None:
    with pytest.raises(RuntimeError, match="start"):
        Newsroom().url("/")
