"""The template language of webhooks: a JSON text with `{{placeholders}}` inside its strings.

The text is parsed before anything is put in: whatever a value contains, it stays inside the string that has its
placeholder, and the result is JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

PLACEHOLDERS: Final = (
    "title",
    "url",
    "summary",
    "source",
    "blog",
    "published",
    "event",
    "id",
    "permalink",
    "authors",
    "tags",
    "image",
)
"""Names of values, in the order of docs/webhooks.md, which explains them."""

MAX_TEMPLATE_CHARS: Final = 20_000

_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_NO_OBJECT: Final = 'must be a JSON object, such as {"text": "{{title}} {{url}}"}'


class JsonTemplate:
    """A template. Raises ValueError: a sentence, and in some cases a second argument that may quote the text."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_TEMPLATE_CHARS:
            raise ValueError(f"must have at most {MAX_TEMPLATE_CHARS} characters")
        try:
            self._tree: dict[str, Any] = json.loads(text, parse_constant=_reject)
        except json.JSONDecodeError as error:
            if text.startswith("{{", max(error.pos - 1, 0)):
                raise ValueError('has a placeholder outside of a string: write "{{title}}", with quotes') from None
            where = f"line {error.lineno}, column {error.colno} of it"
            raise ValueError(f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]} ({where})") from None
        except RecursionError:
            raise ValueError("is nested too deeply") from None
        if not text.startswith("{"):
            raise ValueError(_NO_OBJECT)
        _check(self._tree)
        try:
            self.render(dict.fromkeys(PLACEHOLDERS, "")).encode()
        except UnicodeEncodeError:
            raise ValueError("must be valid Unicode text") from None

    def render(self, values: Mapping[str, str]) -> str:
        """The JSON text with the value of each placeholder. ``values`` has one for every name of PLACEHOLDERS."""
        return json.dumps(_filled(self._tree, values), ensure_ascii=False, separators=(",", ":"))


def _reject(name: str) -> None:
    raise ValueError(f"is not JSON: {name} is no value of it")


def _check(value: Any) -> None:
    """Raises ValueError for a placeholder that does not exist, is not closed, or is in a key."""
    match value:
        case dict():
            if any("{{" in key for key in value):
                raise ValueError("must have its placeholders in values, not in keys")
            for one in value.values():
                _check(one)
        case list():
            for one in value:
                _check(one)
        case str():
            _check_text(value)


def _check_text(text: str) -> None:
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            known = ", ".join(PLACEHOLDERS)
            raise ValueError(f"has a placeholder that does not exist (known are {known})", f"{{{{{name[:40]}}}}}")
    if "{{" in _PLACEHOLDER.sub("", text):
        raise ValueError("has {{ without a name and }} behind it")


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {key: _filled(one, values) for key, one in value.items()}
        case list():
            return [_filled(one, values) for one in value]
        case str():
            return _PLACEHOLDER.sub(lambda found: values[found[1]], value)
    return value
