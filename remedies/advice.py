"""Advice: the cause of a problem, and two sentences for the operator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Advice(NamedTuple):
    """A cause, the sentence ``what`` is wrong, and the ``remedy``."""

    cause: str
    what: str
    remedy: str


def matching(table: Sequence[tuple[str, Advice]], problem: str) -> Advice | None:
    """The advice of the first pattern that is found in a problem."""
    return next((advice for pattern, advice in table if re.search(pattern, problem)), None)
