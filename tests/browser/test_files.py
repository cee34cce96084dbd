"""Files that come with a post: what plays has a player, the others say what they are."""

from __future__ import annotations

import json

from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from pages.item import amount, duration
from tests.browser.visitor import Visitor, becomes, post, posts, until_live
from tests.livelog import Livelog, until
from tests.pictures import PICTURE_TYPE, svg

WRITTEN = """async ([sizes, times]) => {
  const { amount, length } = await import('/static/post/files.js');
  return [sizes.map(amount), times.map(length)];
}"""


async def test_files_play_when_they_are_asked_to_and_say_what_they_are(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor
) -> None:
    cover = newsroom.add_file("/cover.png", svg(30, 30), PICTURE_TYPE)
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "The Morning Tide",
        "items": [
            {
                "id": "1",
                "title": "Episode",
                "image": cover,
                "content_html": "<p>Notes.</p>",
                "attachments": [
                    {
                        "url": newsroom.url("/a.mp3"),
                        "mime_type": "audio/mpeg",
                        "size_in_bytes": 39_123_456,
                        "duration_in_seconds": 2_467,
                    },
                    {"url": newsroom.url("/b.pdf"), "mime_type": "application/pdf", "size_in_bytes": 1_234_567},
                    {"url": newsroom.url("/c"), "mime_type": "x/y"},
                    {"url": newsroom.url("/d.pdf"), "mime_type": "application/pdf", "title": "Minutes"},
                    {"url": newsroom.url("/e"), "mime_type": "x/y", "title": "Votes"},
                ],
            },
            {
                "id": "2",
                "title": "Film",
                "attachments": [{"url": newsroom.url("/v.mp4"), "mime_type": "video/mp4"}],
            },
        ],
    }
    feed = newsroom.add_file("/a.json", json.dumps(document).encode(), "application/feed+json")
    await livelog.start({"blog": [{"url": feed, "interval": "1s"}]})

    async def both() -> bool:
        return len(await livelog.entries()) == 2

    # Before the page is open: the second of two posts as long as these would wait there.
    await until(both)
    page = await visitor.page()
    await page.goto(livelog.url("/blog/"))
    await becomes(posts(page).count, 2)
    await until_live(page)
    episode, film = post(page, "Episode"), post(page, "Film")
    for player in (episode.locator("audio"), film.locator("video")):
        await expect(player).to_be_visible()
        assert await player.evaluate("({ controls, preload, autoplay }) => [controls, preload, autoplay]") == [
            True,
            "none",
            False,
        ]
    for player, name in ((episode.locator("audio"), "Episode"), (film.locator("video"), "Film")):
        await expect(player).to_have_attribute("aria-label", name)
    lines = await episode.locator(".attachments li:not(.cover)").all_inner_texts()
    assert [" ".join(line.split()) for line in lines] == [
        "Audio 41:07 39 MB",
        "PDF 1.2 MB",
        "File x/y",
        "Minutes PDF",
        "Votes x/y",
    ]
    pdf = episode.get_by_role("link", name="PDF", exact=True)
    await expect(pdf).to_have_attribute("href", newsroom.url("/b.pdf"))
    # The cover stands beside the player.
    picture, audio = await episode.evaluate(
        "(it) => [...it.querySelectorAll('.cover img, audio')].map((part) => part.getBoundingClientRect())"
    )
    assert picture["right"] < audio["left"]
    assert picture["width"] == 88
    assert abs(picture["top"] - audio["top"]) < 10
    assert not [request for request in visitor.requests if request.resource_type == "media"]


async def test_the_page_writes_sizes_and_lengths_as_the_server_does(filled: Livelog, page: Page) -> None:
    sizes = [1_000, 1_049, 1_050, 9_949, 9_950, 999_499, 999_500, 1_249_999, 10**7, 999_499_999, 10**12, 10**13]
    times = [1, 59, 60, 600, 3_599, 3_600, 3_909, 360_000]
    await page.goto(filled.url("/other/?before=0-a"))
    assert await page.evaluate(WRITTEN, [sizes, times]) == [list(map(amount, sizes)), list(map(duration, times))]
