"""The wheel: what is in it, and the command `livelog` that it installs."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from app import VERSION
from demo.newsroom import Newsroom
from tests.livelog import ROOT, Livelog, until

NOT_INSTALLED = {"tests", "bench", "demo", "docs", "livelog"}
DATA = {"templates", "static", "locales"}
"""Folders of files that the program reads."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of this tree: a build leaves files behind. No package is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    names = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    for name in filter(None, names.stdout.decode().split("\0")):
        if (ROOT / name).is_file() and name.split("/")[0] not in NOT_INSTALLED - {"livelog"}:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    offline = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check", "-q"]
    pip = [sys.executable, "-m", "pip", "wheel", *offline, f"--wheel-dir={folder}", str(source)]
    subprocess.run(pip, check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Path:
    """The Python of a fresh environment with the wheel, which sees the packages of the tests' own environment."""
    folder = wheel.parent / "environment"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib"))
    offline = ["--no-deps", "--no-index", "--disable-pip-version-check", "-q"]
    subprocess.run([sys.executable, "-m", "pip", f"--python={python}", "install", *offline, str(wheel)], check=True)
    return python


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_one_package_and_hides_no_other(wheel: Path) -> None:
    top = {name.split("/")[0] for name in names_in(wheel)}
    assert {name for name in top if not name.endswith(".dist-info")} == {"livelog"}


def test_the_wheel_has_every_module_and_file_of_the_program(wheel: Path) -> None:
    folders = [path for path in ROOT.iterdir() if (path / "__init__.py").exists() and path.name not in NOT_INSTALLED]
    modules = {*ROOT.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))}
    scripts = set((ROOT / "timeline").rglob("*.lua"))
    data = {path for folder in DATA for path in (ROOT / folder).rglob("*.*") if path.is_file()}
    data |= set(ROOT.glob("config.example.yaml"))
    wanted = {path.relative_to(ROOT).as_posix() for path in modules | scripts | data}
    assert scripts
    assert {name for name in wanted if f"livelog/program/{name}" not in names_in(wheel)} == set()


def test_the_wheel_has_no_file_of_tests(wheel: Path) -> None:
    assert not {name for name in names_in(wheel) if re.match("livelog/program/(tests|bench|demo|docs)/", name)}


def test_the_version_of_the_package_is_that_of_the_program() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


async def said(*command: str | Path, cwd: Path) -> str:
    """The output of a command that must succeed."""
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    return output.decode()


async def test_the_installed_command_is_the_program(installed: Path, tmp_path: Path) -> None:
    for command in ([installed.parent / "livelog"], [installed, "-m", "livelog"]):
        assert await said(*command, "--version", cwd=tmp_path) == f"Livelog {VERSION}\n"
        assert (await said(*command, "-h", cwd=tmp_path)).startswith("usage: livelog [OPTION …]")


async def test_it_runs_as_a_module_in_a_checkout() -> None:
    assert await said(sys.executable, "-m", "livelog", "--version", cwd=ROOT) == f"Livelog {VERSION}\n"


async def test_the_installed_command_parses_feeds_and_serves_pages_and_assets(
    installed: Path, livelog: Livelog, newsroom: Newsroom
) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="Parsed in a process of its own")
    livelog.program = [str(installed.parent / "livelog")]
    livelog.python = str(installed)
    await livelog.start({"blog": [desk.url]})

    async def shown() -> bool:
        return bool(await livelog.entries())

    await until(shown)
    page = (await livelog.get("/blog/")).body.decode()
    assert "Parsed in a process of its own" in page
    assets = re.findall(r"/assets/[\w./?=-]+", page)
    assert len(assets) >= 2
    for path in assets:
        assert (await livelog.get(path)).code == 200, path
