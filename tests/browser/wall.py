"""What is wrong with the layout of a wall: it must never scroll, and show whole lines only."""

from __future__ import annotations

from typing import Any, Final

from playwright.async_api import Page

from tests.browser.visitor import becomes

FAULTS: Final = """() => {
  const faults = [];
  const { scrollHeight, scrollWidth } = document.scrollingElement;
  if (scrollHeight > innerHeight || scrollWidth > innerWidth) faults.push('scrolls');
  const contains = (outer, inner) => inner.top >= outer.top - 0.5 && inner.left >= outer.left - 0.5
    && inner.bottom <= outer.bottom + 0.5 && inner.right <= outer.right + 0.5;
  for (const element of document.querySelectorAll('body :is(header, main), body :is(header, main) *')) {
    const box = element.getBoundingClientRect();
    if (!element.checkVisibility() || box.width === 0) continue;
    const name = `${element.localName}.${element.className}: ${element.textContent.trim().slice(0, 40)}`;
    const cell = element.closest('.wall-card, .wall-cell, .wall-bar, main');
    if (!contains({ top: 0, left: 0, right: innerWidth, bottom: innerHeight }, box)) faults.push(`outside ${name}`);
    else if (!contains(cell.getBoundingClientRect(), box)) faults.push(`cut off ${name}`);
    // Inline boxes have no height of their own.
    if (getComputedStyle(element).display === 'inline') continue;
    const { scrollHeight, clientHeight, scrollWidth, clientWidth } = element;
    if (scrollHeight > clientHeight || scrollWidth > clientWidth) faults.push(`clipped ${name}`);
  }
  return faults;
}"""

LOADED: Final = "[...document.images].every((image) => image.complete || !image.checkVisibility())"


async def until_shown(page: Page) -> None:
    """Waits for the wall to be live, with fonts and pictures."""
    await page.wait_for_selector('#state[data-state="live"]')
    await page.evaluate("document.fonts.ready")
    await becomes(lambda: page.evaluate(LOADED), True)


async def is_whole(page: Page) -> None:
    """Fails unless the layout soon has no fault."""

    async def faults() -> Any:
        return await page.evaluate(FAULTS)

    await becomes(faults, [], seconds=5)
