"""`python -m demo [--port=8888]`: a newsroom and a Livelog that follows it, until Ctrl-C."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from demo.newsroom import Desk, Newsroom
from demo.posts import now
from demo.steps import DeskName, Step
from demo.story import open_desks, perform, story

_SERVER = Path(__file__).resolve().parent.parent / "server.py"
_ADDRESS = "127.0.0.1"
_TITLE = "Port Elsewhere Live"
_KEY_EVENTS = "Key event"
_PIN = "Pinned"
_START_TIMEOUT = 30.0  # seconds
_STOP_TIMEOUT = 10.0  # seconds
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def configuration(port: int, store: Path, desks: Mapping[DeskName, Desk]) -> str:
    """A config.yaml for a Livelog on `port` that follows the desks, one fetch a second."""
    # JSON strings are YAML strings, so paths and titles need no other escaping.
    feeds = "\n".join(f"      - {json.dumps({'url': desk.url, 'title': desk.title})}" for desk in desks.values())
    return f"""\
server:
  address: {_ADDRESS}
  port: {port}
store: {json.dumps(f"sqlite:{store}")}
fetch:
  interval: 1s
blogs:
  blog:
    title: {json.dumps(_TITLE)}
    key_events: {_KEY_EVENTS}
    pin: {_PIN}
    feeds:
{feeds}
"""


async def run(port: int, server: Path = _SERVER) -> int:
    """Start the newsroom and `server` on `port`, and play the story until a signal. Return the exit code.

    Raises TimeoutError if the server is not ready within 30 seconds.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stopped.set)
    newsroom = Newsroom(_ADDRESS)
    await newsroom.start()
    try:
        desks = open_desks(newsroom)
        start = now()
        for step in takewhile(_is_there_already, story()):
            perform(step, newsroom, desks, start)
        with tempfile.TemporaryDirectory(prefix="livelog-demo-") as directory:
            config = _write_configuration(Path(directory), port, desks)
            # A session of its own keeps Ctrl-C from the server: it gets a single SIGTERM, from `_end`.
            child = await asyncio.create_subprocess_exec(
                sys.executable, str(server), f"--config={config}", start_new_session=True
            )
            try:
                return await _follow(child, _play(newsroom, desks, port), stopped)
            finally:
                await _end(child)
    finally:
        await newsroom.stop()


def _write_configuration(directory: Path, port: int, desks: Mapping[DeskName, Desk]) -> Path:
    path = directory / "config.yaml"
    path.write_text(configuration(port, directory / "demo.db", desks), encoding="utf-8")
    return path


async def _follow(child: Process, play: Coroutine[None, None, None], stopped: asyncio.Event) -> int:
    """Play until the server ends or a signal arrives. Return the exit code."""
    ended = asyncio.create_task(child.wait())
    asked = asyncio.create_task(stopped.wait())
    playing = asyncio.create_task(play)
    tasks: set[asyncio.Task[Any]] = {ended, asked, playing}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return 0
        if ended.done():
            code = ended.result()
            print(f"The demo ends: its server has stopped by itself (exit code {code}).", file=sys.stderr)
            return code if code >= 0 else 128 - code  # killed by a signal: the shell's convention
        playing.result()  # raises: the story has no end, so it failed
        return 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _play(newsroom: Newsroom, desks: Mapping[DeskName, Desk], port: int) -> None:
    """Wait for the server, print the page's address, then perform the steps."""
    await _until_ready(newsroom, port)
    print(f"{_TITLE} is at http://{_ADDRESS}:{port}/blog/ – open it and watch. Ctrl-C ends the demo.", flush=True)
    start = now()
    for step in dropwhile(_is_there_already, story()):
        await asyncio.sleep(step.delay)
        perform(step, newsroom, desks, start)


async def _until_ready(newsroom: Newsroom, port: int) -> None:
    """Wait until the server answers and has fetched a feed. Raises TimeoutError after 30 seconds.

    An answer alone may come from another program that has the port.
    """
    client = AsyncHTTPClient(force_instance=True)
    try:
        async with asyncio.timeout(_START_TIMEOUT):
            while True:
                if newsroom.requests and await _is_healthy(client, port):
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"The server did not get ready within {_START_TIMEOUT:.0f} seconds.") from None
    finally:
        client.close()


async def _is_healthy(client: AsyncHTTPClient, port: int) -> bool:
    try:
        await client.fetch(f"http://{_ADDRESS}:{port}/healthz", connect_timeout=1, request_timeout=2)
    except (OSError, HTTPClientError):
        return False
    return True


async def _end(child: Process) -> None:
    """Stop the server with SIGTERM, and with SIGKILL 10 seconds later."""
    if child.returncode is not None:
        return
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _STOP_TIMEOUT)
    except TimeoutError:
        child.kill()
        await child.wait()


def _is_there_already(step: Step) -> bool:
    return step.age is not None


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError(text)
    return port


def main() -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="A newsroom and a Livelog that follows it.")
    parser.add_argument("--port", type=_port, default=8888, help="port of Livelog (default: 8888)")
    options = parser.parse_args()
    try:
        return asyncio.run(run(options.port))
    except KeyboardInterrupt:
        return 0
    except TimeoutError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
