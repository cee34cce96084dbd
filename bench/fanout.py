"""The cost of delivering events: Livelog beside a C floor and other servers, in one run, under one load."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.load import FAILURES, LoadError, allow_connections, build
from bench.peers.servers import Lines, Nchan, peer, versions
from bench.report import FINDING_HEAD, Finding, number, table
from bench.servers import Livelog, Server
from bench.trials import Paced, pace, storm, unread
from bench.turns import BURST, SIZE, Scale, Subject, compare, reason

FLOOR = "C send loop (floor)"
NCHAN, NCHAN_SSE = "nchan (nginx, C)", "nchan, SSE"
OWN, OWN_SSE, OWN_UVLOOP = "Livelog", "Livelog, SSE", "Livelog on uvloop"

FULL = (Scale(1_000, 15, 7), Scale(10_000, 11, 3))
QUICK = (Scale(1_000, 5, 2),)
OWN_SECONDS, PEERS_SECONDS, QUICK_SECONDS = 60, 15, 5

Subjects = Mapping[str, Subject]
Trial = Callable[[int, Path, Path], Awaitable[list[Finding]]]

_LEGEND = (
    "CPU in µs per delivery of a message of {size} bytes, alone or in a burst of {burst}; in brackets, the ratio "
    "to the C floor. Medians; servers took turns, each with all its clients. Livelog is measured twice: the "
    "process that serves clients, and with its parsers: each turn fetches, parses and stores a feed, which the "
    "other servers do not, at the same cost for any number of clients. KiB are PSS of the processes, without the "
    "kernel's. p50 and p99 of single messages since their publication (for Livelog: since the poll)."
)
_PACED_LEGEND = (
    "To {count:,} clients, in ms: until the last of them had a message; until the event loop answered a ping; and"
    " the delay with which the machine woke up the process that sends the pings."
)

_PACED_HEAD = [
    "a message a second",
    "delivered",
    "last client p50",
    "p99",
    "max",
    "ping p50",
    "p99",
    "max",
    "wake p99",
]


async def run(*, quick: bool = False, markdown: bool = False) -> None:
    """Print the tables. ``quick`` takes a minute; ``markdown`` is the form of docs/performance.md."""
    scales = QUICK if quick else FULL
    with TemporaryDirectory() as name:
        folder = Path(name)
        try:
            allow_connections(scales[-1].clients)
            floor, load = build("floor", folder), build("load", folder)
        except LoadError as error:
            print(f"fanout is skipped: {error}")
            return
        found: dict[int, Subjects] = {}
        missing: dict[str, str] = {}
        for scale in scales:
            found[scale.clients], skipped = await compare(_servers(floor), scale, load, folder)
            missing |= skipped
        trials = _Trials(scales[-1].clients, load, folder)
        await trials.run(Lines(FLOOR, [floor]), quick=quick)
    show = partial(table, markdown=markdown)
    findings = [*_compared(found), *trials.findings]
    blocks = [
        f"{_machine()}; {', '.join(versions())}.",
        show(_head(found), list(_rows(found))),
        _LEGEND.format(size=SIZE, burst=BURST),
        *(f"{what}: skipped, {why}." for what, why in (missing | trials.failed).items()),
        show(_PACED_HEAD, [_paced_row(paced) for paced in trials.paced]),
        _PACED_LEGEND.format(count=trials.count),
        show(FINDING_HEAD, [finding.row() for finding in findings]),
    ]
    print("\n\n".join(blocks))


def _servers(floor: Path) -> list[Server]:
    return [
        Lines(FLOOR, [floor]),
        Nchan(NCHAN),
        peer("picows (Cython), uvloop", "picows_send", "picows", "uvloop"),
        peer("websockets `broadcast`, uvloop", "websockets_broadcast", "websockets", "uvloop"),
        peer("starlette, uvicorn, uvloop", "starlette_send_text", "starlette", "uvicorn", "websockets", "uvloop"),
        peer("Tornado `write_message`", "tornado_write_message", python=sys.executable),
        Livelog(OWN),
        Livelog(OWN_UVLOOP, on_uvloop=True),
        Livelog(OWN_SSE, sse=True),
        Nchan(NCHAN_SSE, sse=True),
    ]


@dataclass
class _Trials:
    """The trials of Livelog, and of the floor and nchan as a measure of the machine."""

    count: int
    load: Path
    folder: Path
    paced: list[Paced] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    async def run(self, floor: Server, *, quick: bool) -> None:
        """Run all trials; record those that fail."""
        for server in (floor, Nchan(NCHAN), Livelog(OWN)):
            own = server.name == OWN
            seconds = QUICK_SECONDS if quick else OWN_SECONDS if own else PEERS_SECONDS
            await self._attempt(f"a message a second, {server.name}", self._pace(server, seconds))
        await self._attempt("all reconnecting at once", self._find(storm))
        if not quick:
            await self._attempt("some never reading", self._find(unread))

    async def _pace(self, server: Server, seconds: int) -> None:
        if lacking := server.lacks():
            raise LoadError(f"it needs {lacking}")
        paced = await pace(server, self.count, seconds, self.load, self.folder)
        self.paced.append(paced)
        if server.name == OWN:
            what = f"a message a second to {self.count:,} clients"
            self.findings += [
                Finding(f"{what}: the last client has it, p99", paced.arrival.last_p99, "ms", 200),
                Finding(f"{what}: the event loop answers, p99", paced.pings.ping_p99, "ms", 10),
            ]

    async def _find(self, trial: Trial) -> None:
        self.findings += await trial(self.count, self.load, self.folder)

    async def _attempt(self, what: str, trial: Awaitable[None]) -> None:
        try:
            await trial
        except FAILURES as error:
            self.failed[what] = reason(error)


def _compared(found: Mapping[int, Subjects]) -> Iterator[Finding]:
    for count, subjects in found.items():
        if OWN not in subjects:
            return
        own = subjects[OWN]
        for messages, name in ((1, "single"), (BURST, f"burst of {BURST}")):
            yield from _beside(own, subjects, messages, f"{name}, {count:,} clients: CPU")
    yield Finding(f"memory of each of {count:,} idle clients", own.kib, "KiB", 12.5)
    yield Finding(f"{count:,} clients connect", own.connects, "a second", 3_000, at_least=True)


def _beside(own: Subject, subjects: Subjects, messages: int, what: str) -> Iterator[Finding]:
    """Findings about all processes of Livelog, compared with the others."""
    single = messages == 1
    if not single:
        yield Finding(f"{what} per delivery", own.whole(messages), "µs", 1.5)
    if FLOOR in subjects:
        yield Finding(f"{what}, times the floor", own.ratio(subjects[FLOOR], messages), "×", 1.5 if single else None)
    if NCHAN in subjects:
        times = own.ratio(subjects[NCHAN], messages)
        if single:
            yield Finding(f"{what}, times nchan", times, "×", 1.1)
        else:
            yield Finding(f"{what} of nchan, times Livelog", 1 / times, "×", 8, at_least=True)
    if OWN_SSE in subjects:
        yield Finding(f"{what} with SSE, times WebSocket", subjects[OWN_SSE].ratio(own, messages), "×", 1.3)


# ---- output ----


def _machine() -> str:
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    cores = f"{os.cpu_count()} cores ({model[1] if model else platform.machine()})"
    return f"{datetime.now(UTC):%Y-%m-%d}, {cores}, Linux {platform.release()}, Python {platform.python_version()}"


def _head(found: Mapping[int, Subjects]) -> list[str]:
    *_, largest = found
    return [
        "server, one process",
        *(f"single, {count:,}" for count in found),
        *(f"burst of {BURST}, {count:,}" for count in found),
        "KiB a client",
        "to connect",
        "connects/s",
        f"p50 of {largest:,}",
        "p99",
    ]


def _rows(found: Mapping[int, Subjects]) -> Iterator[list[str]]:
    *_, largest = found
    for name, subject in found[largest].items():
        p50, p99 = subject.late(1)
        one = [f"{subject.kib:.1f}", f"{number(subject.connecting)} µs", number(subject.connects)]
        yield [name, *_costs(found, name, Subject.serving), *one, f"{number(p50)} ms", f"{number(p99)} ms"]
        if name == OWN:
            yield [f"{name}, with its parsers", *_costs(found, name, Subject.whole), "", "", "", "", ""]


def _costs(found: Mapping[int, Subjects], name: str, cost: Callable[[Subject, int], float]) -> Iterator[str]:
    for messages in (1, BURST):
        for subjects in found.values():
            yield _cost(subjects, name, messages, cost) if name in subjects else ""


def _cost(subjects: Subjects, name: str, messages: int, cost: Callable[[Subject, int], float]) -> str:
    own = cost(subjects[name], messages)
    beside = f" ({own / cost(subjects[FLOOR], messages):.1f} ×)" if FLOOR in subjects and name != FLOOR else ""
    incomplete = sum(not turn.complete for turn in subjects[name].turns[messages])
    return f"{number(own)}{beside}{f', {incomplete} turns incomplete' if incomplete else ''}"


def _paced_row(paced: Paced) -> list[str]:
    arrival, pings = paced.arrival, paced.pings
    last = (arrival.last_p50, arrival.last_p99, arrival.last_max)
    ping = (pings.ping_p50, pings.ping_p99, pings.ping_max, pings.wake_p99)
    return [f"{paced.name}, {paced.seconds} s", f"{paced.delivered:.2%}", *map(number, (*last, *ping))]
