"""Imports go one way: the parts each part may import, as docs/architecture.md draws them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

WORDS = {"entries", "preview", "feedstate", "urls", "redaction", "markup", "invisible", "hostnames"}
MAY_IMPORT = {
    "entries": set(),
    "preview": {"entries", "invisible", "markup", "redaction"},
    "invisible": set(),
    "hostnames": set(),
    "urls": {"hostnames"},
    "redaction": {"urls"},
    "remedies": set(),
    "markup": set(),
    "clock": set(),
    "plurals": set(),
    "page_selectors": set(),
    "latency": set(),
    "feed_subscription": set(),
    "feedstate": {"entries"},
    "config": {"urls", "redaction", "page_selectors"},
    "outbound": {"hostnames"},
    "timeline": {"entries", "preview", "redaction", "urls", "feedstate", "clock"},
    "feeds": {
        "opml",
        "plurals",
        "page_selectors",
        *WORDS,
        "feed_subscription",
        "clock",
        "latency",
        "config",
        "outbound",
        "timeline",
    },
    "delivery": {*WORDS, "plurals", "clock", "latency", "config", "outbound", "timeline", "pages"},
    "opml": {"redaction", "urls", "config", "page_selectors", "invisible", "timeline"},
    "fanout": {"entries", "latency", "timeline"},
    "connections": {"config", "fanout", "timeline"},
    "pages": {*WORDS, "feed_subscription", "remedies", "config", "timeline", "opml"},
    "handlers": {
        *WORDS,
        "feed_subscription",
        "latency",
        "remedies",
        "config",
        "timeline",
        "fanout",
        "connections",
        "pages",
        "opml",
        "delivery",
    },
    "app": {
        "plurals",
        "opml",
        "clock",
        "config",
        "timeline",
        "feeds",
        "delivery",
        "fanout",
        "connections",
        "pages",
        "handlers",
        "redaction",
    },
    "reload": {"plurals", "app", "config", "timeline"},
    "commands": {
        "plurals",
        *WORDS,
        "pages",
        "clock",
        "config",
        "outbound",
        "timeline",
        "feeds",
        "delivery",
        "opml",
        "remedies",
        "app",
        "reload",
    },
    "server": {"commands"},
    "livelog": {"server"},
    "demo": set(),
}


def files(part: str) -> list[Path]:
    return sorted((ROOT / part).rglob("*.py")) if (ROOT / part).is_dir() else [ROOT / f"{part}.py"]


def imported(file: Path) -> set[str]:
    """The parts of Livelog that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found & set(MAY_IMPORT)


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_lies_before_it(part: str) -> None:
    for file in files(part):
        assert imported(file) - {part} <= MAY_IMPORT[part], file


def test_every_part_is_drawn() -> None:
    parts = {path.stem for path in ROOT.glob("*.py")} | {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert parts - {"bench", "tests"} == set(MAY_IMPORT)
