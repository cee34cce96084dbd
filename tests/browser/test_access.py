"""The page for those who don't use a mouse, or don't see well."""

from __future__ import annotations

from typing import Any, Final, Literal

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.visitor import Visitor, post, posts, until_live
from tests.livelog import Livelog

TAB_STOPS = 12

# A player shows the focus on its own controls.
FOCUS = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  const { top, bottom, left, right, width } = document.activeElement.getBoundingClientRect();
  return {
    isShown: (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || document.activeElement.controls,
    isInView: width > 0 && top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth,
  };
}"""

# WCAG 2.2, contrast ratio. A canvas turns whatever notation a colour has into sRGB, over what lies behind it.
CONTRAST = """(elements) => elements.map((element) => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const layers = [];
  for (let box = element; box; box = box.parentElement) layers.unshift(getComputedStyle(box).backgroundColor);
  const luminance = () => {
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paint = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
  };
  layers.forEach(paint);
  const behind = luminance();
  paint(getComputedStyle(element).color);
  const before = luminance();
  return (Math.max(before, behind) + 0.05) / (Math.min(before, behind) + 0.05);
})"""

ENOUGH = 4.5

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")

ACCENTS = ("#ffee00", "#00ff66", "#0000ff", "#ff00cc", "#000000", "#ffffff")
"""Colours that an operator may choose."""

# What a reader sees move: anything but a change of colour, which a mark may have.
MOTION = """() => document.getAnimations().flatMap((animation) => animation.effect.getKeyframes()).flatMap((frame) =>
  Object.entries(frame).filter(([name, value]) =>
    !['offset', 'computedOffset', 'easing', 'composite'].includes(name)
    && !/color$/i.test(name) && !(name === 'opacity' && value === '1')
    && !name.startsWith('background')).map(([name]) => name))"""

TEXTS = {
    "title of the blog": ".bar .name a",
    "state": ".bar .state",
    "day": ".day",
    "time": ".clock",
    "age": ".when",
    "headline": ".headline a",
    "source": ".source bdi",
    "mark of the source": ".tile",
    "author": ".authors bdi",
    "text": ".content p",
    "link in the text": ".content a",
    "quotation": ".content blockquote p",
    "code": ".content pre",
    "caption": ".content figcaption",
    "attachment": ".attachments a",
    "way to older posts": ".older a",
    "foot": ".foot p",
}


async def test_the_first_stop_skips_to_the_posts(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the posts")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(post(page, "Last").locator(".source a")).to_be_focused()


async def test_the_focus_can_be_seen_wherever_it_goes(filled: Livelog, page: Page) -> None:
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    for _ in range(TAB_STOPS):
        await page.keyboard.press("Tab")
        focus: dict[str, Any] = await page.evaluate(FOCUS)
        assert focus["isShown"]
        assert focus["isInView"]


@pytest.mark.parametrize("path", ["/blog/", "/", "/blog/e/{id}"])
async def test_a_page_has_its_landmarks_and_language(filled: Livelog, page: Page, path: str) -> None:
    newest = (await filled.json("/blog/entries?limit=1"))["items"][0]
    await page.goto(filled.url(path.format(id=newest["id"])))
    for role in ("banner", "main", "contentinfo"):
        await expect(page.get_by_role(role)).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
    await expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(251, 250, 247)"), ("dark", "rgb(23, 23, 22)")])
async def test_text_stands_out_from_its_ground(
    filled: Livelog, visitor: Visitor, scheme: Literal["light", "dark"], ground: str
) -> None:
    page = await visitor.page(color_scheme=scheme)
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    assert await page.locator("html").evaluate("(html) => getComputedStyle(html).backgroundColor") == ground
    for what, where in TEXTS.items():
        ratios = await page.locator(where).evaluate_all(CONTRAST)
        assert ratios, f"no {what} on the page"
        assert min(ratios) >= ENOUGH, what


async def test_every_colour_of_a_mark_stands_out(filled: Livelog, page: Page) -> None:
    """Each source has one of twelve: the page's marks are given them in turn."""
    await page.goto(filled.url("/blog/"))
    tiles = page.locator(".tile")
    await tiles.evaluate_all("(all) => all.forEach((tile, n) => { tile.className = `tile hue-${n % 12}`; })")
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        ratios = (await tiles.evaluate_all(CONTRAST))[:12]
        assert len({round(ratio, 6) for ratio in ratios}) == 12, "they differ"
        assert min(ratios) >= ENOUGH


async def marked(page: Page) -> Locator:
    """An element in the colour of marks, on the page's ground: a dot of that colour has no ground of its own."""
    state = page.locator("#state")
    await state.evaluate("(state) => { state.style.color = 'var(--mark)'; }")
    return state


async def test_every_accent_stands_out(filled: Livelog, page: Page) -> None:
    """An operator names one colour, and not one for each theme."""
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    mark = await marked(page)
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        for accent in ACCENTS:
            await page.evaluate("(accent) => document.documentElement.style.setProperty('--accent', accent)", accent)
            assert min(await mark.evaluate_all(CONTRAST)) >= ENOUGH, (scheme, accent)


async def test_nothing_moves_for_those_who_do_not_want_it(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(reduced_motion="reduce")
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    await posts(page).first.evaluate("(post) => post.classList.add('arrived')")
    assert await page.evaluate("document.getAnimations().length") > 0, "that it is new is shown all the same"
    assert await page.evaluate(MOTION) == []
    await page.emulate_media(reduced_motion="no-preference")
    assert "opacity" in await page.evaluate(MOTION)


async def test_the_rail_is_there_in_colours_of_the_readers_own(filled: Livelog, visitor: Visitor) -> None:
    page = await visitor.page(forced_colors="active")
    await page.goto(filled.url("/blog/"))
    await until_live(page)
    ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    rail = "getComputedStyle(document.getElementById('timeline'), '::before').backgroundColor"
    mark = "getComputedStyle(document.querySelector('.entry > .clock'), '::after').backgroundColor"
    tile = "getComputedStyle(document.querySelector('.tile')).outlineColor"
    for part in (rail, mark, tile):
        assert await page.evaluate(part) not in (ground, "rgba(0, 0, 0, 0)"), part
