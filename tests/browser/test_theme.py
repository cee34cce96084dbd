"""A blog's accent: the style sheet makes a colour of it that is readable on light and on dark pages."""

from __future__ import annotations

from playwright.async_api import Page

from tests.browser.test_access import CONTRAST, ENOUGH, SCHEMES, marked
from tests.browser.visitor import until_live
from tests.livelog import Livelog

GRID = [
    f"#{red:02x}{green:02x}{blue:02x}"
    for red in range(0, 256, 51)
    for green in range(0, 256, 51)
    for blue in range(0, 256, 51)
]

# The contrast of each accent's mark with the page, as `contrast` measures it.
CONTRASTS = """([element], accents) => accents.map((accent) => {
  document.documentElement.style.setProperty('--accent', accent);
  return contrast([element])[0];
})"""


ACCENTS = ["#000000", "#b0301c", "#1133aa", "#004400", "#ffff00", "#ffffff", "#777777"]


async def test_an_accent_of_config_yaml_is_readable_on_a_dark_page(livelog: Livelog, page: Page) -> None:
    await livelog.start({f"blog-{accent[1:]}": {"feeds": [], "accent": accent} for accent in ACCENTS})
    await page.emulate_media(color_scheme="dark")
    for accent in ACCENTS:
        await page.goto(livelog.url(f"/blog-{accent[1:]}/"))
        await until_live(page)
        mark = await marked(page)
        found = await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')")
        assert found == accent
        assert min(await mark.evaluate_all(CONTRAST)) >= ENOUGH, accent


async def test_every_accent_of_a_grid_is_readable(livelog: Livelog, page: Page) -> None:
    await livelog.start({"blog": {"feeds": []}})
    await page.goto(livelog.url("/blog/"))
    await until_live(page)
    mark = await marked(page)
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        measure = CONTRASTS.replace("contrast(", f"({CONTRAST})(")
        ratios = await mark.evaluate_all(measure, GRID)
        assert min(zip(ratios, GRID, strict=True))[0] >= ENOUGH, (scheme, min(zip(ratios, GRID, strict=True)))
