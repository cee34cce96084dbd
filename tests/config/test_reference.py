"""docs/configuration.md: made of the schema, and complete."""

from __future__ import annotations

import re

import pytest

from config import reference
from config.schema import SECTIONS, keys_at

DOCUMENT = reference.DOCUMENT.read_text(encoding="utf-8")


def test_the_document_is_that_of_the_schema() -> None:
    assert reference.text() == DOCUMENT, "`make docs` writes it"


@pytest.mark.parametrize(("number", "loc"), [*enumerate(SECTIONS.values(), 1)], ids=SECTIONS)
def test_the_document_has_every_key_of_a_section(number: int, loc: tuple[str | int, ...]) -> None:
    part = DOCUMENT.split("\n## ")[number]
    written = [name for line in re.findall(r"^- \*\*(.*?)\*\*", part, re.MULTILINE) for name in line.split(", ")]
    assert written == [f"`{key}`" for key in keys_at(loc)]


def test_no_line_is_wider_than_those_of_other_documents() -> None:
    assert max(map(len, DOCUMENT.splitlines())) <= 120
