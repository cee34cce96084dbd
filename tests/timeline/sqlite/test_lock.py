"""The lock beside a database, and paths that cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from timeline import TimelineError
from timeline.sqlite import SqliteTimeline


async def test_a_second_process_is_refused_and_the_first_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "livelog.db")
    first = await SqliteTimeline.open(path)
    with pytest.raises(TimelineError, match=r"another Livelog \(process \d+\) uses this database"):
        await SqliteTimeline.open(path)
    await first.close()
    await (await SqliteTimeline.open(path)).close()


async def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TimelineError, match="cannot be written: No such file or directory"):
        await SqliteTimeline.open(str(tmp_path / "missing" / "livelog.db"))
