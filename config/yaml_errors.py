"""Errors of YAML as an operator can mend them: the line of the mistake, its key, and the likely cause.

YAML notices many mistakes lines later: a quote that is not closed at the next quote, a missing colon at the next one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import yaml
from yaml.reader import Reader as YamlReader


class _Error(NamedTuple):
    """An error of libyaml: its words, where it was noticed, and the beginning of what could not be read."""

    words: str
    line: int
    column: int
    first_line: int
    first_column: int


class YamlMistake(NamedTuple):
    """A mistake: its line, the path of keys that the line belongs to, and the sentence."""

    line: int
    loc: tuple[str, ...]
    sentence: str


_BLANKS: Final = "\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
_ODD: Final = re.compile(rf" *(?:- +)*(?:([{_BLANKS}])|-([{_BLANKS}])|[a-z_]+(?:([：])|:([{_BLANKS}])))")
_CONFLICT: Final = re.compile(r"(<{7}|={7}|>{7})( |$)")
_KEY: Final = re.compile(r"""([ ]*(?:- +)*)(["']?)([A-Za-z0-9_-]{1,64})\2[ ]*:(?=\s|$)""")
_STRUCTURE: Final = re.compile(r"""\s*(?:- |["']?[\w-]+["']?:(?:\s|$))""")
_NO_SPACE: Final = re.compile(r"\s*(?:- +)?[A-Za-z_-]+:[^\s/]")

_COMMENT: Final = "# begins a comment here: put the text in quotes"
_CAUSES: Final = (
    ("scanning an alias", "a text that begins with * needs quotes; filters take words without *"),
    ("scanning an anchor", "a text that begins with & needs quotes"),
    ("scanning a block scalar", "a text that begins with > or | needs quotes"),
    (
        "block sequence entries",
        "a list begins in the next line or is written [a, b]; a text that begins with - needs quotes",
    ),
    (
        "expected node content",
        "a text that begins with , ] or } needs quotes, and two commas need something between them",
    ),
    ("escape character", "in double quotes \\ begins an escape: use single quotes"),
    ("hexdecimal number", "in double quotes \\ begins an escape: use single quotes"),
    ("expected <document start>", "must be one YAML document, without ... or --- in it"),
)
"""Sentences by a part of libyaml's message."""


def lines_of(text: str) -> list[str]:
    """The lines of a text as YAML counts them."""
    return re.split("\r\n|[\n\r\x85\u2028\u2029]", text)


def odd_characters(lines: Sequence[str]) -> list[YamlMistake]:
    """Characters that look like a blank or colon of YAML and are none."""
    found = []
    for number, line in enumerate(lines, 1):
        if line.isascii() or not (match := _ODD.match(line)):
            continue
        char = next(filter(None, match.groups()))
        sentence = (
            "has a full-width colon (：), which is text for YAML: write : and a space"
            if char == "："
            else f"has a no-break or other odd space (U+{ord(char):04X}): write plain spaces"
        )
        as_meant = f"{match[0][:-1]}: " if char == "：" else f"{match[0][:-1]} "
        found.append(YamlMistake(number, _keys_at([*lines[: number - 1], as_meant], number), sentence))
    return found


def explain(error: yaml.YAMLError, text: str) -> YamlMistake:
    """The mistake in a text that is not valid YAML."""
    lines = lines_of(text)
    for number, line in enumerate(lines, 1):
        if _CONFLICT.match(line):
            return YamlMistake(number, (), "is a mark of a git conflict: keep one side and remove the marks")
    marked = _marked(error)
    if marked is None:
        found = YamlReader.NON_PRINTABLE.search(text)
        number = len(lines_of(text[: found.start()])) if found else 1
        return _mistake(lines, number, f"not valid YAML: {getattr(error, 'reason', 'it cannot be read')}")
    number, sentence = _unclosed_quote(marked, text, lines) or _cause(marked, lines)
    return _mistake(lines, number, f"not valid YAML: {sentence}")


def _mistake(lines: Sequence[str], number: int, sentence: str) -> YamlMistake:
    return YamlMistake(number, _keys_at(lines, number), sentence)


def _keys_at(lines: Sequence[str], number: int) -> tuple[str, ...]:
    """The keys around a line and in it, by indentation alone: the text need not be valid."""
    keys: list[str] = []
    indent = 1_000_000
    for n in range(number - 1, -1, -1):
        line = lines[n] if n < len(lines) else ""
        if n == number - 1 and line.strip():
            indent = len(line) - len(line.lstrip(" -")) + 1
        if (found := _KEY.match(line)) and len(found[1]) < indent:
            keys.append(found[3])
            # The dash of a list may stand below the key itself.
            indent = max(len(found[1]), 1) if "-" not in found[1] else len(line) - len(line.lstrip(" ")) + 1
            if len(found[1]) == 0:
                break
    return tuple(reversed(keys))


def _marked(error: yaml.YAMLError) -> _Error | None:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return None
    words, mark = ", ".join(filter(None, (error.context, error.problem))), error.problem_mark
    first = error.context_mark or mark
    return _Error(words, mark.line, mark.column, first.line, first.column)


def _unclosed_quote(error: _Error, text: str, lines: Sequence[str]) -> tuple[int, str] | None:
    if "quoted scalar" in error.words and "end of stream" in error.words:
        return error.first_line + 1, "a quote begins here and is never closed"
    tokens = yaml.scan(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        for token in tokens:
            if token.start_mark.line > error.line:
                break
            if not isinstance(token, yaml.ScalarToken) or token.style not in ("'", '"'):
                continue
            first, last = token.start_mark.line, token.end_mark.line
            if any(_STRUCTURE.match(line) for line in lines[first + 1 : last + 1]):
                return first + 1, f"a quote begins here and ends in line {last + 1} only: close it in this line"
    except yaml.YAMLError:
        pass
    return None


def _cause(error: _Error, lines: Sequence[str]) -> tuple[int, str]:
    """The line and sentence for an error of libyaml."""
    words = error.words
    line = lines[error.line] if error.line < len(lines) else ""
    if "mapping values" in words:
        return _second_colon(lines, error.line, error.column)
    if "find expected ':'" in words:
        return error.first_line + 1, _no_key(lines[error.first_line])
    if "expected ',' or" in words:
        return _unclosed_bracket(error, lines)
    if "cannot start any token" in words:
        return error.line + 1, _bad_token(line, error.column)
    if "expected key" in words or "expected '-' indicator" in words:
        return error.line + 1, _after_value(line, error.column)
    if "node content" in words and line[error.column : error.column + 1] not in (",", "]", "}"):
        return _line_of_comment(lines, error.line) + 1, _COMMENT
    return error.line + 1, next((cause for part, cause in _CAUSES if part in words), words)


def _line_of_comment(lines: Sequence[str], before: int) -> int:
    """The last line with a bracket whose end is in a comment."""
    found = (n for n in range(min(before, len(lines) - 1), -1, -1) if re.search(r"[\[{].*#", lines[n]))
    return next(found, before)


def _bad_token(line: str, column: int) -> str:
    if line[column : column + 1] == "\t":
        return "a tab is no indentation: use spaces"
    return "a text that begins with @, ` or % needs quotes"


def _second_colon(lines: Sequence[str], n: int, column: int) -> tuple[int, str]:
    """The cause of a colon that no key can have: in the line, or in the one before it."""
    own = _KEY.match(lines[n])
    if not own or column > own.end() - 1:
        return n + 1, "a text with a colon before a space or at its end needs quotes"
    before = next((m for m in range(n - 1, -1, -1) if lines[m].strip() and not lines[m].lstrip().startswith("#")), n)
    if _KEY.match(lines[before]):
        return n + 1, (
            f"this line is indented deeper than line {before + 1}, which has a value already: give both the same "
            "indentation"
        )
    return before + 1, _no_key(lines[before])


def _no_key(line: str) -> str:
    if _NO_SPACE.match(line):
        return "a colon after a key needs a space after it"
    return "this line is neither a key with a colon and a space, nor an item of a list with - and a space"


def _unclosed_bracket(error: _Error, lines: Sequence[str]) -> tuple[int, str]:
    if error.first_line == error.line:
        return error.line + 1, "a text between [ ] or { } with a bracket, brace, comma or quote in it needs quotes"
    rest = lines[error.first_line][error.first_column :]
    if "#" in rest:
        return error.first_line + 1, _COMMENT
    return error.first_line + 1, f"a {rest[:1]} is opened here and not closed"


def _after_value(line: str, column: int) -> str:
    before = line[:column].rstrip()
    if before.endswith("'"):
        return "text goes on after a quote: put all of it in quotes; an apostrophe in single quotes is written ''"
    if before.endswith(('"', "]", "}")) or "*" in before:
        return f"text goes on after {before[-1:]}: put all of it in quotes"
    if line[column:].startswith("- "):
        return "an item stands outside of its list: give all items one indentation, in lines below their key"
    return "the indentation of this line is that of none before it, or a - is missing"
