"""Trust in a hub: how it is earned and lost. All of it is arithmetic on given times."""

from __future__ import annotations

from typing import Any

import pytest

from feeds.schedule import after_answer, latest_due
from feeds.websub.trust import GRACE_SECONDS, Active, after_poll, after_push
from feedstate import FeedState

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0
ACTIVE = Active(NOW - DAY, NOW + 9 * DAY)


def state(**known: Any) -> FeedState:
    return FeedState(url="https://example.org/", **known)


TRUSTED = state(push_trusted=True, pushed_until=ACTIVE.until, pushes=3)


def test_the_first_push_with_news_earns_trust() -> None:
    polled = after_poll(state(), [], ACTIVE, NOW)
    assert not polled.is_pushed(NOW)
    assert not after_push(polled, NOW, has_news=False).is_pushed(NOW)
    pushed = after_push(polled, NOW, has_news=True)
    assert (pushed.is_pushed(NOW), pushed.pushes, pushed.pushed_at) == (True, 1, NOW)


@pytest.mark.parametrize(
    ("dates", "missed"),
    [
        ([NOW - HOUR, NOW - 2 * HOUR], 2),
        ([NOW - GRACE_SECONDS], 1),
        ([NOW - GRACE_SECONDS + 1], 0),
        ([0.0], 0),
        ([NOW + HOUR], 0),
        ([ACTIVE.since - 1], 0),
        ([], 0),
    ],
    ids=["two", "a minute", "on its way", "undated", "in the future", "before the subscription", "none"],
)
def test_a_poll_that_finds_what_should_have_been_pushed_costs_trust(dates: list[float], missed: int) -> None:
    polled = after_poll(TRUSTED, dates, ACTIVE, NOW)
    assert (polled.missed, polled.push_trusted) == (missed, missed == 0)
    assert polled.distrusted_at == (NOW if missed else 0)


def test_an_entry_on_its_way_is_missed_if_no_push_comes() -> None:
    found = after_poll(TRUSTED, [0.0, NOW], ACTIVE, NOW)
    assert found.push_trusted
    assert after_poll(found, [], ACTIVE, NOW + 1).push_trusted
    lost = after_poll(found, [], ACTIVE, NOW + GRACE_SECONDS)
    assert (lost.missed, lost.push_trusted, lost.awaited) == (2, False, 0)
    pushed = after_push(found, NOW + 1, has_news=False)
    assert after_poll(pushed, [], ACTIVE, NOW + GRACE_SECONDS).push_trusted


def test_missed_entries_are_counted_since_the_first() -> None:
    lost = after_poll(after_poll(TRUSTED, [NOW - HOUR], ACTIVE, NOW), [NOW - HOUR] * 2, ACTIVE, NOW + HOUR)
    assert (lost.missed, lost.distrusted_at) == (3, NOW)
    again = after_push(lost, NOW + HOUR, has_news=True)
    assert (again.missed, again.distrusted_at, again.push_trusted) == (0, 0, True)


def test_without_a_subscription_there_is_no_trust() -> None:
    lost = after_poll(TRUSTED, [NOW - HOUR], None, NOW)
    assert (lost.is_pushed(NOW), lost.missed, lost.pushes) == (False, 0, 3)


@pytest.mark.parametrize(
    ("interval", "wait"),
    [(60.0, 720.0), (HOUR, 12 * HOUR), (3 * HOUR, DAY), (2 * DAY, 2 * DAY), (None, 12 * HOUR)],
)
def test_polls_are_a_twelfth_as_often_while_a_hub_is_trusted(interval: float | None, wait: float) -> None:
    assert after_answer(TRUSTED, NOW, interval, 0.0) == NOW + wait
    assert after_answer(state(), NOW, interval, 0.0) == NOW + (interval or HOUR)
    known = state(push_trusted=True, pushed_until=ACTIVE.until, checked_at=NOW, next_at=NOW + wait, blogs=("a",))
    assert latest_due(known, interval, ["a"], NOW) == NOW + wait, "a restart polls no earlier"


def test_a_backup_poll_is_no_later_than_the_end_of_the_subscription() -> None:
    ends = state(push_trusted=True, pushed_until=NOW + 2 * HOUR)
    assert after_answer(ends, NOW, HOUR, 0.0) == NOW + 2 * HOUR
