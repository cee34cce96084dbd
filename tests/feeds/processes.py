"""The parser's processes, seen from outside."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.process import BaseProcess
from pathlib import Path


def workers() -> list[BaseProcess]:
    """The processes of every parser pool that is open."""
    return [process for process in multiprocessing.active_children() if process.name == "pebble_pool_worker"]


def pids() -> list[int]:
    """Their ids."""
    return [process.pid for process in workers() if process.pid is not None]


def cpu_seconds(pid: int) -> float:
    """The CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def address_space(pid: int) -> int:
    """The bytes of addresses that a process has reserved."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
