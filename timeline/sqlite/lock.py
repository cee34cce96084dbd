"""The lock file beside a database: one process at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from timeline.errors import TimelineError


def lock(path: str) -> int:
    """Locks a database until the returned descriptor is closed; raises TimelineError if another process has it."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise TimelineError(f"{path}: the database cannot be written: {error.strerror}") from None
    try:
        _hold(descriptor, path)
    except OSError as error:
        os.close(descriptor)
        raise TimelineError(f"{path}: the database cannot be written: {error.strerror}") from None
    except TimelineError:
        os.close(descriptor)
        raise
    return descriptor


def _hold(descriptor: int, path: str) -> None:
    """Locks a file and writes our process id into it; raises TimelineError, and OSError, such as for a full disk."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = Path(f"{path}.lock").read_text(encoding="ascii", errors="replace").strip()
        raise TimelineError(f"{path}: another Livelog (process {holder or 'unknown'}) uses this database") from None
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
