"""Databases that earlier versions wrote are opened with all entries and cursors; those of a later one are refused.

tests/timeline/databases/ has what the code of those days wrote, as SQL: a database of the first version (schema 1),
one of 26 November 2026 (schema 4), and one of 30 November (schema 5). All have the same entries: a, corrected and
known as alias, too; b; c, which was withdrawn; and x in another blog.
"""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.livelog import ROOT, Livelog
from tests.test_server import command
from tests.timeline.drafts import commit, entry, titles
from tests.timeline.test_same_history import fresh
from tests.timeline.test_upgrade import reencoded

DATABASES = sorted((ROOT / "tests" / "timeline" / "databases").glob("*.sql"))


@pytest.fixture(params=DATABASES, ids=lambda path: path.stem)
def epoch(request: pytest.FixtureRequest, livelog: Livelog) -> str:
    """Puts an old database in place; its epoch."""
    script: str = request.param.read_text(encoding="utf-8")
    with closing(sqlite3.connect(livelog.database)) as db:
        db.executescript(script)
    (found,) = re.findall(r"'epoch','(\w+)'", script)
    return str(found)


async def test_a_server_goes_on_where_an_earlier_version_ended(livelog: Livelog, epoch: str) -> None:
    await livelog.start({"blog": [], "other": []})
    assert [item["title"] for item in await livelog.entries()] == ["B", "corrected"]
    assert [item["title"] for item in await livelog.entries("other")] == ["X"]
    async with livelog.client(after=f"{epoch}.2") as client:
        hello, *events = await client.take(3)
    assert (hello["recovered"], hello["missed"]) == (True, 2)
    assert [(event["type"], event.get("id") or event["item"]["title"]) for event in events] == [
        ("update", "corrected"),
        ("delete", "c"),
    ]
    async with livelog.client(after=f"{epoch}.5") as client:
        hello = await client.next()
    assert (hello["recovered"], hello["missed"], hello["cursor"]) == (True, 0, f"{epoch}.5")


async def test_what_an_earlier_version_stored_does_not_come_again(livelog: Livelog, epoch: str) -> None:
    async with fresh(f"sqlite:{livelog.database}") as timeline:
        listed = [reencoded(entry("a", "corrected")), reencoded(entry("b", "B"))]
        assert await commit(timeline, *listed) == 0
        assert await commit(timeline, replace(listed[0], keys=("moved", "alias")), *listed) == 0
        assert await commit(timeline, entry("d", "D")) == 1
        assert sorted(await titles(timeline)) == ["B", "D", "corrected"]
        assert str(await timeline.head("blog")) == f"{epoch}.6"


async def test_a_backup_of_an_earlier_version_can_be_restored(livelog: Livelog, epoch: str) -> None:
    folder = livelog.folder
    (folder / "config.yaml").write_text(json.dumps({"blogs": {"blog": {}}, "store": "sqlite:new.db"}))
    code, output = await command("restore", livelog.database.name, cwd=folder)
    assert (code, output) == (0, "sqlite:new.db: 3 entries of 2 blogs, and 1 feed.\n")
    async with fresh(f"sqlite:{folder / 'new.db'}") as timeline:
        assert await titles(timeline) == ["B", "corrected"]
        assert (await timeline.head("blog")).epoch != epoch


@pytest.mark.parametrize("words", [[], ["backup", "b.db"], ["restore", "livelog.db", "--store=sqlite:other.db"]])
async def test_a_database_of_a_later_version_is_refused_in_one_line(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {}}, "server": {"port": 0}}))
    with closing(sqlite3.connect(tmp_path / "livelog.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA user_version = 99")
    before = (tmp_path / "livelog.db").read_bytes()
    code, output = await command(*words, cwd=tmp_path)
    assert code == 1
    assert output.count("\n") == 1
    assert re.fullmatch(
        r"(Livelog cannot start|livelog (backup|restore)): .*written by another version of Livelog \(schema 99, "
        r"this one reads up to \d+\): install that version again, or put back the copy from before the upgrade\n",
        output,
    )
    assert (tmp_path / "livelog.db").read_bytes() == before
    assert not (tmp_path / "b.db").exists()
    assert not (tmp_path / "other.db").exists()
