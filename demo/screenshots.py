"""`python -m demo.screenshots [--to=docs/screenshots] [NAME …]`: screenshots of the demo's evening.

The evening has fixed dates and the browser's clock is fixed, so one machine takes the same screenshots each time.
The fonts are the machine’s: Debian’s fonts-noto-core, fonts-noto-cjk and fonts-noto-color-emoji have all of the text.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from demo.chromium import chromium
from demo.evening import NOW, reported

_FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
_TIMEOUT_MS: Final = 30_000.0
_ARGUMENTS: Final = ("--no-sandbox", "--font-render-hinting=none", "--disable-lcd-text")

_LOAD: Final = """() => Promise.all([...document.images]
  .filter((image) => image.getBoundingClientRect().bottom > 0 && image.getBoundingClientRect().top < innerHeight)
  .map((image) => image.decode()))"""
"""Waits for the images in the viewport; the others load when they are near it."""

_LEAD: Final = """async (heading) => {
  const post = heading.closest('article');
  // Posts above are laid out (content-visibility) only once they were near the viewport, which moves this one.
  for (let left = 5; left > 0 && Math.abs(post.getBoundingClientRect().top - 96) >= 1; left -= 1) {
    scrollBy({ top: post.getBoundingClientRect().top - 96, behavior: 'instant' });
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
}"""
"""Scrolls until a post begins 96 px below the top, clear of the bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One screenshot: a page, a screen, and a CSS selector that must match.

    ``at`` is the headline to scroll to; None is the top of the page.
    """

    name: str
    path: str = "/blog/"
    wants: str = "#timeline > article"
    size: tuple[int, int] = (1280, 900)
    scale: float = 1.0
    scheme: Literal["light", "dark"] = "light"
    locale: str = "en-GB"
    at: str | None = None


PHONE: Final = (390, 844)

SHOTS: Final = (
    Shot(name="desktop"),
    Shot(
        name="dark", scheme="dark", at="Why a bridge gets stuck: a short course in grease, rust and good intentions"
    ),
    Shot(name="phone", size=PHONE, scale=1.5),
    Shot(name="phone-dark", size=PHONE, scale=1.5, scheme="dark", at="The night ferry: what is being asked"),
    Shot(name="list", path="/blog/?view=list", wants='body[data-view="list"]'),
    Shot(name="wall", path="/blog/?view=wall", wants='body[data-view="wall"]', size=(1920, 1080)),
    Shot(
        name="wall-sources",
        path="/blog/?view=wall&by=source",
        wants='body[data-view="wall"] #timeline > section',
        size=(1920, 1080),
        scheme="dark",
    ),
    Shot(name="embed", path="/blog/embed", wants='body[data-view="embed"]', size=(480, 640)),
    Shot(
        name="chinese",
        path="/blog/?lang=zh",
        wants='html[lang^="zh"]',
        locale="zh-CN",
        at="灯笼之夜：写给远道而来的朋友",
    ),
)


async def take(shots: Sequence[Shot], folder: Path) -> list[str]:
    """Write the screenshots into a folder, and return a message for each page that lacks what its shot wants."""
    program = chromium()
    if program is None:
        return ["Chromium is needed: apt-get install chromium-headless-shell"]
    failed: list[str] = []
    async with reported() as origin, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        for shot in shots:
            context = await _context(browser, shot)
            page = await context.new_page()
            if await _open(page, origin, shot):
                await page.screenshot(path=folder / f"{shot.name}.png", animations="disabled")
            else:
                failed.append(f"{shot.name}: there is no {shot.wants} on {shot.path}")
            await context.close()
        await browser.close()
    return failed


async def _context(browser: Browser, shot: Shot) -> BrowserContext:
    width, height = shot.size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        device_scale_factor=shot.scale,
        color_scheme=shot.scheme,
        locale=shot.locale,
        timezone_id="UTC",
    )
    context.set_default_timeout(_TIMEOUT_MS)
    await context.clock.set_fixed_time(NOW)
    return context


async def _open(page: Page, origin: str, shot: Shot) -> bool:
    """Open and scroll the page of a shot. Return False if its selector does not match."""
    await page.goto(origin + shot.path)
    if await page.locator(shot.wants).count() == 0:
        return False
    if await page.locator("#state").count():
        await page.wait_for_selector('#state[data-state="live"]')
    if shot.at is not None:
        await page.get_by_role("heading", name=shot.at).evaluate(_LEAD)
    await asyncio.wait_for(page.evaluate(_LOAD), _TIMEOUT_MS / 1000)
    return True


def main() -> int:
    """Run the command line and return the exit code."""
    names = [shot.name for shot in SHOTS]
    parser = argparse.ArgumentParser(prog="python -m demo.screenshots", description="Screenshots of the page.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (default: all): {', '.join(names)}")
    parser.add_argument("--to", type=Path, default=_FOLDER, help="the folder (default: docs/screenshots)")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in names]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}")
    wanted = [shot for shot in SHOTS if not options.names or shot.name in options.names]
    options.to.mkdir(parents=True, exist_ok=True)
    failed = asyncio.run(take(wanted, options.to))
    for sentence in failed:
        print(sentence, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
