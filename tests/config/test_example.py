"""config.yaml and config/example.py: a start without a configuration, and updates by git of one that was edited."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

import config
from tests.livelog import ROOT
from tests.test_server import command

CONFIGURATION = (ROOT / "config.yaml").read_bytes()
EXAMPLE = (ROOT / config.EXAMPLE).read_bytes()
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": os.devnull}


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **GIT, "LC_ALL": "C"}
    return subprocess.run(["sh", "-c", line], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def git(arguments: str, cwd: Path) -> None:
    ended = shell(f"git -c user.name=a -c user.email=a@a.example {arguments}", cwd)
    assert ended.returncode == 0, ended.stderr


def test_the_configuration_of_the_repository_is_valid_and_never_changes() -> None:
    """It is the operator's: an update that changes it conflicts with every edit. New keys belong in the example."""
    assert config.load(ROOT / "config.yaml").feeds == 4
    assert hashlib.sha256(CONFIGURATION).hexdigest()[:16] == "b8ec30ec01f2089f"


async def test_a_start_without_a_configuration_copies_the_example(tmp_path: Path) -> None:
    (tmp_path / config.EXAMPLE).write_bytes(EXAMPLE)
    code, output = await command("--check", cwd=tmp_path)
    assert code == 0
    assert output.count("config.yaml was made from config.example.yaml. It is yours to edit.") == 1
    assert (tmp_path / "config.yaml").read_bytes() == EXAMPLE


async def test_a_later_start_leaves_the_configuration(tmp_path: Path) -> None:
    (tmp_path / config.EXAMPLE).write_bytes(EXAMPLE)
    (tmp_path / "config.yaml").write_text("blogs: {mine: {}}", encoding="utf-8")
    assert await command("--check", cwd=tmp_path) == (0, "config.yaml: good.\n")
    assert (tmp_path / "config.yaml").read_text(encoding="utf-8") == "blogs: {mine: {}}"


async def test_a_file_of_another_name_is_not_made(tmp_path: Path) -> None:
    (tmp_path / config.EXAMPLE).write_bytes(EXAMPLE)
    code, output = await command("--check", "--config=mine.yaml", cwd=tmp_path)
    assert (code, output) == (2, "mine.yaml: cannot be read: No such file or directory\n")


async def test_feeds_of_the_command_line_need_no_configuration(tmp_path: Path) -> None:
    (tmp_path / config.EXAMPLE).write_bytes(EXAMPLE)
    assert (await command("--check", "http://127.0.0.1:1/", cwd=tmp_path))[0] == 0
    assert not (tmp_path / "config.yaml").exists()


def test_a_link_that_leads_nowhere_is_left(tmp_path: Path) -> None:
    (tmp_path / config.EXAMPLE).write_bytes(EXAMPLE)
    (tmp_path / "config.yaml").symlink_to(tmp_path / "nowhere")
    assert not config.copy_example(tmp_path / "config.yaml")


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with the version before this one, whose config.yaml had all keys."""
    origin = tmp_path / "origin"
    git(f"init -q -b main {origin}", tmp_path)
    publish(origin, "before", {"config.yaml": EXAMPLE})
    return origin


def publish(origin: Path, version: str, files: dict[str, bytes]) -> None:
    """Commits a version."""
    for name, content in files.items():
        (origin / name).write_bytes(content)
    git("add .", origin)
    git(f"commit -q -m {version}", origin)


def edited(origin: Path, mine: bytes) -> Path:
    """A clone in which config.yaml was edited."""
    clone = origin.with_name("clone")
    git(f"clone -q {origin} {clone}", origin)
    (clone / "config.yaml").write_bytes(mine)
    return clone


def test_the_update_of_the_changelog_keeps_an_edited_configuration(origin: Path) -> None:
    mine = EXAMPLE + b"# mine\n"
    clone = edited(origin, mine)
    publish(origin, "this", {"config.yaml": CONFIGURATION, config.EXAMPLE: EXAMPLE})
    refused = shell("git pull", clone)
    assert "Your local changes" in refused.stderr
    assert (clone / "config.yaml").read_bytes() == mine
    (commands,) = re.findall(r"`(mv config\.yaml .*?)`", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    ended = shell(commands, clone)
    assert ended.returncode == 0, ended.stderr
    assert (clone / "config.yaml").read_bytes() == mine
    assert (clone / config.EXAMPLE).read_bytes() == EXAMPLE


def test_later_updates_do_not_conflict_with_an_edited_configuration(origin: Path) -> None:
    publish(origin, "this", {"config.yaml": CONFIGURATION, config.EXAMPLE: EXAMPLE})
    mine = CONFIGURATION + b"# mine\n"
    clone = edited(origin, mine)
    publish(origin, "next", {config.EXAMPLE: EXAMPLE + b"# a new key\n"})
    ended = shell("git pull", clone)
    assert ended.returncode == 0, ended.stderr
    assert (clone / "config.yaml").read_bytes() == mine


@pytest.mark.parametrize(
    ("written", "opened"),
    [
        ("null", "sqlite:{folder}/livelog.db"),
        ("sqlite:data/live.db", "sqlite:{folder}/data/live.db"),
        ("sqlite:/var/lib/live.db", "sqlite:/var/lib/live.db"),
        ("'sqlite::memory:'", "sqlite::memory:"),
        ("redis://127.0.0.1/0", "redis://127.0.0.1/0"),
    ],
)
def test_a_relative_store_is_in_the_folder_of_the_configuration(tmp_path: Path, written: str, opened: str) -> None:
    (tmp_path / "config.yaml").write_text(f"store: {written}\nblogs: {{b: {{}}}}\n", encoding="utf-8")
    assert config.load(tmp_path / "config.yaml").store == opened.format(folder=tmp_path)
