"""`python -m demo [--port=8888] [--seed=0]`: a newsroom and a Livelog that follows it, until Ctrl-C."""

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
_START_LIMIT = 30.0  # seconds
_STOP_LIMIT = 10.0  # seconds
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def configuration(port: int, store: Path, desks: Mapping[DeskName, Desk]) -> str:
    """A config.yaml for a Livelog on `port` that follows the desks, one fetch a second."""
    # Quoted as JSON, which YAML reads: no path or title can break out of its place.
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
    feeds:
{feeds}
"""


async def run(port: int, seed: int, server: Path = _SERVER) -> int:
    """Open the newsroom, start `server` on `port`, play the story until a signal. Returns the exit code.

    Raises TimeoutError where the server does not get ready in time.
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
        for step in takewhile(_is_there_already, story(seed)):
            perform(step, newsroom, desks, start)
        with tempfile.TemporaryDirectory(prefix="livelog-demo-") as directory:
            config = _write_configuration(Path(directory), port, desks)
            # In a session of its own, Ctrl-C does not reach the server: it gets one signal, from here.
            child = await asyncio.create_subprocess_exec(
                sys.executable, str(server), f"--config={config}", start_new_session=True
            )
            try:
                return await _follow(child, _play(newsroom, desks, port, seed), stopped)
            finally:
                await _end(child)
    finally:
        await newsroom.stop()


def _write_configuration(directory: Path, port: int, desks: Mapping[DeskName, Desk]) -> Path:
    path = directory / "config.yaml"
    path.write_text(configuration(port, directory / "demo.db", desks), encoding="utf-8")
    return path


async def _follow(child: Process, play: Coroutine[None, None, None], stopped: asyncio.Event) -> int:
    """Let the story play until the server ends or a signal comes. Returns the exit code."""
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
            return code if code >= 0 else 128 - code  # as a shell says it
        playing.result()  # raises: a story that stops has failed
        return 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _play(newsroom: Newsroom, desks: Mapping[DeskName, Desk], port: int, seed: int) -> None:
    """Wait for the server, say where the page is, then publish step by step, for ever."""
    await _until_ready(newsroom, port)
    print(f"{_TITLE} is at http://{_ADDRESS}:{port}/blog/ – open it and watch. Ctrl-C ends the demo.", flush=True)
    start = now()
    for step in dropwhile(_is_there_already, story(seed)):
        await asyncio.sleep(step.delay)
        perform(step, newsroom, desks, start)


async def _until_ready(newsroom: Newsroom, port: int) -> None:
    """Return when the server answers and has come for the feeds. Raises TimeoutError after 30 seconds.

    Either alone proves nothing: where the port is taken, it is somebody else who answers.
    """
    client = AsyncHTTPClient(force_instance=True)
    try:
        async with asyncio.timeout(_START_LIMIT):
            while True:
                if newsroom.requests and await _is_healthy(client, port):
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"The server did not get ready within {_START_LIMIT:.0f} seconds.") from None
    finally:
        client.close()


async def _is_healthy(client: AsyncHTTPClient, port: int) -> bool:
    try:
        await client.fetch(f"http://{_ADDRESS}:{port}/healthz", connect_timeout=1, request_timeout=2)
    except (OSError, HTTPClientError):
        return False
    return True


async def _end(child: Process) -> None:
    """End the server: politely, and after 10 seconds not."""
    if child.returncode is not None:
        return
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _STOP_LIMIT)
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
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="A newsroom and a Livelog that follows it.")
    parser.add_argument("--port", type=_port, default=8888, help="where Livelog listens (default: 8888)")
    parser.add_argument("--seed", type=int, default=0, help="which night follows the evening (default: 0)")
    options = parser.parse_args()
    try:
        return asyncio.run(run(options.port, options.seed))
    except KeyboardInterrupt:
        return 0
    except TimeoutError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
