"""config/example.py: the first start, and updates by git of a config.yaml that was edited."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

import config
from tests.livelog import ROOT
from tests.test_server import command

EXAMPLE = (ROOT / config.EXAMPLE).read_bytes()
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": os.devnull}


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **GIT, "LC_ALL": "C"}
    return subprocess.run(["sh", "-c", line], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def git(arguments: str, cwd: Path) -> None:
    ended = shell(f"git -c user.name=a -c user.email=a@a.example {arguments}", cwd)
    assert ended.returncode == 0, ended.stderr


async def test_the_first_start_copies_the_example(tmp_path: Path) -> None:
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
def clone(tmp_path: Path) -> Path:
    """A clone of the version before, in which config.yaml was edited; the next version is ready to be pulled."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    git(f"init -q -b main {origin}", tmp_path)
    (origin / "config.yaml").write_bytes(EXAMPLE)
    git("add .", origin)
    git("commit -q -m before", origin)
    git(f"clone -q {origin} {clone}", tmp_path)
    git(f"mv config.yaml {config.EXAMPLE}", origin)
    (origin / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    git("add .", origin)
    git("commit -q -m after", origin)
    return clone


def test_git_does_not_pull_over_an_edited_configuration(clone: Path) -> None:
    mine = EXAMPLE + b"# mine\n"
    (clone / "config.yaml").write_bytes(mine)
    ended = shell("git pull", clone)
    assert ended.returncode != 0
    assert "Your local changes" in ended.stderr
    assert (clone / "config.yaml").read_bytes() == mine


def test_the_update_of_the_changelog_keeps_an_edited_configuration(clone: Path) -> None:
    mine = EXAMPLE + b"# mine\n"
    (clone / "config.yaml").write_bytes(mine)
    (commands,) = re.findall(r"`(mv config\.yaml .*?)`", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    ended = shell(commands, clone)
    assert ended.returncode == 0, ended.stderr
    assert (clone / "config.yaml").read_bytes() == mine
    assert (clone / config.EXAMPLE).read_bytes() == EXAMPLE
    assert shell("git status --porcelain", clone).stdout == ""


def test_an_unedited_configuration_is_made_again(clone: Path) -> None:
    git("pull -q", clone)
    assert config.copy_example(clone / "config.yaml")
    assert (clone / "config.yaml").read_bytes() == EXAMPLE
    assert shell("git status --porcelain", clone).stdout == ""


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
