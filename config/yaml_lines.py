"""YAML to values, with the line of each.

YAML gives the structure only; every scalar stays text until the schema gives it a type. So `title: 2024` is a title,
`no` can be the name of a blog, and `port: ${PORT}` a number.

PyYAML's events are used and not its nodes: a node does not show whether its tag was written or inferred, and nodes
take twice as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

import yaml

from config import lost_text
from config.messages import ConfigError, Loc, Problems, message
from config.variables import expand
from config.yaml_errors import explain, lines_of, odd_characters

MAX_FILE_BYTES: Final = 64_000_000

_ALIAS: Final = (
    "not valid YAML: an alias (*name) needs its anchor (&name) before it; a text that begins with * needs quotes"
)
_ANCHOR: Final = "has an anchor of YAML (&name) that nothing uses: a text that begins with & needs quotes"
_TAG: Final = "has a YAML tag (!…), which means nothing here: leave it out; a text that begins with ! needs quotes"


class YamlMap(dict[str, Any]):
    """A mapping that has the line of each key."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


class YamlList(list[Any]):
    """A list that has the line of each item."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


class FromEnvironment(str):
    """Text that contains a value of the environment. Messages about it leave out all details."""

    __slots__ = ()


def read_file(name: str) -> bytes:
    """The content of a file of at most MAX_FILE_BYTES. Raises ConfigError."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{name}: is larger than {MAX_FILE_BYTES:,} bytes")
    return data


def read_text(name: str) -> str:
    """The text of a UTF-8 file, without its byte order mark. Raises ConfigError."""
    data = read_file(name)
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}: is not UTF-8 text") from None


def parse(text: str, problems: Problems, file: str) -> YamlMap:
    """The mapping that a YAML document is made of. Scalars are str, or None where nothing or `null` is written.

    Adds repeated keys, tags and variables that cannot be expanded to ``problems``. Raises ConfigError if the text is
    not one YAML document or its root is not a mapping.
    """
    lines = lines_of(text)
    if odd := odd_characters(lines):
        # All else would be a consequence.
        raise ConfigError(*(message(file, *mistake) for mistake in odd))
    try:
        root = _Builder(text, lines, problems, file).document()
    except yaml.YAMLError as error:
        problems.add(*explain(error, text))
        raise problems.error() from None
    if root is None:
        raise ConfigError(f"{file}:1: blogs: is required, with at least one blog; the file is empty")
    if not isinstance(root, YamlMap):
        raise ConfigError(f"{file}:1: must be a mapping of keys to values: server, store, fetch, blogs")
    return root


def locate(root: YamlMap, loc: Loc) -> tuple[int, Loc, object]:
    """The line, path and value at a path. A path that the file does not have is cut back until it has it."""
    line, value = 1, cast("Any", root)
    for depth, part in enumerate(loc):
        if not _has(value, part):
            return line, loc[:depth], value
        line, value = value.lines[part], value[part]
    return line, loc, value


def _has(value: Any, part: str | int) -> bool:
    if isinstance(value, YamlMap):
        return part in value
    return isinstance(value, YamlList) and isinstance(part, int) and part < len(value)


class _Builder:
    """Builds values from the events of PyYAML's parser, one method per kind of event."""

    def __init__(self, text: str, lines: Sequence[str], problems: Problems, file: str) -> None:
        self._lines = lines
        self._comments = {n for n, line in enumerate(lines) if "#" in line}
        self._problems = problems
        self._file = file
        self._anchors: dict[str, object] = {}
        self._unused: dict[str, tuple[int, Loc]] = {}
        self._events: Iterator[Any] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def document(self) -> object:
        root, documents = None, 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error(event, "must be one YAML document, without another one after ---")
                root = self._value(next(self._events), ())
        for line, loc in self._unused.values():
            self._problems.add(line, loc, _ANCHOR)
        return root

    def _value(self, event: Any, loc: Loc) -> object:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._error(event, _ALIAS, loc)
            self._unused.pop(event.anchor, None)
            return self._anchors[event.anchor]
        if event.tag is not None:
            self._problems.add(_line(event), loc, _TAG)
        value: object
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, loc)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(loc)
        else:
            value = self._map(loc)
        if event.anchor is not None:
            self._anchors[event.anchor] = value
            if isinstance(event, yaml.ScalarEvent):
                self._unused[event.anchor] = _line(event), loc
        return value

    def _list(self, loc: Loc) -> YamlList:
        items = YamlList()
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.lines.append(_line(event))
            items.append(self._value(event, (*loc, len(items))))
        return items

    def _map(self, loc: Loc) -> YamlMap:
        items = YamlMap()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error(event, "a key must be plain text (a value that begins with { needs quotes)", loc)
            key, line = event.value, _line(event)
            value = self._value(next(self._events), (*loc, key))
            if key in items:
                self._problems.add(line, (*loc, key), f"is given twice; line {items.lines[key]} has it already")
            else:
                items[key], items.lines[key] = value, line
        return items

    def _scalar(self, event: Any, loc: Loc) -> str | None:
        text: str = event.value
        line = event.start_mark.line
        # Most scalars are alone in a line without a comment: nothing of them can be lost.
        if event.anchor or line in self._comments or event.end_mark.line != line:
            self._check_whole(event, loc)
        if event.implicit[0] and text in ("", "~", "null", "Null", "NULL"):
            return None
        return self._expanded(text, _line(event), loc) if "$" in text else text

    def _check_whole(self, event: yaml.ScalarEvent, loc: Loc) -> None:
        if sentence := lost_text.of(event, loc, self._lines):
            self._problems.add(_line(event), loc, sentence)

    def _expanded(self, text: str, line: int, loc: Loc) -> str | None:
        """The text with values of the environment; None for a default that is empty: `${NAME:-}`."""
        expanded, mistakes = expand(text)
        for mistake in mistakes:
            self._problems.add(line, loc, mistake)
        if "${" not in text:
            return expanded
        return FromEnvironment(expanded) if expanded or mistakes else None

    def _error(self, event: yaml.Event, sentence: str, loc: Loc = ()) -> ConfigError:
        self._problems.add(_line(event), loc, sentence)
        return self._problems.error()


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1
