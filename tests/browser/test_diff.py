"""What changed between two texts, word by word (static/post/diff.js)."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser, Page

from tests.livelog import Livelog

DIFF = """async ([before, after, bounds, lacking]) => {
  if (lacking) Object.defineProperty(Intl, 'Segmenter', { value: undefined, configurable: true });
  const { diff } = await import(lacking ? '/static/post/diff.js?lacking' : '/static/post/diff.js');
  const signs = { same: '', gone: '-', new: '+' };
  return diff(before, after, bounds)?.map(({ kind, text }) => signs[kind] + text) ?? null;
}"""

# Many at once: a call to the browser takes longer than a diff.
DIFFS = """async (pairs) => {
  const { diff, words } = await import('/static/post/diff.js');
  return pairs.map(([before, after]) => [diff(before, after), words(before).join('') === before]);
}"""

TIMED = """async ([before, after]) => {
  const { diff } = await import('/static/post/diff.js');
  const began = performance.now();
  const found = diff(before, after);
  return [found && found.length, performance.now() - began];
}"""

CASES: dict[str, tuple[str, str, list[str]]] = {
    "nothing": ("Two are hurt.", "Two are hurt.", ["Two are hurt."]),
    "empty": ("", "", []),
    "a word": ("Two are hurt.", "Three are hurt.", ["-Two ", "+Three ", "are hurt."]),
    "a word at the end": ("It is on at nine", "It is on at ten", ["It is on at ", "-nine", "+ten"]),
    "a word more": ("It is over.", "It is not over.", ["It is ", "+not ", "over."]),
    "a word less": ("It is not over.", "It is over.", ["It is ", "-not ", "over."]),
    "capitals": ("The mayor said so", "The Mayor said so", ["The ", "-mayor ", "+Mayor ", "said so"]),
    "a number": ("14:07, 30 people", "14:09, 30 people", ["14:", "-07", "+09", ", 30 people"]),
    "signs between": (
        "the old, grey house by the quay",
        "the new, red house by the quay",
        ["the ", "-old, grey ", "+new, red ", "house by the quay"],
    ),
    "white space is nothing": ("one  two three", "one two   three", ["one two   three"]),
    "a paragraph more": ("One.\nTwo.", "One.\nAnd a half.\nTwo.", ["One.\n", "+And a half.\n", "Two."]),
    "Chinese": ("三人受伤，计票已经结束。", "五人受伤，计票已经结束。", ["-三人", "+五人", "受伤，计票已经结束。"]),
    "Chinese words": ("会议将于今天举行", "会议将于明天举行", ["会议将于", "-今天", "+明天", "举行"]),
    "Arabic": (
        "أعلن العمدة النتيجة اليوم",
        "أعلن الوزير النتيجة اليوم",
        ["أعلن ", "-العمدة ", "+الوزير ", "النتيجة اليوم"],
    ),
    "two directions": (
        "قال John Doe إنه فاز بالتصويت",
        "قال Jane Doe إنه فاز بالتصويت",
        ["قال ", "-John ", "+Jane ", "Doe إنه فاز بالتصويت"],
    ),
    "Thai": ("ฉันรักแมวของฉัน", "ฉันรักหมาของฉัน", ["ฉันรัก", "-แมว", "+หมา", "ของฉัน"]),
    "emoji": (
        "Done 👩🏽‍🚀 and dusted today",
        "Done 👨🏽‍🚀 and dusted today",
        ["Done ", "-👩🏽‍🚀 ", "+👨🏽‍🚀 ", "and dusted today"],
    ),
}

WORD = st.sampled_from(["a", "b", "c", "d,", "e.", "\n", "新闻", "باب"])
TEXT = st.lists(WORD, max_size=12).map(" ".join) | st.text(max_size=20)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lab(browser: Browser, filled: Livelog) -> Any:
    """A page that modules can be tried on."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.goto(filled.url("/other/?before=0-a"))
        yield page


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def old_lab(browser: Browser, filled: Livelog) -> Any:
    """Another, whose browser is made to know no words."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        await page.goto(filled.url("/other/?before=0-a"))
        yield page


@pytest.mark.parametrize("case", CASES)
async def test_what_changed(lab: Page, case: str) -> None:
    before, after, parts = CASES[case]
    assert await lab.evaluate(DIFF, [before, after, {}, False]) == parts


@pytest.mark.parametrize("case", ["a word", "Arabic", "a paragraph more", "white space is nothing", "signs of Han"])
async def test_it_is_found_in_a_browser_that_knows_no_words(old_lab: Page, case: str) -> None:
    signs = ("三人受伤，计票已经结束。", "五人受伤，计票已经结束。", ["-三", "+五", "人受伤，计票已经结束。"])
    before, after, parts = {**CASES, "signs of Han": signs}[case]
    assert await old_lab.evaluate(DIFF, [before, after, {}, True]) == parts


@pytest.mark.parametrize(
    ("before", "after", "bounds"),
    [
        ("all of it is another text", "nothing remained as once written", {}),
        ("", "There was nothing before.", {}),
        ("a b c d e f g h", "a b c d e f g i", {"words": 15}),
        ("a b c d e f g h", "A b C d E f g h", {"changes": 5}),
    ],
)
async def test_texts_that_are_too_long_or_too_different_are_not_compared(
    lab: Page, before: str, after: str, bounds: dict[str, int]
) -> None:
    assert await lab.evaluate(DIFF, [before, after, bounds, False]) is None
    larger = {name: number + 1 for name, number in bounds.items()}
    assert (await lab.evaluate(DIFF, [before, after, larger, False]) is None) == (not bounds)


async def test_the_parts_make_up_both_texts(lab: Page) -> None:
    pairs: list[tuple[str, str]] = []

    @given(st.lists(st.tuples(TEXT, TEXT), min_size=400, max_size=400))
    @settings(max_examples=1, database=None)
    def collect(drawn: list[tuple[str, str]]) -> None:
        pairs[:] = drawn

    collect()
    for (before, after), (parts, is_whole) in zip(pairs, await lab.evaluate(DIFFS, pairs), strict=True):
        assert is_whole, before
        if parts is None:
            continue
        told = {
            kind: "".join(part["text"] for part in parts if part["kind"] in ("same", kind))
            for kind in ("gone", "new")
        }
        # White space on its own is no change.
        assert "".join(told["gone"].split()) == "".join(before.split())
        assert "".join(told["new"].split()) == "".join(after.split())


async def test_the_largest_texts_do_not_hold_up_the_page(lab: Page) -> None:
    text = " ".join(f"word{n % 97}" for n in range(9_000))
    for after in (text.replace("word5 ", "other "), text[::-1], " ".join(sorted(text.split())), text + text):
        parts, took = await lab.evaluate(TIMED, [text, after])
        assert took < 2_000, parts
