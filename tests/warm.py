"""Runs `server.py` in processes forked from one that has imported it: an import takes most of a second of CPU.

    python tests/warm.py DESCRIPTOR

Each is a process like another, with its own `__main__`, arguments, environment, folder and session; only the start
of Python and the imports are shared. So are those of its helpers that `multiprocessing` starts, which have an id and
descriptors of their own. Tests of these start `python server.py` itself.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import gc
import importlib
import itertools
import json
import os
import pickle
import resource
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from unittest import mock

ROOT: Final = Path(__file__).resolve().parent.parent
SERVER: Final = str(ROOT / "server.py")

_LONGEST: Final = 150_000
"""Bytes of a request: arguments and environment."""

_DESCRIPTORS: Final = 4_096
"""More than a process has when it is forked."""

_PDEATHSIG: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Process:
    """A process of `server.py`, in the way of `asyncio.subprocess.Process`."""

    def __init__(
        self, report: asyncio.StreamReader, stdout: asyncio.StreamReader | None, stderr: asyncio.StreamReader | None
    ) -> None:
        self.pid = 0
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._report = report

    async def started(self, writer: asyncio.StreamWriter) -> None:
        """Waits until it has a process id."""
        line = await self._report.readline()
        if not line:
            _origins.clear()
            raise RuntimeError("the process that forks servers has ended")
        self.pid = int(line)
        self._ending = asyncio.create_task(self._end(writer))

    async def wait(self) -> int:
        """Waits for its end; returns the exit code."""
        return await asyncio.shield(self._ending)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Waits for its end; returns its output and its errors."""
        readers = (self.stdout, self.stderr)
        output, errors = await asyncio.gather(*(reader.read() if reader else _nothing() for reader in readers))
        await self.wait()
        return output, errors

    def send_signal(self, number: int) -> None:
        """Sends a signal; raises ProcessLookupError if it has ended."""
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    async def _end(self, writer: asyncio.StreamWriter) -> int:
        self.returncode = int(await self._report.readline())
        writer.close()
        return self.returncode


async def start(
    *arguments: str, cwd: Path, stdout: int = DEVNULL, stderr: int = PIPE, files: int | None = None
) -> Process:
    """Starts `server.py` with these arguments, in a session of its own. ``files`` limits its descriptors."""
    theirs, ours = socket.socketpair()
    opened: list[int] = []
    readers: list[asyncio.StreamReader | None] = []
    for kind in (stdout, stderr):
        reader, descriptor = await _output(kind, opened)
        readers.append(reader)
        opened.append(descriptor)
    request = {"arguments": arguments, "cwd": str(cwd), "environment": dict(os.environ), "files": files}
    socket.send_fds(_origin(), [json.dumps(request).encode()], [theirs.fileno(), *opened])
    theirs.close()
    for descriptor in set(opened) - {stdout, stderr}:
        os.close(descriptor)
    report, writer = await asyncio.open_unix_connection(sock=ours)
    process = Process(report, *readers)
    await process.started(writer)
    return process


async def _output(kind: int, opened: list[int]) -> tuple[asyncio.StreamReader | None, int]:
    """A reader of what is written, and a descriptor to write to."""
    if kind == STDOUT:
        return None, os.dup(opened[0])
    if kind == DEVNULL:
        return None, os.open(os.devnull, os.O_WRONLY)
    if kind != PIPE:
        return None, kind
    ours, theirs = os.pipe()
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", 0))
    return reader, theirs


async def _nothing() -> bytes:
    return b""


_origins: list[socket.socket] = []


def _origin() -> socket.socket:
    """A connection to the process that forks, which ends when this one does."""
    if not _origins:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = [sys.executable, __file__, str(theirs.fileno())]
        process = subprocess.Popen(
            program, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True
        )
        theirs.close()
        _origins.append(ours)
        atexit.register(_close, process)
    return _origins[0]


