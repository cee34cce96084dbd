"""Common to all answers: security headers, the form of errors, static files."""

from __future__ import annotations

import json

import pytest

from tests.site import Site
from timeline import Page, TimelineError

PATHS = [
    "/",
    "/blog/",
    "/blog/entries",
    "/blog/sources",
    "/blog/embed",
    "/blog/e/aaaa",
    "/blog/theme.css",
    "/blog/logo",
    "/blog/feeds.opml",
    "/healthz",
    "/nowhere/",
    "/static/livelog.css",
    "/static/missing",
    "/x/y/z",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_a_strict_content_security_policy(site: Site, path: str) -> None:
    headers = (await site.get(path)).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Server"] == "Livelog"


async def test_programs_get_errors_as_json(site: Site) -> None:
    answer = await site.get("/nowhere/")
    assert json.loads(answer.body) == {"error": {"status": 404, "message": "There is no such blog here."}}


async def test_people_get_errors_as_a_page(site: Site) -> None:
    answer = await site.get("/nowhere/", Accept="text/html,application/xhtml+xml")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "There is no such blog here." in answer.body.decode()


async def test_a_method_that_is_not_supported_is_a_405(site: Site) -> None:
    answer = await site.get("/blog/", method="POST")
    assert (answer.code, json.loads(answer.body)["error"]["status"]) == (405, 405)


async def test_a_timeline_that_is_down_is_a_503_and_one_line_in_the_log(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def down(*_: object) -> Page:
        raise TimelineError("disk I/O error")

    monkeypatch.setattr(site.timeline, "page", down)
    answer = await site.get("/blog/")
    assert answer.code == 503
    assert "disk I/O" not in answer.body.decode(), "the reason is the operator's business"
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert lines == ["/blog/: the timeline cannot be read: disk I/O error"]
    caplog.clear()


async def test_static_files_are_revalidated(site: Site) -> None:
    first = await site.get("/static/page.js")
    assert first.headers["Cache-Control"] == "no-cache"
    again = await site.get("/static/page.js", If_None_Match=first.headers["Etag"])
    assert again.code == 304


async def test_nothing_outside_the_static_folder_is_served(site: Site) -> None:
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static//etc/passwd"):
        assert (await site.get(path)).code in (400, 403, 404), path
