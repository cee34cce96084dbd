"""The lock file beside a database: one process at a time, and the high-water mark of the database."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from timeline.errors import LockedError, TimelineError
from timeline.sqlite.high_water import HighWater


def lock(path: str) -> tuple[int, HighWater]:
    """Locks a database until the returned descriptor is closed.

    Raises LockedError if another process has it, TimelineError if the folder cannot be written.
    """
    is_new = not Path(f"{path}.lock").exists()
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise TimelineError(f"{path}: the database cannot be written: {error.strerror}") from None
    try:
        _hold(descriptor, path)
        return descriptor, HighWater(descriptor, is_new=is_new)
    except OSError as error:
        os.close(descriptor)
        raise TimelineError(f"{path}: the database cannot be written: {error.strerror}") from None
    except TimelineError:
        os.close(descriptor)
        raise


def _hold(descriptor: int, path: str) -> None:
    """Locks a file; raises LockedError, and OSError."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = Path(f"{path}.lock").read_text(encoding="ascii", errors="replace").partition("\n")[0].strip()
        raise LockedError(f"{path}: another Livelog (process {holder or 'unknown'}) uses this database") from None
