"""The log of the program: text as Tornado writes it, or one JSON object a line; both without secrets."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from tornado.log import LogFormatter

import redaction

DATA: Final = "data"
"""The attribute of a record with values for programs, a mapping: `logger.debug("…", extra={"data": {…}})`."""

logger = logging.getLogger("livelog")


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: time (UTC), level, logger and message, its data, and the traceback.

    The message and the traceback were redacted by `redaction.LogFilter`; texts in the data are redacted here.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The object, without a line break."""
        given = getattr(record, DATA, None)
        data = given if isinstance(given, Mapping) else {}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: redaction.public_text(v) if isinstance(v, str) else v for name, v in data.items()},
        }
        if record.exc_text:
            line["exception"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)


def set_up(level: str, style: str) -> None:
    """Logs to stderr from a level on; exceptions that end the process or a thread, too.

    ``debug`` is for Livelog alone: the libraries log at most at ``info``.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else LogFormatter())
    handler.addFilter(redaction.LogFilter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(getattr(logging, level.upper()), logging.INFO))
    logger.setLevel(level.upper())
    report = _log_end if style == "json" else _print_end
    sys.excepthook = report
    threading.excepthook = lambda ended: report(
        ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback
    )


def _print_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints a traceback as Python itself does, without secrets."""
    lines = "".join(traceback.format_exception(kind, error, trace))
    print(redaction.public_text(lines), end="", file=sys.stderr)


def _log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logger.critical("An exception ended the program, or a thread of it.", exc_info=(kind, error, trace))
