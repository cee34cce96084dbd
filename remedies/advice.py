"""Advice: the cause of a problem, and two sentences for the operator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple


class Advice(NamedTuple):
    """A cause, the sentence ``what`` is wrong, and the ``remedy``."""

    cause: str
    what: str
    remedy: str


BUG: Final = Advice("bug", what="Livelog has a bug.", remedy="Report it, with the lines of the log.")
REFUSED: Final = Advice(
    "refused",
    what="No server listens at its address.",
    remedy="Check host and port of the address. If they are right, wait: Livelog keeps trying.",
)
UNREACHABLE: Final = Advice(
    "unreachable",
    what="There is no way to its server.",
    remedy="Check network and firewall of this machine, and its IPv6 if the server has nothing else.",
)


def as_json(advice: Advice | None) -> dict[str, str | None]:
    """The parts of an advice by their names, for programs; each None if there is none."""
    return advice._asdict() if advice else dict.fromkeys(Advice._fields)


def matching(table: Sequence[tuple[str, Advice]], problem: str) -> Advice | None:
    """The advice of the first pattern that is found in a problem."""
    return next((advice for pattern, advice in table if re.search(pattern, problem)), None)
