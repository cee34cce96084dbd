"""`export`: writes a blog as static HTML with its history, for a web server or a disk without Livelog."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import sys
import tempfile
from pathlib import Path

from commands.options import Options
from config import Blog, Config, ConfigError
from pages.export import export
from timeline import open_timeline, transfer

HELP = "write a blog as static HTML with its history"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the blog and the folder."""
    parser.add_argument("blog", metavar="BLOG", help="the name of the blog in the configuration and in its address")
    parser.add_argument("target", metavar="DIR", help="a new or an empty folder")


def run(options: Options) -> int:
    """Writes the folder and prints the number of posts; returns 1 if that is not possible.

    Raises ConfigError and TimelineError.
    """
    loaded = options.load()
    blog = _blog(loaded, options.blog)
    folder = Path(options.target)
    if not folder.absolute().parent.is_dir():
        print(f"{folder.absolute().parent}: there is no such folder", file=sys.stderr)
        return 1
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            print(f"{folder}: is not an empty folder: name a new one", file=sys.stderr)
            return 1
        posts = _write(loaded, blog, folder)
    except OSError as error:
        print(f"{error.filename or folder}: cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{folder / 'index.html'}: {posts} {'post' if posts == 1 else 'posts'}.")
    return 0


def _write(config: Config, blog: Blog, folder: Path) -> int:
    """Writes a folder of another name, which gets its name once it is complete. Raises OSError and TimelineError."""
    home = f"{config.server.public_url}/{blog.slug}/" if config.server.public_url else None
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.absolute().parent) as parent:
        made = Path(parent, "made")
        made.mkdir()
        posts = asyncio.run(_export(config.store, blog, made, home))
        made.replace(folder)
    return posts


async def _export(store: str, blog: Blog, folder: Path, home: str | None) -> int:
    """Exports from a copy of the store: the server may run, and no page changes meanwhile."""
    with tempfile.TemporaryDirectory(prefix="livelog-") as copies:
        copy = f"sqlite:{copies}/copy.db"
        await transfer.copy(store, copy)
        timeline = await open_timeline(copy)
        try:
            return await export(timeline, blog, folder, home)
        finally:
            await timeline.close()


def _blog(config: Config, name: str) -> Blog:
    """The blog of that name, or former name. Raises ConfigError."""
    if blog := config.blog(config.aliases.get(name, name)):
        return blog
    names = [blog.slug for blog in config.blogs]
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names) or 'none'}"
    raise ConfigError(f"command line: {name}: no blog of the configuration; {hint}")
