"""The layout holds, whatever publishers write."""

from __future__ import annotations

from demo.newsroom import Newsroom
from tests.browser.visitor import Visitor, becomes, every_second, post, posts
from tests.livelog import Livelog

PHONE = 360


async def test_nothing_is_wider_than_a_phone(livelog: Livelog, newsroom: Newsroom, visitor: Visitor) -> None:
    word = "W" * 5_000
    cells = "".join(f"<td>Column {number}" for number in range(40))
    desk = newsroom.open_desk("/a.xml", title=word[:300])
    desk.publish(title=word, html=f"<p>{word}</p>", author=word[:200], categories=(word[:200],))
    desk.publish(title="Table", html=f"<table><tr>{cells}</table>")
    desk.publish(title="Code", html=f"<pre><code>{word}</code></pre><p><code>{word}</code></p>")
    image = newsroom.add_file(
        "/i.svg", b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>', "image/svg+xml"
    )
    desk.publish(title="Image", html=f'<img src="{image}" width="99999" height="60000"><video width="99999"></video>')
    desk.publish(title="List", html=f"<ul><li><ol><li><blockquote><h2>{word}</h2></blockquote></ol></ul>")
    await livelog.start({"blog": [every_second(desk)]})
    page = await visitor.page(viewport={"width": PHONE, "height": 640})
    await page.goto(livelog.url("/blog/"))
    await becomes(posts(page).count, 5)
    await post(page, "Image").scroll_into_view_if_needed()
    for name in ("Table", "Code", "Image", "List"):
        box = await post(page, name).locator(".content").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE
    assert await page.evaluate("document.scrollingElement.scrollWidth") == PHONE
    newest = (await livelog.entries())[-1]
    await page.goto(livelog.url(f"/blog/e/{newest['id']}"))
    assert await page.evaluate("document.scrollingElement.scrollWidth") == PHONE
