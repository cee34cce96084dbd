"""Every command of the documents works as it is printed, or is marked as not run, with the reason."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.docs.documents import DOCUMENTS, NOT_RUN, ROOT, blocks, indented, name_of

ENDS_WITH_1 = {"check --feeds"}
"""Commands that end with 1 where a document has a feed that fails."""

COMMAND = re.compile(
    r"(\$|sudo|make|pipx?|python3?|\.venv/bin/\w+|livelog|redis-server|curl|systemctl|nginx|caddy|docker|apt-get) "
)
"""The beginning of a line that is a command."""

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

Machines = Callable[[Path], list[dict[str, Any]]]

GETTING_STARTED = ROOT / "docs" / "getting-started.md"
README, TRANSLATED = ROOT / "README.md", ROOT / "README.zh-CN.md"
WITH_COMMANDS = [
    document
    for document in DOCUMENTS
    if document != TRANSLATED and any(block.run for block in blocks(document, "sh"))
]
WITH_OUTPUT = [document for document in WITH_COMMANDS if blocks(document, "text")]
CLOCK = re.compile(r"\d{4}-\d\d-\d\d|\b\d{1,2}:\d\d(:\d\d)?\b")
LOG_HEAD = re.compile(r"^\[([A-Z]) \d{6} [\d:]+ \w+:\d+\] ")


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Machines:
    """Runs each document once."""
    return cache(lambda document: run_commands(document, tmp_path_factory.mktemp("machine")))


@pytest.fixture
def ran(document: Path, machines: Machines) -> list[dict[str, Any]]:
    """Everything that was run for a document."""
    return machines(document)


def run_commands(document: Path, folder: Path) -> list[dict[str, Any]]:
    parts = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    needed = ("unshare", "nginx", "caddy", "curl", "openssl", "redis-server")
    lacking = [name for name in needed if not shutil.which(name, path=PATH)]
    if lacking or os.geteuid() != 0 or subprocess.run(["unshare", *parts, "true"], check=False).returncode:
        reason = f"{', '.join(lacking) or 'root, with namespaces,'} is needed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        ["unshare", *parts, sys.executable, "-m", "tests.docs.sandbox", str(document), str(folder)],
        cwd=ROOT,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    log = folder / "servers.log"
    assert done.returncode == 0, (
        done.stderr[-3000:],
        log.read_text(encoding="utf-8")[-3000:] if log.exists() else "",
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def wanted_code(document: Path, command: str) -> int:
    return 1 if document == GETTING_STARTED and any(command.endswith(known) for known in ENDS_WITH_1) else 0


def plain(text: str) -> str:
    """A line without what differs each time: times, and the width of columns."""
    return re.sub(r"\s+", " ", CLOCK.sub("0", LOG_HEAD.sub(r"\1 ", text))).strip()


@pytest.mark.parametrize("document", WITH_COMMANDS, ids=name_of)
def test_every_command_works(document: Path, ran: list[dict[str, Any]]) -> None:
    assert [one for one in ran if one["code"] not in (None, wanted_code(document, one["command"]))] == []


@pytest.mark.parametrize("document", WITH_OUTPUT, ids=name_of)
def test_the_output_is_as_printed(document: Path, ran: list[dict[str, Any]]) -> None:
    printed = {plain(line) for one in ran for line in one["output"].splitlines()}
    lines = [plain(line) for block in blocks(document, "text") for line in block.text.splitlines()]
    assert [line for line in lines if line and line not in printed] == [], sorted(printed)


@pytest.mark.parametrize("document", [GETTING_STARTED], ids=name_of)
def test_the_status_page_names_the_remedy_of_the_failing_feed(document: Path, ran: list[dict[str, Any]]) -> None:
    (status,) = (json.loads(one["output"]) for one in ran if one["command"].endswith("/status"))
    (failing,) = (source for source in status["sources"] if source["problem"])
    assert failing["remedy"] in " ".join(block.text for block in blocks(document, "text"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_commands_stand_in_blocks_of_shell(path: Path) -> None:
    others = [line for block in blocks(path) if block.language != "sh" for line in block.text.splitlines()]
    assert [line for line in [*indented(path), *others] if COMMAND.match(line)] == []


def test_the_translation_has_the_same_commands() -> None:
    assert [block.text for block in blocks(TRANSLATED, "sh")] == [block.text for block in blocks(README, "sh")]


def test_the_reasons_belong_to_commands() -> None:
    commands = [command for path in DOCUMENTS for block in blocks(path, "sh") for command in block.commands]
    assert {known for known in NOT_RUN if not any(command.startswith(known) for command in commands)} == set()
