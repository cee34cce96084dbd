"""The documents as the tests read them: fenced blocks with their markers, links, and words in code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENTS: Final = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

NOT_RUN: Final = {
    "make test": "runs this test",
    "make check": "a check of its own",
    ".ci/run": "runs this test",
    "pipx install .": "tests/test_package.py",
}
"""Beginnings of commands that are not run by tests/docs/, with the reason or the test that does the same."""

_BLOCK: Final = re.compile(
    r"^(?:<!-- (?P<marker>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_SPAN: Final = re.compile(r"(`+)(?P<code>.+?)\1", re.DOTALL)
_INDENTED: Final = re.compile(r"(?:^|(?<=\n\n))(?: {4}[^\n]*\n+)+", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of code. ``marker`` is the comment above it, such as `not run: needs Docker`."""

    document: str
    line: int
    language: str
    text: str
    marker: str

    @property
    def not_run(self) -> str:
        """The reason why the commands are not run, empty if they are."""
        return self.marker.removeprefix("not run: ") if self.marker.startswith("not run: ") else ""

    @property
    def file(self) -> str:
        """The name of the file that the block is the content of, empty if it is of none."""
        return self.marker.removeprefix("file: ") if self.marker.startswith("file: ") else ""

    @property
    def commands(self) -> list[str]:
        """The commands of a block of shell: a line each, without comments; `\\` continues a line."""
        lines = self.text.replace("\\\n", " ").splitlines()
        stripped = (re.sub(r"(?:^|\s{2,})#.*$", "", line).strip() for line in lines)
        return [re.sub(r"\s+", " ", line) for line in stripped if line]

    @property
    def run(self) -> list[str]:
        """The commands of the block that tests run."""
        return [] if self.not_run else [one for one in self.commands if not one.startswith(tuple(NOT_RUN))]


def name_of(document: Path) -> str:
    """The path of a document from the root."""
    return document.relative_to(ROOT).as_posix()


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def blocks(document: Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a document, of one language or all."""
    text = text_of(document)
    found = [
        Block(
            name_of(document), text.count("\n", 0, one.start()) + 1, one["language"], one["text"], one["marker"] or ""
        )
        for one in _BLOCK.finditer(text)
    ]
    return [block for block in found if language in (None, block.language)]


def prose(document: Path) -> str:
    """The text without fenced blocks."""
    return _BLOCK.sub("", text_of(document))


def spans(document: Path) -> Iterator[str]:
    """The code within sentences, each on one line."""
    for one in _SPAN.finditer(_INDENTED.sub("", prose(document))):
        yield re.sub(r"\s+", " ", one["code"]).strip()


def indented(document: Path) -> list[str]:
    """The lines of indented blocks."""
    return [
        line.strip() for block in _INDENTED.findall(prose(document)) for line in block.splitlines() if line.strip()
    ]
