"""Targets as the states of jobs."""

from __future__ import annotations

from dataclasses import replace

from delivery.target import Target

PLAIN = Target(id="1", sort="webhook", name="chat", blog="news", host="hooks.test")


def test_a_target_is_read_back_as_it_was_written() -> None:
    target = Target(
        id="1",
        sort="hub",
        name="reader.test",
        blog="news",
        host="reader.test",
        cursor="e.7",
        failures=2,
        failing_since=1000.5,
        problem="The connection was refused.",
        took=0.25,
        undelivered=3,
        delivered_at=900.0,
        ended="gone",
        settings={"callback": "https://reader.test/push"},
    )
    assert Target.from_json(target.to_json()) == target


def test_fields_with_their_defaults_are_left_out() -> None:
    assert Target.from_json(PLAIN.to_json()) == PLAIN
    assert "undelivered" not in PLAIN.to_json()


def test_a_field_of_a_later_version_is_ignored() -> None:
    assert Target.from_json(PLAIN.to_json()[:-1] + ',"tomorrow":1}') == PLAIN


def test_the_secrets_of_a_target_are_in_no_representation() -> None:
    assert "s3cret" not in repr(replace(PLAIN, settings={"secret": "s3cret"}))
