"""`/status` and `/feeds/retry`: the page, its order and its actions; remedies for problems of the store."""

from __future__ import annotations

import json
import re

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

import remedies
from config import Blog, Config, Feed
from feedstate import FeedGap, FeedState
from handlers.site import Notices
from pages import status
from tests.handlers.test_admin import TOKEN
from tests.site import Site
from tests.timeline.drafts import FEED, commit, entry
from timeline import TimelineError

SECRET = "hunter2hunter2"


async def page(site: Site, path: str = "/status") -> str:
    answer = await site.admin(path, Accept="text/html")
    assert answer.code == 200
    return answer.body.decode()


async def post(site: Site, body: str = "", base: str = "", **headers: str) -> HTTPResponse:
    url = f"{base or site.admin_url('')}/feeds/retry"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await AsyncHTTPClient().fetch(
        url, method="POST", body=body, headers=named, raise_error=False, follow_redirects=False
    )


async def test_a_site_where_all_is_well_says_so(site: Site) -> None:
    await commit(site.timeline, entry("a"))
    text = await page(site)
    assert "All 1 sources work" in re.sub(r"\s+", " ", text)
    assert "Failing sources" not in text


async def test_what_fails_comes_first_with_its_remedy(site: Site) -> None:
    await commit(site.timeline, problem="The answer was 404 Not Found.", status=404, failures=3, failing_since=1.0)
    text = await page(site)
    assert "1 of 1 sources fails" in text
    assert text.index("Find its new address on the publisher’s site") < text.index("Blogs on this node")
    assert "The answer was 404 Not Found." in text


async def test_posts_that_may_have_been_missed_are_named_for_thirty_days(site: Site) -> None:
    now = site.timeline.now()
    gap = FeedGap(None, (), floor=1_789_990_000.0, after=1_790_000_000.0, before=1_790_003_600.0, since=now)
    await commit(site.timeline, gap=gap)
    assert gap.is_reported(now + 29 * 86_400)
    assert not gap.is_reported(now + 31 * 86_400)
    assert not gap._replace(url="https://example.org/feed?page=2").is_reported(now), "it is open"
    assert "posts of 2026-09-21 14:13 UTC to 2026-09-21 15:13 UTC" in await page(site)
    (source,) = (await site.admin_json("/status"))["sources"]
    assert source["missed_between"] == ["2026-09-21T14:13:20Z", "2026-09-21T15:13:20Z"]


async def test_programs_get_json(site: Site) -> None:
    await commit(site.timeline, problem="The answer was 404 Not Found.", status=404, failures=3, failing_since=1.0)
    report = await site.admin_json("/status")
    assert report["feeds"] == {"followed": 1, "failing": 1}
    (source,) = report["sources"]
    assert (source["cause"], source["failures"], source["blogs"]) == ("missing", 3, ["blog"])
    assert [blog["blog"] for blog in report["blogs"]] == ["blog", "other"]


async def test_the_page_has_no_script_or_style_of_its_own(site: Site) -> None:
    text = await page(site)
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", text)
    assert '<meta http-equiv="refresh"' in text, "it is live without a script"


async def test_a_saved_configuration_that_is_not_in_effect_is_told(site: Site) -> None:
    line = f"config.yaml:3: blogs.blog.feeds[0].url: https://u:{SECRET}@example.org is <wrong>"
    site.served.notices = lambda: Notices((line,), ("server.port",))
    text = await page(site)
    assert "The saved configuration is not in effect" in text
    assert "is &lt;wrong&gt;" in text
    assert "come into effect with a restart: server.port" in text
    assert SECRET not in text + json.dumps(await site.admin_json("/status"))


async def test_a_store_that_is_down_leaves_a_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await commit(site.timeline, entry("a"), title="Kept")
    await page(site)

    async def down(*_: object) -> None:
        raise TimelineError("redis://127.0.0.1:6379/0: Connection refused")

    for name in ("states", "failing_count", "nodes"):
        monkeypatch.setattr(site.timeline, name, down)
    site.served.sources.expire()
    text = await page(site)
    assert "Redis does not answer." in text
    assert "Start Redis, or check its address and the network." in text
    assert "Example" in text, "the last known state of the sources"


# Trying feeds now


async def test_a_feed_is_made_due_by_its_url_and_by_the_key_of_the_page(site: Site) -> None:
    await commit(site.timeline, entry("a"), next_at=2e9)
    key = re.search(r'name="url" value="(\w+)"', await page(site))
    assert key
    for given in (FEED, key[1], FEED.replace("https:", "http:")):
        answer = await post(site, f"url={given}")
        assert json.loads(answer.body) == {"due": [FEED], "paused": {}}
        (lease,) = await site.timeline.claim(1_790_000_000.0, 1, 15.0)
        await site.timeline.commit(FeedState(url=FEED, next_at=2e9, checked_at=1.0), [], lease)


async def test_without_a_url_all_failing_feeds_are_made_due(site: Site) -> None:
    await commit(site.timeline, entry("a"), next_at=2e9)
    assert json.loads((await post(site)).body) == {"due": [], "paused": {}}
    await commit(site.timeline, problem="No.", failures=1, next_at=2e9)
    assert json.loads((await post(site)).body)["due"] == [FEED]


async def test_the_command_names_a_feed_as_json(site: Site) -> None:
    await commit(site.timeline, entry("a"), next_at=2e9)
    answer = await post(site, json.dumps({"feed": FEED}), Content_Type="application/json")
    assert json.loads(answer.body)["due"] == [FEED]
    answer = await post(site, "{}", Content_Type="application/json")
    assert json.loads(answer.body)["due"] == []
    for wrong in ("", "[]", '{"feed": 7}', "{"):
        assert (await post(site, wrong, Content_Type="application/json")).code == 400


