"""The documents name folders and modules that exist, and docs/architecture.md names all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

TREE_LINE = re.compile(r"^ {4}([\w/.]+) {2,}(?=\S)", re.MULTILINE)
PATH = re.compile(r"(?<![\w/<.*-])(?:[\w-]+/)*[\w-]+\.(?:py|js|lua|c)\b")
NOT_OURS = re.compile(r"node_modules|build|dist|venv|.*\.egg-info")
NOT_NAMED = {"tests", "docs", "demo"}
"""Folders whose own folders the tree need not name."""


def architecture() -> str:
    return (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def tree() -> set[str]:
    """The paths of the tree, without trailing slashes."""
    (section,) = re.findall(r"^## The tree\n(.*?)^## ", architecture(), re.MULTILINE | re.DOTALL)
    return {path.rstrip("/") for path in TREE_LINE.findall(section)}


def folders_and_modules() -> set[str]:
    """Python modules of the root, and all folders that have files of ours."""
    found = {path.name for path in ROOT.glob("*.py")}
    for top in ROOT.iterdir():
        if not top.is_dir() or top.name.startswith((".", "_")) or NOT_OURS.fullmatch(top.name):
            continue
        for folder in (top, *(path for path in top.rglob("*") if path.is_dir())):
            name = folder.relative_to(ROOT).as_posix()
            if (
                "__pycache__" in name
                or any(map(NOT_OURS.fullmatch, folder.relative_to(ROOT).parts))
                or (folder != top and top.name in NOT_NAMED)
            ):
                continue
            if any(path.is_file() for path in folder.rglob("*") if "__pycache__" not in path.parts):
                found.add(name)
    return found


def test_the_tree_has_every_folder_and_root_module() -> None:
    assert folders_and_modules() - tree() == set()


def test_the_tree_names_only_what_there_is() -> None:
    assert {path for path in tree() if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_files_exist(document: Path) -> None:
    """A path is from the root; a bare name is that of a file in any folder of the tree."""
    paths = set(PATH.findall(document.read_text(encoding="utf-8")))
    missing = {path for path in paths if not (ROOT / path).exists()}
    bare = {path for path in missing if "/" not in path}
    assert missing - bare == set()
    assert bare - {path.name for folder in tree() for path in (ROOT / folder).glob("*.*")} == set()


CODE = sorted(
    path
    for path in (*ROOT.glob("*.py"), *(file for folder in tree() for file in (ROOT / folder).glob("*.*")))
    if path.suffix in (".py", ".js", ".lua", ".html") and not {"tests", "bench"} & set(path.relative_to(ROOT).parts)
)


def test_comments_name_files_that_exist() -> None:
    """A path with a folder is from the root: a module that was moved leaves no reference to its old place."""
    named = {
        (path, found) for path in CODE for found in PATH.findall(path.read_text(encoding="utf-8")) if "/" in found
    }
    assert {(path.name, found) for path, found in named if not (ROOT / found).exists()} == set()
