"""The state of a target after a delivery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery import outcome
from delivery.outcome import MAX_RETRY_INTERVAL, MAX_RETRY_SECONDS
from delivery.target import NEVER, Sent, Target
from entries import Cursor

NOW = 1_800_000_000.0
HEAD = Cursor("e", 9)
TARGET = Target(id="1", sort="webhook", name="chat", blog="news", host="hooks.test", cursor="e.4")


def after(target: Target, sent: Sent, *, now: float = NOW, jitter: float = 0.0) -> tuple[Target, float]:
    return outcome.after(target, sent, HEAD, now=now, took=0.5, jitter=jitter)


def failed(target: Target = TARGET, retry_after: float | None = None) -> Sent:
    return Sent(through=target.cursor, problem="It answered 500.", retry_after=retry_after)


def test_a_target_that_has_all_waits_for_the_next_event() -> None:
    changed, due = after(
        replace(TARGET, failures=3, failing_since=NOW - 9, problem="It was away."), Sent(through="e.9")
    )
    assert changed == replace(TARGET, cursor="e.9", delivered_at=NOW, took=0.5)
    assert due == NEVER


def test_a_target_that_has_a_part_is_due_at_once() -> None:
    changed, due = after(TARGET, Sent(through="e.6"))
    assert (changed.cursor, due) == ("e.6", NOW)


def test_a_failure_keeps_the_cursor_and_is_told_with_its_beginning() -> None:
    first, _ = after(TARGET, failed())
    second, _ = after(first, failed(), now=NOW + 5)
    assert second == replace(TARGET, failures=2, failing_since=NOW, problem="It answered 500.", took=0.5)


def test_what_was_delivered_before_a_failure_is_not_sent_again() -> None:
    changed, _ = after(TARGET, Sent(through="e.6", problem="It answered 500."))
    assert changed.cursor == "e.6"


def test_a_delivery_that_made_progress_begins_the_failures_anew() -> None:
    failing = replace(TARGET, failures=9, failing_since=NOW - MAX_RETRY_SECONDS)
    changed, due = after(failing, Sent(through="e.6", problem="It answered 429."))
    assert (changed.cursor, changed.failures, changed.failing_since, due) == ("e.6", 1, NOW, NOW + 5)


def test_events_that_the_sender_gave_up_are_counted() -> None:
    assert after(replace(TARGET, undelivered=2), Sent(through="e.5", given_up=1))[0].undelivered == 3


def test_a_target_that_refuses_one_event_after_the_other_fails_since_the_first() -> None:
    failing = replace(TARGET, failures=3, failing_since=NOW - 9)
    changed, due = after(failing, Sent(through="e.5", problem="It answered 400.", given_up=1))
    assert (changed.failing_since, due) == (NOW - 9, NOW + 5)


@pytest.mark.parametrize(("failures", "wait"), [(0, 5), (1, 10), (5, 160), (20, 3600), (2_000, 3600)])
def test_the_wait_after_failures_doubles_up_to_an_hour(failures: int, wait: float) -> None:
    _, due = after(replace(TARGET, failures=failures), failed())
    assert due == NOW + wait
    _, latest = after(replace(TARGET, failures=failures), failed(), jitter=1.0)
    assert latest == pytest.approx(NOW + 1.1 * wait)


@pytest.mark.parametrize(("asked", "wait"), [(1.0, 5.0), (900.0, 900.0), (1e9, 24 * 3600.0)])
def test_a_retry_after_is_kept_but_for_no_more_than_a_day(asked: float, wait: float) -> None:
    assert after(TARGET, failed(retry_after=asked))[1] == NOW + wait


def test_after_a_day_of_failures_what_waits_is_given_up_and_counted() -> None:
    failing = replace(TARGET, failures=30, failing_since=NOW - MAX_RETRY_SECONDS, undelivered=2)
    changed, due = after(failing, failed())
    assert (changed.cursor, changed.undelivered, due) == ("e.9", 7, NOW + MAX_RETRY_INTERVAL)


def test_a_machine_that_was_off_for_a_day_gives_nothing_up() -> None:
    changed, _ = after(replace(TARGET, failures=3, failing_since=NOW - MAX_RETRY_SECONDS), failed())
    assert (changed.cursor, changed.undelivered) == (TARGET.cursor, 0)


def test_a_target_that_has_ended_is_due_no_more() -> None:
    changed, due = after(TARGET, Sent(through="e.4", ended="gone"))
    assert (changed.ended, changed.failing_since, due) == ("gone", NOW, NEVER)


def test_an_exchange_that_is_no_delivery_changes_settings_alone() -> None:
    failing = replace(TARGET, failures=3, failing_since=NOW - 9, problem="It was away.", took=9.0)
    changed, due = after(failing, Sent(through="e.4", settings={"a": 1}, is_delivery=False))
    assert (changed, due) == (replace(failing, settings={"a": 1}), NOW)


def test_a_clock_that_was_set_back_shortens_the_time_of_failures_to_none() -> None:
    changed, due = after(replace(TARGET, failures=1, failing_since=NOW + 9_999), failed())
    assert (changed.failing_since, due) == (NOW, NOW + 10)


def test_only_a_target_whose_last_delivery_was_good_and_quick_is_proven() -> None:
    good = replace(TARGET, delivered_at=NOW, took=0.1)
    assert outcome.is_proven(good)
    assert not any(map(outcome.is_proven, (TARGET, replace(good, failures=1), replace(good, took=5))))
