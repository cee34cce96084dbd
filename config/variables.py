"""Values of the environment in texts: `${NAME}`, `${NAME:-default}`, and `$$` for a plain `$`."""

from __future__ import annotations

import os
import re
from typing import Final, NamedTuple

_NAME: Final = "[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE: Final = re.compile(rf"\$\$|\$\{{(?:({_NAME})(?::-([^{{}}]*))?\}})?|\$({_NAME}|\()")


class Expanded(NamedTuple):
    """A text with its values, and a sentence for each mistake in it. No sentence has a value."""

    text: str
    mistakes: tuple[str, ...]


def expand(text: str) -> Expanded:
    """Replaces the variables of a text. A variable that is empty counts as unset: it takes the default."""
    unset: dict[str, None] = {}
    empty: dict[str, None] = {}
    mistakes: dict[str, None] = {}

    def value(match: re.Match[str]) -> str:
        name, default, bare = match.groups()
        if match[0] == "$$":
            return "$"
        if bare:
            # Without the name: it can be a part of a password.
            mistakes["has $ before a name: write ${NAME} for a value of the environment, or $$ for a plain $"] = None
            return ""
        if name is None:
            mistakes["has ${ without NAME}: write ${NAME} or ${NAME:-default}; a plain $ is written $$"] = None
            return ""
        found = os.environ.get(name)
        if not found and default is None:
            (unset if found is None else empty)[name] = None
        return found or default or ""

    expanded = _VARIABLE.sub(value, text)
    if unset:
        mistakes[f"the environment does not set {', '.join(unset)}"] = None
    if empty:
        names = ", ".join(empty)
        mistakes[f"the environment sets {names} to nothing: set a value, or write ${{NAME:-default}}"] = None
    return Expanded(expanded, tuple(mistakes))
