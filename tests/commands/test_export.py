"""`export`: a folder of static HTML while the server runs; nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.newsroom import Newsroom
from tests.livelog import Livelog
from tests.test_live import every_second, listed
from tests.test_server import command
from tests.timeline.test_same_history import fresh


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


async def test_a_blog_of_a_running_server_is_written_to_a_new_folder(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    await livelog.start({"blog": [every_second(desk.url)]})
    desk.publish(title="Ferries are late")
    await listed(livelog, 1)
    code, output = await command("export", "blog", "out", cwd=livelog.folder)
    assert (code, output) == (0, "out/index.html: 1 post.\n")
    folder = livelog.folder / "out"
    assert names(folder) == {"index.html", "entries.json", "livelog.css", "export.css", "favicon.svg"}
    assert "Ferries are late" in (folder / "index.html").read_text(encoding="utf-8")
    feed = json.loads((folder / "entries.json").read_text(encoding="utf-8"))
    assert [item["title"] for item in feed["items"]] == ["Ferries are late"]
    assert not [name for name in names(livelog.folder) if name.startswith(".out")]
    code, output = await command("export", "blog", "out", cwd=livelog.folder)
    assert (code, output) == (1, "out: is not an empty folder: name a new one\n")


async def test_an_empty_folder_is_filled_for_a_web_server_to_read(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {}}}))
    (tmp_path / "out").mkdir()
    code, output = await command("export", "blog", "out", cwd=tmp_path)
    assert (code, output) == (1, "livelog export: livelog.db: there is no such file\n")
    code, output = await command("export", "blog", "no/out", cwd=tmp_path)
    assert (code, output) == (1, f"{tmp_path / 'no'}: there is no such folder\n")
    assert names(tmp_path) == {"config.yaml", "out"}
    async with fresh(f"sqlite:{tmp_path / 'livelog.db'}"):
        pass
    assert await command("export", "blog", "out", cwd=tmp_path) == (0, "out/index.html: 0 posts.\n")
    assert (tmp_path / "out").stat().st_mode & 0o055 == 0o055
    assert (tmp_path / "out" / "index.html").stat().st_mode & 0o044 == 0o044


@pytest.mark.parametrize(
    ("blog", "problem"),
    [("blogg", "did you mean blog?"), ("x", "there are: blog")],
)
async def test_a_blog_that_is_not_there_is_refused(tmp_path: Path, blog: str, problem: str) -> None:
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {}}}))
    code, output = await command("export", blog, "out", cwd=tmp_path)
    assert (code, output) == (2, f"command line: {blog}: no blog of the configuration; {problem}\n")
