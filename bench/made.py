"""What the benchmarks share: made-up entries of the usual size, polls, and what processes use."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles

from entries import Entry, Source
from feeds.parser.digest import digest as digest_of
from feeds.parser.identity import make_key
from timeline import Lease, Timeline

FEED = "https://newsroom.example/feed.xml"
BLOG = "blog"
LEASE_SECONDS = 600.0

_SOURCE = Source("The Newsroom", "https://newsroom.example/", FEED)
_HTML = "<p>Some words of a post, as many as a short one has.</p>" * 10


def keys(number: int) -> tuple[str, str]:
    """The names that a post is recognised by: most feeds give it two."""
    path = f"/?p={number}"
    return make_key(FEED, path, None), make_key(FEED, None, path)


def digest(number: int, version: int = 0) -> str:
    """The fingerprint of a version of a post."""
    return digest_of(number, version)


def position(number: int) -> int:
    """A second after the post before."""
    return (1_800_000_000 + number) * 1_000_000


def post(number: int, *, version: int = 0, blog: str = BLOG) -> Entry:
    """A post whose JSON Feed item takes 1 KB."""
    return Entry(
        keys=keys(number),
        digest=digest(number, version),
        source=_SOURCE,
        url=f"https://newsroom.example/?p={number}",
        title=f"Post {number:07}, version {version:03}",
        content_html=_HTML,
        summary="A sentence that says what it is about.",
        authors=("A. Reporter",),
        tags=("city", "council"),
        blog=blog,
        position=position(number),
        seen=position(number),
    )


async def lease(timeline: Timeline) -> Lease:
    """The right to poll the feed once more."""
    await timeline.follow({FEED: 0.0})
    (leased,) = await timeline.claim(time.time(), 1, LEASE_SECONDS)
    return leased


async def commit(timeline: Timeline, leased: Lease, listed: Sequence[Entry]) -> int:
    """Commits what a feed lists. A lease is good for more than one commit until the feed is claimed anew."""
    return await timeline.commit(replace(leased.state, next_at=0.0, checked_at=time.time()), listed, leased)


async def poll(timeline: Timeline, listed: Sequence[Entry]) -> int:
    """One poll of the feed, which lists these posts; returns the number of events."""
    return await commit(timeline, await lease(timeline), listed)


def cpu_clock(pid: int) -> int:
    """The clock of a process's CPU, to the nanosecond, as clock_getcpuclockid(3) names it."""
    return ~pid << 3 | 2


def queued_seconds(pid: int) -> float:
    """How long the first thread of a process has waited for a core to be free."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text("ascii").split()[1]) / 1e9


def resident_bytes(pid: int) -> int:
    """The memory that a process holds; nothing if it has ended."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Used:
    """What a process used in a stretch of time."""

    pid: int
    seconds: float = 0.0
    cpu: float = 0.0

    def each(self, number: int) -> str:
        """The CPU of one of so many things done."""
        return f"{self.cpu / number * 1e6:.0f} µs"

    @property
    def share(self) -> str:
        """The share of a core."""
        return f"{self.cpu / self.seconds:.1%}"


@contextmanager
def used(*pids: int) -> Iterator[list[Used]]:
    """Fills in, at the end, what processes have used meanwhile."""
    found = [Used(pid) for pid in pids]
    began = time.perf_counter()
    before = [time.clock_gettime(cpu_clock(pid)) for pid in pids]
    yield found
    for use, cpu in zip(found, before, strict=True):
        use.seconds, use.cpu = time.perf_counter() - began, time.clock_gettime(cpu_clock(use.pid)) - cpu


def session(leader: int) -> list[int]:
    """The processes of a session that a process began: it, its children and theirs."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _stat(pid)[3:4] == [str(leader)]]


def cpu_seconds(pids: Sequence[int]) -> float:
    """The CPU that processes have used, and those of their children that ended. To a hundredth of a second."""
    ticks = sum(int(field) for pid in pids for field in _stat(pid)[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """What stands in /proc/PID/stat after the name, as proc(5) counts it from 3; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def spread(seconds: Sequence[float]) -> str:
    """The median and the 95th percentile in milliseconds."""
    return f"{median(seconds) * 1e3:.2f} ms (p95 {quantiles(seconds, n=20)[18] * 1e3:.2f})"
