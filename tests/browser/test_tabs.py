"""Tabs: two of them at once, one that was put to sleep, and who of them speaks."""

from __future__ import annotations

from typing import Final

from playwright.async_api import Page, expect

from demo.newsroom import Newsroom
from tests.browser.script import Script
from tests.browser.visitor import REFUSED, Visitor, all_shown, becomes, every_second, ids, listed, until_live
from tests.livelog import Livelog

NOTIFICATIONS: Final = """
if (location.protocol === 'http:') {
  localStorage.setItem('livelog:notifications', 'on');
  localStorage.setItem('livelog:sound', 'on');
}
window.told = [];
window.Notification = class {
  static requestPermission = async () => 'granted';
  constructor(title, { body }) { told.push(`${title}: ${body}`); }
};
window.tones = 0;
window.AudioContext = class {
  currentTime = 0;
  resume() {}
  createGain() {
    const gain = { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} };
    return { gain, connect() {} };
  }
  createOscillator() {
    tones += 1;
    return { frequency: {}, connect: (next) => next, start() {}, stop() {} };
  }
};
Object.defineProperty(document, 'hidden', { configurable: true, get: () => !window.isSeen });
"""

LOOK: Final = "window.isSeen = true; document.dispatchEvent(new Event('visibilitychange'))"


async def test_two_tabs_and_one_that_slept_show_the_same(
    livelog: Livelog, newsroom: Newsroom, visitor: Visitor, page: Page
) -> None:
    """The server is another one when the tab wakes up."""
    visitor.expects(REFUSED)
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="One")
    blogs = {"blog": [every_second(desk)]}
    await livelog.start(blogs)
    await listed(livelog, 1)
    other = await page.context.new_page()
    for tab in (page, other):
        await tab.goto(livelog.url("/blog/"))
        await until_live(tab)
    sleep = await page.context.new_cdp_session(other)
    await sleep.send("Page.setWebLifecycleState", {"state": "frozen"})
    await livelog.kill()
    for number in range(3):
        desk.publish(title=f"Meanwhile {number}")
    await livelog.start(blogs)
    await all_shown(page, 4)
    await sleep.send("Page.setWebLifecycleState", {"state": "active"})
    await all_shown(other, 4)
    assert await ids(page) == await ids(other) == [entry["id"] for entry in await livelog.entries()]


async def test_of_several_tabs_one_speaks_and_only_if_nobody_looks(filled: Livelog, page: Page) -> None:
    await page.context.add_init_script(NOTIFICATIONS)
    other = await page.context.new_page()
    scripts = [await Script.open(filled, tab) for tab in (page, other)]
    for script in scripts:
        script.entry("Aloud")
    for tab in (page, other):
        await becomes(tab.title, "(1) blog")

    async def told() -> list[str]:
        return [sentence for tab in (page, other) for sentence in await tab.evaluate("told")]

    await becomes(told, ["blog: Aloud"])
    assert await page.evaluate("tones") + await other.evaluate("tones") == 2, "the two of one chord"
    await other.evaluate(LOOK)
    await page.clock.install()
    await page.clock.fast_forward(60_000)
    for script in scripts:
        script.entry("Seen")
    await becomes(page.title, "(2) blog")
    assert await told() == ["blog: Aloud"]


async def test_sound_and_notifications_are_off_until_the_reader_asks(filled: Livelog, page: Page) -> None:
    await page.add_init_script(NOTIFICATIONS.replace("localStorage.setItem", "void"))
    script = await Script.open(filled, page)
    script.entry("In silence")
    await becomes(page.title, "(1) blog")
    assert await page.evaluate("[told.length, tones]") == [0, 0]
    await page.get_by_role("button", name="Keyboard shortcuts, sound and notifications").click()
    await page.get_by_label("Soft sound").check()
    assert await page.evaluate("tones") == 2, "the reader hears what it is like"
    await page.get_by_label("Notifications while this page is in the background").check()
    await expect(page.get_by_label("Notifications while this page is in the background")).to_be_checked()
    assert await page.evaluate("localStorage.getItem('livelog:notifications')") == "on"
