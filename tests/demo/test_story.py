"""The story: paced, repeated without end, and performed at real desks."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import timedelta
from itertools import dropwhile, islice, takewhile

from demo.newsroom import Newsroom
from demo.posts import now
from demo.steps import DeskName, Step
from demo.story import AGAIN, DESKS, EVENING, PICTURES, open_desks, perform, story

ROUNDS = 3 * (len(EVENING) + 1)
"""Steps of three repetitions or more."""


def before() -> list[Step]:
    return list(takewhile(lambda step: step.age is not None, story()))


def live(count: int) -> list[Step]:
    steps = dropwhile(lambda step: step.age is not None, story())
    return list(islice(steps, count))


def test_every_run_has_the_same_pace() -> None:
    assert live(100) == live(100)


def test_the_page_is_not_empty_at_the_start() -> None:
    ages = [step.age for step in before() if step.age is not None]
    assert len(ages) == 28
    assert ages == sorted(ages, reverse=True)
    assert any(100 * 60 <= age <= 120 * 60 for age in ages)
    assert ages[-1] > 0


def test_the_old_posts_come_at_once_and_the_others_every_two_to_six_seconds() -> None:
    assert {step.delay for step in before()} == {0.0}
    assert all(2 <= step.delay <= 6 for step in live(500))
    assert all(step.age is None for step in live(500))


def test_about_every_fifth_step_is_a_correction() -> None:
    assert 0.12 <= Counter(step.action for step in live(50))["correct"] / 50 <= 0.22
    assert 0.15 <= Counter(step.action for step in live(ROUNDS))["correct"] / ROUNDS <= 0.22


def test_something_is_withdrawn_now_and_then_but_seldom() -> None:
    assert [step.action for step in live(60)].count("withdraw") >= 1
    assert 0 < [step.action for step in live(ROUNDS)].count("withdraw") / ROUNDS < 0.04


LIVE_DESKS: tuple[DeskName, ...] = ("harbour", "city", "football", "weather")
"""The desks that report the evening; the others publish now and then."""


def test_every_desk_has_its_share() -> None:
    counts = Counter(step.desk for step in live(ROUNDS) if step.action == "publish")
    assert set(counts) | {step.desk for step in before()} == {outlet.name for outlet in DESKS}
    assert min(counts[desk] for desk in LIVE_DESKS) > sum(counts.values()) / 7


def test_the_written_evening_is_varied() -> None:
    posts = [step.draft for step in before() + live(45) if step.action == "publish"]
    assert len(posts) >= 40
    html = " ".join(post.html for post in posts)
    for element in ("<blockquote>", "<ul>", "<ol>", "<table>", "<aside>", "<img "):
        assert element in html
    assert 'lang="zh-Hans"' in html
    assert 'dir="rtl"' in html
    assert any(post.title is None for post in posts)
    assert any("🏮" in (post.title or "") for post in posts)
    lengths = sorted(len(post.html) for post in posts)
    assert lengths[0] < 120
    assert lengths[-1] > 2_000


def test_some_posts_have_a_picture_a_sound_or_a_version_as_title() -> None:
    posts = [step.draft for step in before() if step.action == "publish"]
    assert any(post.image and post.summary for post in posts)
    assert any(post.enclosure for post in posts)
    assert any(re.fullmatch(r"v[\d.]+", post.title or "") for post in posts)
    assert any("Pinned" in post.categories for post in posts)


def test_guids_are_never_used_twice() -> None:
    guids = [step.guid for step in live(ROUNDS) if step.action == "publish"]
    assert len(guids) == len(set(guids))


def test_every_post_is_well_formed() -> None:
    for step in before() + live(ROUNDS):
        ET.fromstring(f"<div>{step.draft.html}</div>")
        assert not re.search(r"\{|\}|None", f"{step.draft.title or ''}{step.draft.html}")


def test_a_correction_says_something_new() -> None:
    last: dict[str, tuple[str | None, str]] = {}
    for step in before() + live(ROUNDS):
        words = (step.draft.title, step.draft.html)
        if step.action == "correct":
            assert words != last[step.guid]
            assert "Corrected" in step.draft.html
        last[step.guid] = words


def test_the_evening_says_so_before_it_is_repeated() -> None:
    steps = live(2 * len(EVENING) + 1)
    assert steps[len(EVENING)].draft == AGAIN.draft
    assert [step.draft for step in steps[len(EVENING) + 1 :]] == [step.draft for step in EVENING]


async def test_repetitions_can_be_performed_in_bounded_space(newsroom: Newsroom) -> None:
    desks = open_desks(newsroom)
    start = now()
    for step in before() + live(ROUNDS):
        perform(step, newsroom, desks, start)
    assert all(0 < len(desk.posts) <= 50 for desk in desks.values())
    assert all(len(desk.withdrawals) <= 50 for desk in desks.values())


async def test_old_posts_are_dated_by_their_age(newsroom: Newsroom) -> None:
    desks = open_desks(newsroom)
    start = now()
    step = before()[0]
    assert step.age is not None
    assert perform(step, newsroom, desks, start).published == start - timedelta(seconds=step.age)


async def test_steps_publish_correct_and_withdraw(newsroom: Newsroom) -> None:
    desks = open_desks(newsroom)
    start = now()
    steps = before() + live(60)
    corrected = {step.guid: step.draft.html for step in steps if step.action == "correct"}
    withdrawn = {step.guid for step in steps if step.action == "withdraw"}
    for step in steps:
        perform(step, newsroom, desks, start)
    listed = {post.guid: post for desk in desks.values() for post in desk.posts}
    assert all(listed[guid].html == html for guid, html in corrected.items())
    assert withdrawn.isdisjoint(listed)


async def test_pictures_are_named_by_their_full_url(newsroom: Newsroom) -> None:
    desks = open_desks(newsroom)
    posts = [perform(step, newsroom, desks, now()) for step in before()]
    pictures = [url for post in posts for url in re.findall(r'src="([^"]*)"', post.html)]
    assert pictures
    assert all(url.startswith(newsroom.url("/pictures/")) for url in pictures)


async def test_the_pictures_are_served_as_well_formed_svg(newsroom: Newsroom) -> None:
    open_desks(newsroom)
    for name in PICTURES:
        found = newsroom.find(f"/pictures/{name}")
        assert not isinstance(found, int)
        assert found.content_type == "image/svg+xml"
        ET.fromstring(found.body)


async def test_files_are_named_by_their_full_url_and_served(newsroom: Newsroom) -> None:
    desks = open_desks(newsroom)
    posts = [perform(step, newsroom, desks, now()) for step in before()]
    files = [post.image for post in posts if post.image] + [post.enclosure.url for post in posts if post.enclosure]
    assert files
    assert not any(isinstance(newsroom.find(url.removeprefix(newsroom.url(""))), int) for url in files)
