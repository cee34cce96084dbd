"""End to end: secrets of feeds' addresses are on no path, in no message and no log line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import config
from tests.feeds.origins import RawOrigin, moved, raw_origin, whole
from tests.feeds.proxy import forward_proxy
from tests.livelog import Livelog, until
from tests.test_restored import first_events
from tests.test_server import command

SECRET = "hunter2hunter2"
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title><link>{own}</link>
<item><guid isPermaLink="false">1</guid><title>{title} one</title><link>https://example.org/{title}?token=of-the-post</link>
<description>&lt;p&gt;{text} &lt;a href="#n"&gt;1&lt;/a&gt; &lt;a href="{own}"&gt;2&lt;/a&gt;</description></item>
</channel></rss>"""


def document(title: str, own: str, text: str = "Text") -> bytes:
    return whole(RSS.format(title=title, own=own.replace("&", "&amp;"), text=text).encode())


@dataclass
class Private:
    """A Livelog of private feeds, and their origin."""

    livelog: Livelog
    origin: RawOrigin
    feeds: list[str]
    cursor: str = ""


@pytest.fixture
async def private(livelog: Livelog) -> AsyncIterator[Private]:
    async with raw_origin() as origin:
        query, failing = f"/query?format=rss&token={SECRET}", f"/failing?api_key={SECRET}"
        leads_to_failing = f'<html><link rel=alternate type="application/rss+xml" href="{failing}">'
        path, page, leads = f"/private/{SECRET}/rss.xml", f"/page?sig={SECRET}", f"/leads?key={SECRET}"
        login = origin.serve("/login", document("Login", origin.url("/login")))
        feeds = [
            origin.serve(query, document("Query", origin.url(query))),
            origin.serve(path, document("Path", origin.url(path))),
            login.replace("://", f"://ann:{SECRET}@"),
            origin.serve(failing, whole(b"no", status="401 Unauthorized")),
            origin.serve(page, whole(leads_to_failing.encode())),
            origin.serve(leads, moved(f"http://127.0.0.2:{origin.port}/there?token={SECRET}")),
        ]
        private = Private(livelog, origin, feeds)
        await livelog.start({"blog": [{"url": url, "interval": "1s"} for url in feeds]})
        async with livelog.client() as client:
            private.cursor = (await client.next())["cursor"]

        async def polled() -> bool:
            failing = {feed["feed"] for feed in (await livelog.health())["failing"]}
            return len(failing) == 3 and len(await livelog.entries()) == 3

        await until(polled)
        yield private


async def test_no_path_message_or_log_line_has_a_secret(private: Private) -> None:
    livelog, origin = private.livelog, private.origin
    query = origin.url(f"/query?format=rss&token={SECRET}")
    async with livelog.client() as client:
        cursor = (await client.next())["cursor"]
        origin.serve(f"/query?format=rss&token={SECRET}", document("Query", query, "Corrected"))
        said = [repr(await client.next())]
    (entry, *_) = [item for item in await livelog.entries() if item["title"] == "Query one"]
    assert entry["url"] == "https://example.org/Query?token=of-the-post", "readers need it"
    assert entry["_livelog"]["source"]["feed_url"] == origin.url("/query?format=rss&token=***")
    said += [repr(message) for message in await first_events(livelog.url(f"/blog/events?after={cursor}"), 2)]
    paths = {
        *("/", "/nothing", "/blog/nothing", "/blog/e/aaaa", "/blog/theme.css"),
        *("/blog/", "/blog/?view=wall", "/blog/?view=wall&by=source", "/blog/?view=list", "/blog/embed"),
        *("/blog/filter", "/blog/sources", "/blog/feeds.opml", "/blog/entries", "/healthz", "/metrics"),
        *(f"/blog/e/{entry['id']}", f"/blog/e/{entry['id']}/previous", f"/blog/entries?after={private.cursor}"),
    }
    for path in sorted(paths):
        answer = await livelog.get(path)
        headers = list(answer.headers.get_all())
        said.append(f"{path} {answer.code} {headers} {answer.body.decode('utf-8', 'replace')}")
    said.append(livelog.log)
    assert [text for text in said if SECRET in text] == []
    assert "401" in livelog.log, "the operator is told the reason"
    assert sum(" 200 " in text[:80] for text in said) > 10


@pytest.mark.parametrize(
    "text",
    [
        f"blogs: {{b: {{feeds: [{{'https://example.org/?token={SECRET}': x}}]}}}}",
        f"blogs: {{b: {{feeds: ['https://ann:{SECRET}@example.org:port/']}}}}",
        f"blogs: {{b: {{feeds: ['https://example.org/?key={SECRET}', 'https://example.org/?key={SECRET}']}}}}",
        f"blogs: {{b: {{feeds: [{{url: 'https://example.org/', title: [{SECRET}]}}]}}}}",
        f"blogs: {{b: {{feeds: [{{url: 'ftp://ann:{SECRET}@example.org/'}}]}}}}",
        f"store: redis://:{SECRET}@example.org:port/0\nblogs: {{b: {{}}}}",
        f"store: redis://example.org/0?password={SECRET} x\nblogs: {{b: {{}}}}",
        f"store: mysql://ann:{SECRET}@example.org\nblogs: {{b: {{}}}}",
        f"server: {{public_url: 'https://ann:{SECRET}@example.org'}}\nblogs: {{b: {{}}}}",
        f"blogs: {{b: {{feeds: [https://example.org/?token={SECRET}: : ]}}}}",
        f"blogs:\n  b:\n    feeds:\n      - https://example.org/?token={SECRET}\n     - [",
        f"https://ann:{SECRET}@example.org/feed: x\nblogs: {{b: {{}}}}",
    ],
)
async def test_no_error_of_a_configuration_has_a_secret(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(config.ConfigError) as caught:
        config.load(tmp_path / "config.yaml")
    assert SECRET not in str(caught.value)


async def test_no_error_of_the_command_line_has_a_secret(tmp_path: Path) -> None:
    for arguments in (
        (f"https://ann:{SECRET}@example.org:port/",),
        (f"--store=redis://:{SECRET}@127.0.0.1:1/0?password={SECRET}", "http://127.0.0.1:1/"),
    ):
        code, output = await command("--port=0", *arguments, cwd=tmp_path)
        assert code != 0
        assert SECRET not in output
        assert output


async def test_no_path_or_log_line_has_a_secret_of_a_request(livelog: Livelog) -> None:
    async with raw_origin() as origin, forward_proxy() as proxy:
        proxy.refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        refused = whole(b"no", status="401 Unauthorized")
        feeds: list[dict[str, object]] = [
            {"url": origin.serve("/headers", refused), "headers": {"X-Key": SECRET}, "cookie": f"id={SECRET}"},
            {"url": origin.serve("/login", refused), "username": "ann", "password": SECRET},
            {"url": origin.url("/proxy"), "proxy": proxy.url(f"ann:{SECRET}@")},
            {"url": "https://127.0.0.1:9/tunnel", "proxy": proxy.url(f"ann:{SECRET}@")},
            {"url": origin.url("/away"), "proxy": f"http://ann:{SECRET}@proxy.invalid:3128"},
        ]
        await livelog.start({"blog": feeds})

        async def failing() -> bool:
            return len((await livelog.health())["failing"]) == len(feeds)

        await until(failing)
        paths = ("/blog/", "/blog/sources", "/blog/feeds.opml", "/blog/filter", "/healthz", "/metrics")
        said = [livelog.log, *[(await livelog.get(path)).body.decode() for path in paths]]
    assert SECRET in "".join(origin.heads)
    assert not [text for text in said if SECRET in text or "X-Key" in text]
