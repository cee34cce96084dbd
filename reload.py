"""Applies the configuration again when one of its files was saved, or when asked to (SIGHUP).

A file that cannot be used changes nothing: its problems are logged, and kept for `/status`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from tornado.ioloop import PeriodicCallback

from app import App
from config import Config, ConfigError
from plurals import counted
from timeline import TimelineError

logger = logging.getLogger("livelog.config")

LOOK_INTERVAL: Final = 0.25
"""Seconds between two looks at the files. A change counts once two looks saw the same: editors write in steps."""

Stamps = Mapping[Path, tuple[int, int, int] | None]
"""Time of modification, size and inode of each file; None for one that cannot be read."""


class Reload:
    """Keeps a running App at what its configuration files say.

    ``path`` is the configuration file, None if there is none. ``load`` reads it, and raises ConfigError.
    """

    def __init__(self, app: App, path: Path | None, load: Callable[[], Config]) -> None:
        self._app = app
        self._path = path
        self._load = load
        self._applied = self._seen = _stamps(self._files())
        self._reloading = asyncio.Lock()
        self._looks = PeriodicCallback(self.look, LOOK_INTERVAL * 1000)
        self._asked: set[asyncio.Task[None]] = set()
        self._started = False
        self._wanted = False
        self._waits = False

    def start(self) -> None:
        """Begins to look at the files: the program has started. Reloads if it was asked to meanwhile."""
        self._started = True
        if self._wanted:
            self.ask()
        if self._path is not None:
            self._looks.start()

    def stop(self) -> None:
        """Looks no more. A reload under way is cancelled."""
        self._looks.stop()
        for task in self._asked:
            task.cancel()

    def ask(self) -> None:
        """Reloads as soon as the program has started, whether or not a file has changed."""
        if not self._started:
            self._wanted = True
            return
        task = asyncio.create_task(self.reload())
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def look(self) -> None:
        """Reloads if the files have changed, and stay as they are since the last look."""
        # In a thread: the folder may be on a network.
        stamps = await asyncio.to_thread(_stamps, self._files())
        changed, settled = stamps != self._applied, stamps == self._seen
        self._seen = stamps
        if changed and settled:
            await self.reload()

    async def reload(self) -> None:
        """Reads the configuration and applies it; logs and keeps why that fails. Repeated while the store is down."""
        async with self._reloading:
            stamps = await asyncio.to_thread(_stamps, self._files())
            try:
                config = await asyncio.to_thread(self._load)
                await self._app.apply(config)
            except (ConfigError, OSError) as error:
                self._refuse(error.problems if isinstance(error, ConfigError) else [str(error)])
            except TimelineError as error:
                if not self._waits:
                    logger.warning("The configuration waits until the timeline can be written: %s", error)
                self._waits = True
                return
            else:
                self._report()
            self._waits = False
            self._applied = self._seen = {**stamps, **_stamps(self._files() - stamps.keys())}

    def _files(self) -> set[Path]:
        """The configuration file, and the files that it names."""
        blogs = self._app.config.blogs
        named = {file for blog in blogs for file in (blog.logo, blog.css) if file}
        return named | ({self._path} if self._path else set())

    def _refuse(self, problems: Iterable[str]) -> None:
        self._app.config_problems = tuple(problems)
        for problem in self._app.config_problems:
            logger.error("Not applied, the configuration before stays in effect: %s", problem)

    def _report(self) -> None:
        blogs, feeds = len(self._app.config.blogs), self._app.config.feeds
        logger.info("The configuration was applied: %s in %s.", counted(feeds, "feed"), counted(blogs, "blog"))
        if names := " and ".join(self._app.restart_needed):
            logger.warning("A change of %s needs a restart.", names)


def _stamps(files: Iterable[Path]) -> Stamps:
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
