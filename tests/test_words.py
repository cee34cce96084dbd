"""Every sentence of the page has a translation, and every translation has its sentence."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = [path for path in sorted((ROOT / "locales").glob("*.csv")) if path.stem != "en"]

# A text in either quotes; in templates and in Python they are mostly double, in JavaScript single.
TEXT = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""

TEMPLATE = re.compile(rf"\b_\({TEXT}")
PYTHON = re.compile(
    rf"\b(?:translate\(\s*|reason=|message = |what=|remedy=|RefusedError\(){TEXT}(?:\s+if\s+\w+\s+else\s+{TEXT})?"
)
TABLE = re.compile(r"^_(?:WAITS|SILENCES|MEDIA): Final = .*$", re.MULTILINE)
SCRIPT = re.compile(rf"\b(?:say\((?:[^'\"()]*\?)?\s*{TEXT}(?:\s*:\s*{TEXT})?|count\(\s*{TEXT},\s*{TEXT})")
PARTS = ("connections", "handlers", "pages", "remedies")
FOR_PROGRAMS = {"entries", "hub", "live", "websub", "websub_limits"}
"""Handlers whose errors are read by programs alone."""

# Not another object's method of that name, and not where one is defined.
CALLS = re.compile(r"(?<!function )(?<![.\w#])(?:say|count)\((?![^()]*\)\s*\{)")


def said() -> Iterator[tuple[str, str]]:
    """Each sentence, and the file that says it."""
    for path in sorted((ROOT / "templates").glob("*.html")):
        yield from ((unquoted(text), path.name) for text in TEMPLATE.findall(read(path)))
    for path in sorted((ROOT / "static").rglob("*.js")):
        for found in SCRIPT.finditer(read(path)):
            yield from ((unquoted(text), path.name) for text in found.groups() if text)
    for path in sorted(path for part in PARTS for path in (ROOT / part).glob("*.py")):
        if path.stem not in FOR_PROGRAMS:
            yield from ((sentence, path.name) for sentence in of_python(read(path)))


def of_python(code: str) -> Iterator[str]:
    """What handlers say: what they translate themselves, reasons of errors, and tables of words (not their keys)."""
    for found in PYTHON.finditer(code):
        yield from (unquoted(text) for text in found.groups() if text)
    for table in TABLE.finditer(code):
        yield from (unquoted(text) for text, colon in re.findall(rf"{TEXT}(:?)", table[0]) if not colon)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def translations(catalogue: Path) -> dict[str, str]:
    rows = [
        row
        for path in (catalogue, catalogue.parent / "operator" / catalogue.name)
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines())
    ]
    assert all(len(row) == 2 for row in rows), [row for row in rows if len(row) != 2]
    assert len({row[0] for row in rows}) == len(rows), "a sentence is translated twice"
    return dict(rows)


def values(sentence: str) -> list[str]:
    return sorted(re.findall(r"\{\w*\}", sentence))


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_every_sentence_is_translated(catalogue: Path) -> None:
    known = translations(catalogue)
    missing = {f"{where}: {sentence}" for sentence, where in said() if not known.get(sentence)}
    assert not missing, "\n".join(sorted(missing))


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_no_translation_is_of_a_sentence_that_nobody_says(catalogue: Path) -> None:
    assert not set(translations(catalogue)) - {sentence for sentence, _ in said()}


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.stem)
def test_translations_have_the_values_of_their_sentences(catalogue: Path) -> None:
    for sentence, translation in translations(catalogue).items():
        # "1 new post" says its number itself.
        assert set(values(sentence)) <= set(values(translation)) | {"{n}"}, sentence
        assert set(values(translation)) - set(values(sentence)) <= {"{n}"}, sentence


def test_scripts_say_nothing_but_sentences_that_can_be_found() -> None:
    for path in sorted((ROOT / "static").rglob("*.js")):
        if path.stem == "words":
            continue
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", read(path), flags=re.DOTALL)
        assert len(CALLS.findall(code)) == len(SCRIPT.findall(code)), path.name


def test_there_is_another_language_than_english() -> None:
    assert [path.stem for path in CATALOGUES] == ["zh"]
