"""A listening Unix socket: its file is for the user and group of the process, and goes with it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path
from typing import Final

BACKLOG: Final = 1024

_OTHERS: Final = 0o117
"""The bits of a mode that the file does not have: all of others, and those that mean nothing for a socket."""


class BoundSocket(socket.socket):
    """A bound Unix socket that knows its file."""

    path: str = ""
    file: tuple[int, int] = (0, 0)
    """Device and inode."""


def bind(path: str) -> BoundSocket:
    """Binds a socket and listens. A socket that no process listens on any more is replaced. Raises OSError."""
    _remove_stale(Path(path))
    bound = BoundSocket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        before = os.umask(_OTHERS)
        try:
            bound.bind(path)
        finally:
            os.umask(before)
        bound.path, bound.file = path, _file(Path(path))
        bound.listen(BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound


def remove(bound: BoundSocket) -> None:
    """Removes the file of a socket, unless it is another's by now."""
    with contextlib.suppress(OSError):
        if _file(Path(bound.path)) == bound.file:
            Path(bound.path).unlink()


def _remove_stale(path: Path) -> None:
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        if probe.connect_ex(str(path)) != errno.ECONNREFUSED:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    path.unlink()


def _file(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
