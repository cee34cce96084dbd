"""`python -m demo`: the configuration, start and end of its server, for which a small HTTP server is substituted."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
import yaml

from demo.__main__ import configuration
from demo.newsroom import Newsroom
from demo.story import open_desks
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]

# Fetches the feeds once, answers /healthz, prints its store on SIGTERM.
STAND_IN = """
import pathlib, signal, sys, urllib.request, yaml
from http.server import BaseHTTPRequestHandler, HTTPServer
config = yaml.safe_load(pathlib.Path(sys.argv[1].partition("=")[2]).read_text())
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
    def log_message(self, *words): pass
def stop(*_):
    print("store was", config["store"], flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
server = HTTPServer((config["server"]["address"], config["server"]["port"]), Handler)
for feed in config["blogs"]["blog"]["feeds"]:
    urllib.request.urlopen(feed["url"]).close()
server.serve_forever()
"""


async def start_demo(tmp_path: Path, server: str, port: int) -> Process:
    """Start the demo as a process, with `server` as the text of its server.py."""
    script = tmp_path / "server.py"
    script.write_text(server)
    words = "import asyncio, pathlib, sys; from demo.__main__ import run; "
    words += f"sys.exit(asyncio.run(run({port}, pathlib.Path({str(script)!r}))))"
    return await asyncio.create_subprocess_exec(sys.executable, "-c", words, stdout=PIPE, stderr=PIPE, cwd=ROOT)


@pytest.fixture
def free_port() -> int:
    return free_ports(1)[0]


async def test_the_configuration_names_every_desk(tmp_path: Path) -> None:
    newsroom = Newsroom()
    await newsroom.start()
    try:
        desks = open_desks(newsroom)
        config = yaml.safe_load(configuration(8123, tmp_path / "demo.db", desks))
    finally:
        await newsroom.stop()
    assert config["server"] == {"address": "127.0.0.1", "port": 8123}
    assert config["store"] == f"sqlite:{tmp_path}/demo.db"
    assert config["fetch"] == {"interval": "1s"}
    assert config["blogs"]["blog"]["title"] == "Port Elsewhere Live"
    assert [feed["url"] for feed in config["blogs"]["blog"]["feeds"]] == [desk.url for desk in desks.values()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_demo_and_its_server_without_a_trace(
    tmp_path: Path, free_port: int, number: signal.Signals
) -> None:
    demo = await start_demo(tmp_path, STAND_IN, free_port)
    assert demo.stdout is not None
    line = await asyncio.wait_for(demo.stdout.readline(), 20)
    assert f"http://127.0.0.1:{free_port}/blog/" in line.decode()
    demo.send_signal(number)
    out, errors = await asyncio.wait_for(demo.communicate(), 20)
    assert (demo.returncode, errors) == (0, b"")
    store = Path(out.decode().removeprefix("store was sqlite:").strip())
    assert store.name == "demo.db"
    assert not store.parent.exists()


async def test_a_server_that_gives_up_ends_the_demo_with_its_message_and_code(tmp_path: Path, free_port: int) -> None:
    demo = await start_demo(tmp_path, "import sys; print('port in use', file=sys.stderr); sys.exit(3)", free_port)
    out, errors = await asyncio.wait_for(demo.communicate(), 20)
    assert (demo.returncode, out) == (3, b"")
    assert errors.decode().startswith("port in use\n")
    assert "Traceback" not in errors.decode()


async def test_another_server_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    async def healthy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    other = await asyncio.start_server(healthy, "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    try:
        demo = await start_demo(tmp_path, "import sys, time; time.sleep(1); sys.exit(1)", port)
        out, _ = await asyncio.wait_for(demo.communicate(), 20)
    finally:
        other.close()
        await other.wait_closed()
    assert (demo.returncode, out) == (1, b"")
