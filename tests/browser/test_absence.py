"""After an absence the page says what came meanwhile; what it can't know it shows as a gap."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from entries import FRONT_PAGE
from tests.browser.script import HIDE, Script, post_item
from tests.browser.visitor import becomes, posts, state, titles, until_live
from tests.livelog import Livelog


async def test_what_came_while_the_reader_was_away_is_counted(filled: Livelog, page: Page) -> None:
    entries = (await filled.json("/blog/entries"))["items"]
    await page.clock.install()
    script = await Script.open(filled, page)
    script.greets = False
    await script.drop()
    await page.clock.run_for(1_000)
    await script.connected()
    await page.clock.fast_forward(12 * 60_000)
    script.hello(10)
    for number in range(7):
        script.entry(f"Meanwhile {number}")
    for item in entries[3:5]:
        script.update(item, title="Corrected")
    script.delete(entries[6]["id"])
    await page.clock.run_for(1_000)
    pill = page.get_by_role("button", name="7 new, 2 updated, 1 withdrawn · while you were away 12 min")
    await expect(pill).to_be_visible()
    assert (await titles(page))[0] == "Last", "they wait: the reader may be reading"
    await pill.click()
    assert (await titles(page))[:7] == [f"Meanwhile {number}" for number in reversed(range(7))]
    await expect(posts(page).nth(6)).to_be_focused()
    await expect(pill).to_be_hidden()


async def test_posts_of_an_absence_are_counted_on_the_pill(filled: Livelog, page: Page) -> None:
    await page.clock.install()
    script = await Script.open(filled, page)
    await page.evaluate(HIDE, True)
    script.entry("Meanwhile")
    await page.clock.run_for(1_000)
    await page.clock.fast_forward(12 * 60_000)
    await page.evaluate(HIDE, False)
    pill = page.locator(".fresh")
    await expect(pill).to_have_text("1 new post in the 12 min you were away")
    script.entry("Back again")
    await page.clock.run_for(1_000)
    await expect(pill).to_have_text("2 new posts")


async def test_corrections_of_an_absence_are_told_in_a_sentence(filled: Livelog, page: Page) -> None:
    item = (await filled.json("/blog/entries"))["items"][3]
    await page.clock.install()
    script = await Script.open(filled, page)
    script.greets = False
    await script.drop()
    await page.clock.run_for(1_000)
    await script.connected()
    await page.clock.fast_forward(3 * 60_000)
    script.hello(1)
    script.update(item, title="Corrected")
    await page.clock.run_for(1_000)
    await becomes(page.locator("#notice").inner_text, "1 updated · while you were away 3 min")
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.locator("#notice")).to_be_hidden()


async def test_a_gap_stands_in_its_place_and_can_be_filled(filled: Livelog, page: Page) -> None:
    """What the server's pages have between the two is what a reset leaves out: here, nothing of its own."""
    entries = (await filled.json("/blog/entries?limit=200"))["items"]
    script = await Script.open(filled, page, "/blog/")
    newest = [post_item(f"n{number:02}", f"Newest {number}", minutes=number) for number in range(FRONT_PAGE)]
    script.hello(recovered=False)
    script.reset(newest[::-1])
    await page.get_by_role("button", name="50 new posts").click()
    await becomes(posts(page).count, 2 * FRONT_PAGE)
    gap = page.locator("#timeline > .gap")
    await expect(gap).to_contain_text(re.compile(r"Some posts may be missing (around|between) \d\d:"))
    assert (
        await gap.evaluate("(gap) => gap.parentElement.querySelector(':scope > article:has(+ .mark)').dataset.id")
        == newest[0]["id"]
    )
    assert await gap.evaluate("(gap) => gap.nextElementSibling.dataset.id") == entries[0]["id"]
    await gap.get_by_role("link", name="Load missing posts").click()
    await expect(gap).to_have_count(0)
    assert (await titles(page))[FRONT_PAGE] == "Last"


async def test_the_state_tells_since_when_nothing_is_known(filled: Livelog, page: Page) -> None:
    await page.clock.install()
    script = await Script.open(filled, page)
    script.greets = False
    await script.drop()
    await page.clock.run_for(5_000)
    await becomes(lambda: state(page), "Reconnecting")
    await page.clock.fast_forward(60_000)
    await expect(page.locator("#state")).to_have_text(re.compile(r"Offline since \d\d:\d\d"))
    script.greets = True
    await page.clock.fast_forward(60_000)
    await page.clock.run_for(60_000)
    await until_live(page)


async def test_the_age_of_the_newest_post_is_beside_the_state(filled: Livelog, page: Page) -> None:
    """Screen readers are told of the state alone, not of each minute."""
    await page.clock.install()
    script = await Script.open(filled, page)
    script.entry("Now")
    await page.clock.run_for(500)
    age, status = page.locator("#state > .age"), page.locator("#state > [role=status]")
    await expect(age).to_have_attribute("title", "Newest post just now")
    await status.evaluate("""(status) => {
      window.told = 0;
      const observed = { childList: true, characterData: true, subtree: true };
      new MutationObserver(() => { window.told += 1; }).observe(status, observed);
    }""")
    for _ in range(4):
        await page.clock.run_for(60_000)
    await expect(age).to_have_attribute("title", re.compile("Newest post [45] min ago"))
    await expect(age.locator("[aria-hidden]")).to_have_text(re.compile("· [45] min"))
    assert await page.evaluate("told") == 0
    await page.clock.fast_forward(72 * 3_600_000)
    await page.clock.run_for(10_000)
    await expect(age).to_have_attribute("title", re.compile(r"Last post \d+ \w+ 20\d\d"))
    script.greets = False
    await script.drop()
    await page.clock.run_for(1_000)
    await becomes(lambda: state(page), "Reconnecting")
    await expect(age).to_be_empty()
