"""The language of a page: the reader's choice, the operator's, the browser's."""

from __future__ import annotations

import json
import re

import pytest

from config import Blog, Config, Feed
from tests.site import Site
from tests.timeline.drafts import FEED, NOW, commit, entry

CHINESE = "zh-CN,zh;q=0.9"
PATHS = [
    "/",
    "/blog/",
    "/blog/?tag=x",
    "/blog/e/abcd",
    "/blog/embed",
    "/blog/?view=wall",
    "/blog/?view=wall&by=source",
    "/blog/nothing",
]


async def spoken(site: Site, path: str = "/blog/", **headers: str) -> str:
    answer = await site.get(path, Accept="text/html", **headers)
    found = re.search(r'<html lang="([\w-]+)">', answer.body.decode())
    assert found
    assert answer.headers["Content-Language"] == found[1]
    return found[1]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("zh-CN", "zh-CN"),
        ("zh", "zh-CN"),
        ("zh-TW,zh;q=0.8", "zh-CN"),
        ("fr,zh;q=0.5,en;q=0.3", "zh-CN"),
        ("en-GB,zh;q=0.8", "en"),
        ("fr-FR,de", "en"),
        ("*", "en"),
        ("zh;q=0, en", "en"),
        (";;;,q=x,=", "en"),
    ],
)
async def test_a_page_is_in_the_language_that_the_browser_asks_for(site: Site, accepted: str, language: str) -> None:
    assert await spoken(site, Accept_Language=accepted) == language


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_has_both_languages(site: Site, path: str) -> None:
    await commit(site.timeline, entry("abcd", tags=("x",)))
    assert await spoken(site, path, Accept_Language=CHINESE) == "zh-CN"
    assert await spoken(site, path, Accept_Language="en") == "en"


async def test_a_language_in_the_url_is_used_and_stored_in_a_cookie(site: Site) -> None:
    answer = await site.get("/blog/?lang=zh", Accept_Language="en")
    assert '<html lang="zh-CN">' in answer.body.decode()
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("lang=zh;")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert await spoken(site, Accept_Language="en", Cookie="lang=zh") == "zh-CN"
    assert await spoken(site, "/blog/?lang=en", Cookie="lang=zh") == "en"


async def test_without_a_choice_no_cookie_is_set(site: Site) -> None:
    for path in ("/blog/", "/blog/?lang=xx", "/blog/embed?lang=zh"):
        assert "Set-Cookie" not in (await site.get(path, Accept_Language=CHINESE)).headers, path


@pytest.mark.parametrize("chosen", ["xx", "", "%ff", "zh_CN", "../en", "%3Cscript%3E"])
async def test_an_unknown_language_is_ignored(site: Site, chosen: str) -> None:
    assert await spoken(site, f"/blog/?lang={chosen}", Accept_Language=CHINESE) == "zh-CN"
    assert await spoken(site, Cookie=f"lang={chosen}", Accept_Language=CHINESE) == "zh-CN"


async def test_the_footer_links_to_the_same_page_in_the_other_language(site: Site) -> None:
    text = (await site.get("/blog/?tag=a%26b&lang=en")).body.decode()
    assert '<a href="?tag=a%26b&amp;lang=zh" lang="zh-CN" hreflang="zh-CN" rel="nofollow">中文</a>' in text
    assert '<a href="?tag=a%26b&amp;lang=en" lang="en" hreflang="en" rel="nofollow" aria-current="true">' in text


async def test_vary_names_the_headers_that_choose_the_language(site: Site) -> None:
    vary = (await site.get("/blog/")).headers["Vary"]
    assert {"Accept-Language", "Cookie"} <= set(re.split(", ?", vary))


async def test_the_page_has_the_translations_of_its_scripts_except_in_english(site: Site) -> None:
    text = (await site.get("/blog/", Accept_Language=CHINESE)).body.decode()
    found = re.search(r'<script type="application/json" id="words">(.*?)</script>', text)
    assert found
    assert json.loads(found[1])["Live"] == "实时更新中"
    assert 'id="words"' not in (await site.get("/blog/")).body.decode()


async def test_dates_are_in_the_form_of_the_language(site: Site) -> None:
    await commit(site.timeline, entry("a", at=NOW))
    assert "15 January 2027" in (await site.get("/blog/")).body.decode()
    assert "2027年1月15日" in (await site.get("/blog/", Accept_Language=CHINESE)).body.decode()


async def test_error_pages_are_translated_and_json_errors_are_not(site: Site) -> None:
    answer = await site.get("/nowhere/", Accept="text/html", Accept_Language=CHINESE)
    assert "这里没有这个图文直播。" in answer.body.decode()
    assert (await site.json("/nowhere/"))["error"]["message"] == "There is no such blog here."


async def test_the_text_of_posts_keeps_its_direction(site: Site) -> None:
    content = "<p>نص عربي</p>"
    await commit(site.timeline, entry("a", "عنوان", content_html=content, authors=("كاتب",), tags=("عاجل",)))
    text = (await site.get("/blog/")).body.decode()
    assert re.search(r'<h2 class="[^"]*" dir="auto"><a [^>]*>عنوان', text)
    assert re.search(r'<div class="content[^"]*" dir="auto"><p>نص', text)
    assert "<bdi>كاتب</bdi>" in text
    assert "<bdi>عاجل</bdi>" in text


class TestOperatorsLanguage:
    @pytest.fixture
    def settings(self) -> Config:
        blog = Blog(slug="blog", title="Blog", language="zh", feeds=(Feed(url=FEED),))
        return Config(store="sqlite::memory:", blogs=(blog, Blog(slug="other", title="Other")))

    async def test_it_applies_to_that_blog_unless_the_reader_chooses(self, site: Site) -> None:
        assert await spoken(site, Accept_Language="en") == "zh-CN"
        assert await spoken(site, "/other/", Accept_Language="en") == "en"
        assert await spoken(site, "/blog/?lang=en") == "en"
        assert await spoken(site, Cookie="lang=en") == "en"
