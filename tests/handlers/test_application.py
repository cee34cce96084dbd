"""Request targets in absolute and asterisk form (RFC 9112 §3.2), preflights, and ranges."""

from __future__ import annotations

import json

import pytest

from config import Blog, Config
from tests.connections.bare import UPGRADE, asked
from tests.site import Site
from tests.timeline.drafts import commit, entry


@pytest.mark.parametrize("target", ["http://news.example:81", "HTTPS://news.example", "http://[::1]:8080"])
@pytest.mark.parametrize("path", ["/blog/entries?limit=1", "/healthz", "/blog/?view=wall"])
async def test_a_target_in_absolute_form_is_that_path(site: Site, target: str, path: str) -> None:
    async with asked(site.port, target + path) as bare:
        await bare.answer()
        assert bare.status == 200


@pytest.mark.parametrize("target", ["http://news.example", "http://news.example?q=1"])
async def test_a_target_without_path_is_the_root(site: Site, target: str) -> None:
    async with asked(site.port, target) as bare:
        await bare.answer()
        assert bare.status == 200


@pytest.mark.parametrize(
    "target",
    [
        "http://me:secret@news.example/blog/entries",
        "ftp://news.example/blog/entries",
        "http:///blog/entries",
        "http:/blog/entries",
        "http://news.example\\@x/blog/entries",
        "http://<b>/blog/entries",
    ],
)
async def test_other_targets_name_nothing(site: Site, target: str) -> None:
    async with asked(site.port, target) as bare:
        await bare.answer()
        assert bare.status == 404


class TestWithoutPublicUrl:
    """A site that knows its address from requests alone."""

    @pytest.fixture
    def settings(self) -> Config:
        return Config(store="sqlite::memory:", blogs=(Blog(slug="blog", title="Blog"),))

    async def test_the_host_of_the_target_replaces_that_of_the_header(self, site: Site) -> None:
        async with asked(site.port, "http://news.example:81/blog/entries", "Host: other.example") as bare:
            await bare.answer()
            document = json.loads(await bare.body())
        assert document["home_page_url"] == "http://news.example:81/blog/"

    @pytest.mark.parametrize(("origin", "status"), [("http://news.example:81", 101), ("http://other.example", 403)])
    async def test_the_origin_of_a_socket_is_compared_with_the_host_of_the_target(
        self, site: Site, origin: str, status: int
    ) -> None:
        target = "http://news.example:81/blog/ws"
        async with asked(site.port, target, "Host: other.example", *UPGRADE, f"Origin: {origin}") as bare:
            await bare.answer()
            assert bare.status == status


@pytest.mark.parametrize("path", ["/blog/entries?limit=1", "/blog/e/aaaa/previous"])
async def test_a_preflight_of_a_script_of_another_site_is_allowed(site: Site, path: str) -> None:
    answer = await site.get(
        path,
        method="OPTIONS",
        Origin="https://other.example",
        Access_Control_Request_Method="GET",
        Access_Control_Request_Headers="if-none-match",
    )
    assert (answer.code, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert answer.headers["Access-Control-Allow-Headers"] == "If-None-Match, Cache-Control"
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/blog/entries?limit=x", "/nowhere/entries", "/blog/e/aaaa/previous"])
async def test_scripts_of_other_sites_may_read_errors(site: Site, path: str) -> None:
    answer = await site.get(path)
    assert answer.code in (400, 404)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


async def test_scripts_of_other_sites_may_read_that_nothing_changed_and_its_tag(site: Site) -> None:
    await commit(site.timeline, entry("aaaa"))
    first = await site.get("/blog/entries")
    again = await site.get("/blog/entries", If_None_Match=first.headers["ETag"])
    assert again.code == 304
    for answer in (first, again):
        assert answer.headers.get_list("Access-Control-Allow-Origin") == ["*"]
        assert answer.headers["Access-Control-Expose-Headers"] == "ETag"


async def test_another_method_of_what_other_sites_may_read_names_all_that_are_allowed(site: Site) -> None:
    answer = await site.get("/blog/entries", method="DELETE")
    assert (answer.code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", ["/blog/", "/blog/events", "/blog/ws", "/healthz"])
async def test_no_script_of_another_site_may_read_the_rest(site: Site, path: str) -> None:
    answer = await site.get(path, method="OPTIONS", Origin="https://o.example", Access_Control_Request_Method="GET")
    assert (answer.code, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/blog/", "/blog/entries", "/healthz", "/icon/7.svg", "/blog/feeds.opml"])
async def test_a_range_is_ignored(site: Site, path: str) -> None:
    answer = await site.get(path, Range="bytes=0-9")
    assert answer.code == 200
    assert "Content-Range" not in answer.headers


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
async def test_a_range_of_a_file_is_that_part_of_its_bytes(site: Site, accepted: str) -> None:
    whole = await site.get("/static/livelog.css", Accept_Encoding="identity")
    part = await site.get("/static/livelog.css", Accept_Encoding=accepted, Range="bytes=10-3009")
    assert part.code == 206
    assert not {"Content-Encoding", "X-Consumed-Content-Encoding"} & set(part.headers)
    assert part.body == whole.body[10:3010]


async def test_a_range_behind_the_end_of_a_file_is_none(site: Site) -> None:
    answer = await site.get("/static/livelog.css", Range="bytes=99999999-")
    assert answer.code == 416
    assert answer.headers["Content-Range"].startswith("bytes */")
