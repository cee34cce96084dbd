"""`try`: one feed is fetched, and its entries are told as a filter takes and rejects them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.commands.test_check import names_in
from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, raw_origin, whole
from tests.test_server import command, ended

ENTRIES = rss(
    "<title>Budget passes</title><pubDate>Sat, 14 Mar 2026 20:41:00 GMT</pubDate>",
    "<title>Rain again</title><pubDate>Sat, 14 Mar 2026 18:00:00 GMT</pubDate>",
    "<title>Budget fails</title><pubDate>Fri, 13 Mar 2026 08:00:00 GMT</pubDate>",
)


@pytest.fixture
async def origin() -> AsyncIterator[RawOrigin]:
    async with raw_origin() as opened:
        yield opened


async def test_entries_are_told_as_the_filter_takes_them(tmp_path: Path, origin: RawOrigin) -> None:
    url = origin.serve("/a.xml", whole(ENTRIES))
    code, printed, errors = await ended("try", url, "--include", "budget", "--exclude=/fails?/", cwd=tmp_path)
    assert (code, errors) == (0, "")
    assert printed.splitlines() == [
        "News: 3 entries, 1 taken, 2 filtered out.",
        "+ 2026-03-14 20:41  Budget passes",
        "- 2026-03-14 18:00  Rain again",
        "- 2026-03-13 08:00  Budget fails",
    ]
    assert names_in(tmp_path) == [], "nothing is stored"


async def test_a_feed_of_the_configuration_has_its_filter_and_login(tmp_path: Path, origin: RawOrigin) -> None:
    url = origin.serve("/a.xml", whole(ENTRIES))
    feed = {"url": url, "id": "city", "include": ["budget"]}
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {"feeds": [feed]}}}))
    _, printed, _ = await ended("try", "city", cwd=tmp_path)
    assert printed.startswith("News: 3 entries, 2 taken, 1 filtered out.\n")
    _, printed, _ = await ended("try", url, "--include", "rain", cwd=tmp_path)
    assert printed.startswith("News: 3 entries, 1 taken, 2 filtered out.\n")


async def test_a_feed_of_the_configuration_is_requested_as_its_keys_say(tmp_path: Path, origin: RawOrigin) -> None:
    feed = {"url": origin.serve("/a.xml", whole(ENTRIES)), "id": "city", "cookie": "a=b", "user_agent": "Own"}
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {"feeds": [feed]}}}))
    for arguments in (("try", "city"), ("check", "--feeds")):
        await ended(*arguments, cwd=tmp_path)
        assert "\r\ncookie: a=b\r\n" in origin.heads[-1].replace("Cookie", "cookie")
        assert "\r\nUser-Agent: Own\r\n" in origin.heads[-1]


async def test_a_feed_that_fails_is_told_with_its_remedy(tmp_path: Path, origin: RawOrigin) -> None:
    url = origin.serve("/gone?token=s3cr3ts3cr3t", whole(b"", status="410 Gone"))
    code, output = await command("try", url, cwd=tmp_path)
    assert code == 1
    shown = url.replace("s3cr3ts3cr3t", "***")
    assert output == (
        f"{shown}: The answer was 410 Gone. Remove it from config.yaml, or put in its new address. "
        "Livelog asks again in a year.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "command line: missing: URL"),
        (("gopher://example.org/",), "command line: gopher://example.org/: must be a URL that begins with http"),
        (("http://127.0.0.1:1/", "--include=/(/"), "command line: --include: is not a valid regular expression"),
        (("http://127.0.0.1:1/", "http://127.0.0.1:2/"), "one argument too many"),
    ],
)
async def test_a_mistake_is_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    code, output = await command("try", *arguments, cwd=tmp_path)
    assert code == 2
    assert words in output
    assert output.count("\n") == 1


async def test_a_page_without_a_feed_is_read_with_its_selectors(tmp_path: Path, origin: RawOrigin) -> None:
    page = b"<title>City</title><li><a href=/1>Budget passes</a> <time>2026-03-14 20:41</time><li><a href=/2>Rain</a>"
    url = origin.serve("/news", whole(page))
    feed = {"url": url, "scrape": {"list": "li"}, "exclude": ["rain"]}
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {"feeds": [feed]}}}))
    code, printed, errors = await ended("try", url, cwd=tmp_path)
    assert (code, errors) == (0, "")
    assert printed.splitlines() == [
        "City: 2 entries, 1 taken, 1 filtered out.",
        "- " + " " * 16 + "  Rain",
        "+ 2026-03-14 20:41  Budget passes",
    ]
    code, printed, _ = await ended("check", "--feeds", cwd=tmp_path)
    assert (code, printed.splitlines()[-1]) == (0, "1 feed, 0 failing.")


async def test_a_page_on_which_nothing_is_selected_fails_with_the_remedy(tmp_path: Path, origin: RawOrigin) -> None:
    feed = {"url": origin.serve("/news", whole(b"<p>Hello")), "scrape": {"list": "li"}}
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {"feeds": [feed]}}}))
    code, printed, _ = await ended("check", "--feeds", cwd=tmp_path)
    assert code == 1
    assert "scrape.list, “li”, selects nothing on this page. Correct scrape of the feed in config.yaml" in printed