def _close(process: subprocess.Popen[bytes]) -> None:
    for origin in _origins:
        origin.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def _fork(control: socket.socket) -> list[str]:
    """Forks a process for each request, and reports their ends. Returns in each of them, with its arguments."""
    # Neither is an object with a descriptor, which a child would close as its own.
    poll = select.poll()
    poll.register(control, select.POLLIN)
    children: dict[int, tuple[int, int]] = {}
    while True:
        for descriptor, _ in poll.poll():
            if descriptor in children:
                pid, report = children.pop(descriptor)
                poll.unregister(descriptor)
                _tell(report, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                os.close(report)
                os.close(descriptor)
                continue
            message, descriptors, _, _ = socket.recv_fds(control, _LONGEST, 3)
            if not message:
                sys.exit()
            origin = os.getpid()
            pid = os.fork()
            if not pid:
                control.detach()
                return _become(json.loads(message), descriptors, origin)
            report, *others = descriptors
            for other in others:
                os.close(other)
            pidfd = os.pidfd_open(pid)
            children[pidfd] = pid, report
            poll.register(pidfd, select.POLLIN)


def _tell(report: int, number: int) -> None:
    try:
        os.write(report, b"%d\n" % number)
    except BrokenPipeError:
        # The test has ended.
        return


def _become(request: dict[str, object], descriptors: Sequence[int], origin: int) -> list[str]:
    """Makes this process one of its own, and reports its id; returns its arguments."""
    os.setsid()
    # A run of tests that is killed must leave no server that polls on.
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != origin:
        sys.exit()
    _tell(descriptors[0], os.getpid())
    os.dup2(descriptors[1], 1)
    os.dup2(descriptors[2], 2)
    os.closerange(3, _DESCRIPTORS)
    os.chdir(str(request["cwd"]))
    environment = request["environment"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if isinstance(files := request["files"], int):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    arguments = request["arguments"]
    assert isinstance(arguments, list)
    return arguments


def _spawn(_program: str, arguments: Sequence[str], passed: Sequence[int]) -> int:
    """Does what `multiprocessing.util.spawnv_passfds` does with a command `python … -c WORDS`, by a fork."""
    pids: list[int] = []
    # In a thread of no pool: at its end, a Python waits for those of its pools, and this one is all that is left.
    thread = threading.Thread(target=_fork_to_run, args=(arguments[-1], sorted(passed), pids))
    thread.start()
    thread.join()
    return pids[0]


def _fork_to_run(words: str, kept: Sequence[int], pids: list[int]) -> None:
    """Runs ``words`` in a fork that has these descriptors, and appends its id."""
    if pid := os.fork():
        pids.append(pid)
        return
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        for before, after in itertools.pairwise([2, *kept, _DESCRIPTORS]):
            os.closerange(before + 1, after)
        exec(words, {})
        code = 0
    except SystemExit:
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # Nothing is done that the server does at its end.
        os._exit(code)


def _share_assets() -> None:
    """Bundles and compresses static/ once for all processes.

    In a process of its own, as Go's runtime, which the minifier starts, survives no fork.
    """
    assets, site = importlib.import_module("pages.assets"), importlib.import_module("handlers.site")
    ours, theirs = os.pipe()
    if not os.fork():
        made = assets.Assets(ROOT / "static")
        bodies = [asset.plain for asset in vars(made)["_assets"].values()]
        forms = {body: assets.compress(body, "br", assets.SMALL) for body in bodies}
        with os.fdopen(theirs, "wb") as writer:
            pickle.dump((made, forms), writer)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as reader:
        made, forms = pickle.load(reader)
    os.wait()

    def compressed(body: bytes, coding: str, quality: int, compress: Callable[..., bytes] = assets.compress) -> bytes:
        return forms[body] if coding == "br" and body in forms else compress(body, coding, quality)

    def bundled(_folder: Path) -> object:
        return made

    mock.patch.object(assets, "compress", compressed).start()
    mock.patch.object(site, "Assets", bundled).start()


if __name__ == "__main__":
    # In the place of this folder, which has a redis.py.
    sys.path[0] = str(ROOT)
    # All that server.py imports, once it runs.
    importlib.import_module("commands.main")
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a fork leaves other threads behind"
    _share_assets()
    mock.patch("multiprocessing.util.spawnv_passfds", _spawn).start()
    gc.collect()
    gc.freeze()
    sys.argv[1:] = _fork(socket.socket(fileno=int(sys.argv[1])))
    # At the top, so that it ends as Python does.
    runpy.run_path(SERVER, run_name="__main__")
