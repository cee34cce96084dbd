"""The evening with fixed dates, and the screenshots of it."""

from itertools import pairwise

from demo.evening import steps
from demo.screenshots import SHOTS


def test_its_steps_are_in_order_and_before_now() -> None:
    ages = [step.age or 0.0 for step in steps()]
    assert all(earlier > later for earlier, later in pairwise(ages))
    assert ages[-1] > 0


def test_nothing_is_corrected_before_it_is_published() -> None:
    published: set[str] = set()
    for step in steps():
        if step.action == "publish":
            published.add(step.guid)
        assert step.guid in published


def test_nothing_in_it_is_withdrawn() -> None:
    assert {step.action for step in steps()} == {"publish", "correct"}


def test_every_screenshot_has_its_own_name() -> None:
    assert len({shot.name for shot in SHOTS}) == len(SHOTS)


def test_every_screenshot_begins_with_an_existing_headline() -> None:
    titles = {step.draft.title for step in steps()}
    assert {shot.at for shot in SHOTS} - {None} <= titles
