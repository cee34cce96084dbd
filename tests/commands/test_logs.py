"""The log for programs: one JSON object a line, with data and tracebacks, without secrets."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

import redaction
from commands.logs import JsonFormatter

SECRET = "s3cr3ts3cr3t"


def line(message: str, *arguments: object, error: Exception | None = None, **extra: object) -> dict[str, Any]:
    """A record as it is logged, read again."""
    caught = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("livelog.feeds", logging.WARNING, __file__, 1, message, arguments, caught)
    record.__dict__.update(extra)
    redaction.LogFilter().filter(record)
    text = JsonFormatter().format(record)
    assert SECRET not in text
    assert "\n" not in text
    read: dict[str, Any] = json.loads(text)
    return read


def test_a_record_has_time_level_logger_and_message() -> None:
    found = line("%s: well again.\nReally “good”.", "https://example.org/")
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "warning",
        "logger": "livelog.feeds",
        "message": "https://example.org/: well again.\nReally “good”.",
    }


def test_the_data_of_a_record_are_keys_of_their_own() -> None:
    found = line("Polled", data={"feed": f"https://example.org/?token={SECRET}", "entries": 3, "addresses": ["a"]})
    assert (found["feed"], found["entries"], found["addresses"]) == ("https://example.org/?token=***", 3, ["a"])


def test_a_traceback_is_in_its_record() -> None:
    try:
        raise ValueError(f"https://ann:{SECRET}@example.org/")
    except ValueError as error:
        found = line("It failed.", error=error)
    assert found["exception"].startswith("Traceback")
    assert "ValueError" in found["exception"]


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x"])
def test_a_value_that_is_no_json_is_text(value: object) -> None:
    assert line("It", data={"value": value})["value"] == str(value)