async def test_a_feed_that_is_paused_is_told_with_the_end_of_its_pause(site: Site) -> None:
    await commit(site.timeline, problem="No.", failures=1, next_at=2e9)
    await site.timeline.postpone([FEED], 1.9e9)
    assert json.loads((await post(site)).body) == {"due": [], "paused": {FEED: 1.9e9}}


async def test_a_browser_is_led_back_to_the_page(site: Site) -> None:
    await commit(site.timeline, problem="No.", failures=1, next_at=2e9)
    answer = await post(site, Accept="text/html,*/*", Sec_Fetch_Site="same-origin")
    assert (answer.code, answer.headers["Location"]) == (303, "../status?tried=1")


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}],
)
async def test_another_site_cannot_have_a_browser_try_feeds(site: Site, headers: dict[str, str]) -> None:
    await commit(site.timeline, problem="No.", failures=1, next_at=2e9)
    assert (await post(site, **headers)).code == 403
    assert list(await site.timeline.claim(1_790_000_000.0, 1, 15.0)) == []


async def test_a_link_tries_nothing(site: Site) -> None:
    assert (await site.admin("/feeds/retry")).code == 405


async def test_an_unknown_feed_is_a_404(site: Site) -> None:
    assert (await post(site, "url=https://elsewhere.example/")).code == 404


async def test_the_public_address_tries_feeds_with_the_token_alone(site: Site) -> None:
    assert (await post(site, base=site.url(""))).code == 404
    assert (await post(site, base=site.url(""), Authorization=f"Bearer {TOKEN}")).code == 404


# Rows and remedies


def feeds(*urls: str) -> dict[str, status.Followed]:
    blog = Blog(slug="blog", title="Blog", feeds=tuple(Feed(url=url) for url in urls))
    return status.followed(Config(store="sqlite::memory:", blogs=(blog, blog.model_copy(update={"slug": "b"}))))


def test_a_feed_of_two_blogs_is_one_row() -> None:
    found = status.rows(feeds("https://a.example/"), {}, 1.0)
    assert [(row.feed, row.blogs, row.condition) for row in found.others] == [
        ("a.example/", ["blog", "b"], "waiting")
    ]


def test_rows_are_found_by_words_and_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "MAX_ROWS", 2)
    given = feeds(*(f"https://{name}.example/" for name in "abcd"))
    found = status.rows(given, {}, 1.0)
    assert ([row.title for row in found.others], found.more) == (["a.example", "b.example"], 2)
    found = status.rows(given, {}, 1.0, words="D.example blog")
    assert ([row.title for row in found.others], found.more) == (["d.example"], 0)


def test_the_latest_failure_comes_first() -> None:
    states = {
        f"https://{name}.example/": FeedState(
            url=name, problem="No.", failures=1, failing_since=since, checked_at=since
        )
        for name, since in (("a", 10.0), ("b", 20.0))
    }
    given = feeds(*states)
    found = status.rows(given, {identity: states[url] for identity, url in zip(given, states, strict=True)}, 30.0)
    assert [row.title for row in found.failing] == ["b.example", "a.example"]


def test_no_row_has_a_secret() -> None:
    url = f"https://ann:{SECRET}@a.example/feed?token={SECRET}"
    given = feeds(url)
    state = FeedState(url=next(iter(given)), problem=f"It failed at https://b.example/?key={SECRET}.", failures=1)
    (row,) = status.rows(given, {state.url: state}, 1.0).failing
    assert SECRET not in repr(row)
    assert status.named_by(Config(blogs=(Blog(slug="b", title="B", feeds=(Feed(url=url),)),)), row.key) == state.url


@pytest.mark.parametrize(
    ("problem", "cause"),
    [
        ("/srv/livelog.db: database or disk is full", "disk_full"),
        ("/srv/livelog.db: attempt to write a readonly database", "read_only"),
        ("/srv/livelog.db: unable to open database file", "read_only"),
        ("/srv/livelog.db: disk I/O error", "disk_fails"),
        ("/srv/livelog.db: database disk image is malformed", "disk_fails"),
        ("redis://127.0.0.1:6379/0: it did not answer in time", "redis_away"),
        ("redis://127.0.0.1:6379/0: OOM command not allowed when used memory > 'maxmemory'.", "redis_memory"),
        ("redis://127.0.0.1:6379/0: MISCONF Redis is configured to save RDB snapshots", "redis_disk"),
        ("redis://127.0.0.1:6379/0: READONLY You can't write against a read only replica.", "redis_replica"),
        ("redis://127.0.0.1:6379/0: the user name or the password is wrong", "redis_login"),
        ("redis://127.0.0.1:6379/0: LOADING Redis is loading the dataset in memory", "redis_loading"),
        ("The fan-out met a bug and ended; the log has the details.", "bug"),
        ("This server is about to stop.", "stopping"),
        ("something else", "store"),
    ],
)
def test_a_problem_of_the_store_has_a_remedy(problem: str, cause: str) -> None:
    assert remedies.for_store(problem).cause == cause


@pytest.mark.parametrize("given", ["%00", "http://[", "http://[::1", "%ED%A0%80", "a" * 5000, "javascript:1", "//"])
async def test_any_text_may_be_given_as_a_url(site: Site, given: str) -> None:
    assert (await post(site, f"url={given}")).code in (400, 404)
    assert (await site.admin(f"/status?q={given}&tried={given}", Accept="text/html")).code == 200
