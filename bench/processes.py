"""CPU, memory and open files of processes, read from /proc and the kernel's CPU clocks."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Used:
    """Wall-clock and CPU seconds of a process between two moments."""

    pid: int
    seconds: float = 0.0
    cpu: float = 0.0

    def each(self, number: int) -> str:
        """The CPU of each of `number` operations."""
        return f"{self.cpu / number * 1e6:.0f} µs"

    @property
    def share(self) -> str:
        """The share of a core."""
        return f"{self.cpu / self.seconds:.1%}"


@contextmanager
def used(*pids: int) -> Iterator[list[Used]]:
    """Yield a `Used` for each process; its figures are set when the block ends."""
    found = [Used(pid) for pid in pids]
    began = time.perf_counter()
    before = [time.clock_gettime(cpu_clock(pid)) for pid in pids]
    yield found
    for use, cpu in zip(found, before, strict=True):
        use.seconds, use.cpu = time.perf_counter() - began, time.clock_gettime(cpu_clock(use.pid)) - cpu


def cpu_clock(pid: int) -> int:
    """The id of a process's CPU clock, with a resolution of nanoseconds (clock_getcpuclockid(3))."""
    return ~pid << 3 | 2


def cpu_seconds(pids: Sequence[int]) -> float:
    """The CPU seconds of running processes; ended ones count 0."""
    total = 0.0
    for pid in pids:
        try:
            total += time.clock_gettime(cpu_clock(pid))
        except OSError:
            continue
    return total


def cpu_seconds_with_children(pids: Sequence[int]) -> float:
    """The CPU seconds of processes and of their children that ended, with a resolution of 0.01 s."""
    ticks = sum(int(field) for pid in pids for field in _stat(pid)[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def queued_seconds(pid: int) -> float:
    """Seconds that the main thread of a process was runnable without a free core."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 if it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def proportional_kib(pids: Sequence[int]) -> int:
    """Memory of processes in KiB, with shared pages counted once (PSS)."""
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total


def open_files(pid: int) -> int:
    """The number of open file descriptors of a process."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def session(leader: int) -> list[int]:
    """The running processes of a session: its leader and all descendants that stayed in it."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _stat(pid)[3:4] == [str(leader)]]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name (proc(5), from field 3); empty if the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
