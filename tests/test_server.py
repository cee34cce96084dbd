"""`python server.py`: start, stop, exit codes, and errors of one line."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import sys
import time
from functools import partial
from pathlib import Path

import pytest

import config
from app import VERSION
from demo.newsroom import Newsroom
from tests import warm
from tests.connections.bare import UPGRADE, asked, events
from tests.livelog import PATIENCE, ROOT, Livelog, until
from tests.redis import RedisServer


async def command(*arguments: str, cwd: Path) -> tuple[int, str]:
    """Runs `server.py` to its end; returns its exit code, and its output with its errors."""
    code, output, _ = await ended(*arguments, cwd=cwd, stderr=asyncio.subprocess.STDOUT)
    return code, output


async def ended(*arguments: str, cwd: Path, stderr: int = asyncio.subprocess.PIPE) -> tuple[int, str, str]:
    """Runs `server.py` to its end; returns its exit code, its output and its errors."""
    process = await warm.start(*arguments, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=stderr)
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    return await process.wait(), output.decode(), errors.decode()


async def ended_cold(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Like `ended`, in a Python of its own: for what depends on its start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, warm.SERVER, *arguments),
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def test_it_serves_a_page_soon_after_it_is_started(livelog: Livelog) -> None:
    livelog.is_warm = False
    await livelog.start({"blog": []})
    # One second is promised, and `make bench` measures it; a shared machine gets ten.
    assert livelog.started_in < 10
    page = await livelog.get("/blog/")
    assert page.code == 200


async def test_sigterm_ends_it_cleanly(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    await livelog.start({"blog": [{"url": desk.url, "interval": "1s"}]})
    async with livelog.client() as client:
        await client.next()
        assert await livelog.stop() == 0
        assert await client.connection.read_message() is None
        assert client.connection.close_code == 1001
    assert "Traceback" not in livelog.log


async def test_a_stop_does_not_wait_for_clients_that_do_not_read(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A", keep=40)
    for number in range(40):
        desk.publish(title=f"{number}", html="<p>Words</p>" * 5_000)
    await livelog.start({"blog": [{"url": desk.url, "interval": "1s"}]})

    async def filled() -> bool:
        return len(await livelog.entries()) == 40

    # The posts are long, and so is the work of reading them on a busy machine.
    await until(filled, seconds=4 * PATIENCE)
    async with contextlib.AsyncExitStack() as stack:
        for path in ("/blog/ws?after=x.1", "/blog/events?after=x.1", "/blog/entries?limit=200", "/blog/"):
            headers = UPGRADE if "ws" in path else ()
            bare = await stack.enter_async_context(asked(livelog.port, path, *headers, buffer=4_096))
            await bare.answer()
        # A stop that hangs is ended by SIGALRM, with another exit code.
        assert await livelog.stop() == 0
    assert "Traceback" not in livelog.log


async def test_out_of_descriptors_it_pauses_and_goes_on(livelog: Livelog) -> None:
    await livelog.start({"blog": []})
    spare = descriptors(livelog.pid) + 20
    limit = resource.prlimit(livelog.pid, resource.RLIMIT_NOFILE, (spare, spare))
    assert limit[0] == limit[1], "the soft limit is raised to the hard limit"
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(60):
            await stack.enter_async_context(asked(livelog.port, "/blog/ws", *UPGRADE))
        await until(lambda: "Connections cannot be accepted, trying again: Too many open files" in livelog.log)
        before, since = cpu_seconds(livelog.pid), time.monotonic()
        await asyncio.sleep(3)
        took = time.monotonic() - since
        assert cpu_seconds(livelog.pid) - before < 0.5 * took
        assert livelog.log.count("cannot be accepted") <= took + 3
    async with livelog.client() as client:
        assert (await client.next())["type"] == "hello"
    assert "Traceback" not in livelog.log


async def test_with_few_descriptors_it_refuses_clients_and_stays_responsive(livelog: Livelog) -> None:
    livelog.files = 64
    await livelog.start({"blog": []})
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(200):
            await stack.enter_async_context(asked(livelog.port, "/blog/ws", *UPGRADE))
        await until(lambda: "cannot be accepted" in livelog.log or "Readers are refused" in livelog.log)
        before, since = cpu_seconds(livelog.pid), time.monotonic()
        await asyncio.sleep(3)
        took = time.monotonic() - since
        assert cpu_seconds(livelog.pid) - before < 0.5 * took
        assert len(livelog.log.splitlines()) <= took + 6
    await until(partial(is_well, livelog))


def descriptors(pid: int) -> int:
    """The number of open descriptors of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def is_well(livelog: Livelog) -> bool:
    return (await livelog.get("/readyz")).code == 200


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


async def test_a_second_sigterm_ends_it_at_once(livelog: Livelog) -> None:
    await livelog.start({"blog": []})
    async with contextlib.AsyncExitStack() as stack:
        # Their connections are closed over two seconds.
        for _ in range(200):
            await stack.enter_async_context(events(livelog.port))
        os.kill(livelog.pid, signal.SIGTERM)
        await until(lambda: "Stopping." in livelog.log)
        assert await livelog.stop() == -signal.SIGTERM


async def test_feed_urls_make_a_blog_without_a_configuration(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="From the command line")
    await livelog.run("--port=0", desk.url)

    async def shown() -> bool:
        return [item["title"] for item in await livelog.entries()] == ["From the command line"]

    await until(shown)
    assert not livelog.database.exists(), "its entries are kept in memory only"


async def test_check_validates_and_exits(tmp_path: Path) -> None:
    ended = await ended_cold(f"--config={ROOT / config.EXAMPLE}", "--check", cwd=tmp_path)
    assert ended == (0, f"{ROOT / config.EXAMPLE}: good.\n", "")


async def test_all_configuration_errors_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "server:\n  port: lots\nfetch:\n  intervall: 3s\nblogs:\n  blog:\n    feeds:\n      - ftp://example.org/\n"
    )
    code, output = await command("--check", cwd=tmp_path)
    assert code == 2
    lines = output.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["config.yaml:2", "server.port"],
        ["config.yaml:4", "fetch.intervall"],
        ["config.yaml:8", "blogs.blog.feeds[0]"],
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--nonsense=1"], "nonsense"),
        (["--role=cook"], "--role: must be all, web or fetch"),
        (["--role=web"], "--role=web: needs a store that processes can share"),
        (["--port=many"], "port"),
        (["--port=99999"], "command line: --port: must be at most 65535"),
        (["--store=cupboard"], "command line: --store: must be sqlite:PATH"),
        (["ftp://example.org/"], "FEED_URL 1: must be a URL that begins with http"),
        (["--config=missing.yaml"], "missing.yaml: cannot be read: No such file"),
        (["--logging=verbose"], "command line: --logging: must be debug, info, warning or error"),
        (["--log-format", "xml"], "command line: --log-format: must be text or json"),
        (["--port"], "command line: --port: needs a value"),
        (["--admin=nowhere"], "command line: --admin: must be"),
        (["--check=yes"], "command line: --check: takes no value"),
        (["--roll=web"], "command line: --roll: no such option; did you mean --role?"),
        (["config.yaml"], "command line: config.yaml: a file, not a feed URL; did you mean --config=config.yaml?"),
        (["other.yaml"], "command line: other.yaml: a file, not a feed URL; did you mean --config=other.yaml?"),
        (["www.example.org/feed"], "www.example.org/feed: no feed URL; did you mean https://www.example.org/feed?"),
    ],
)
async def test_a_wrong_command_is_reported_in_one_line(tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "config.yaml").write_text("blogs:\n  blog:\n    feeds: []\n")
    code, output = await command(*arguments, cwd=tmp_path)
    assert code == 2
    assert words in output.splitlines()[-1]
    assert "Traceback" not in output


@pytest.mark.parametrize("arguments", [["--check", "--config", "config.yaml"], ["--config=config.yaml", "--check"]])
async def test_a_value_follows_its_option_with_or_without_an_equals_sign(
    tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "config.yaml").write_text("blogs:\n  blog:\n    feeds: []\n")
    assert await command(*arguments, cwd=tmp_path) == (0, "config.yaml: good.\n")


@pytest.mark.parametrize("option", ["-h", "--help"])
async def test_the_help_begins_with_our_own_options(tmp_path: Path, option: str) -> None:
    code, output = await command(option, cwd=tmp_path)
    assert code == 0
    options = re.findall(r"^  (?:-h, )?(--[a-z-]+)", output, re.MULTILINE)
    assert options[:3] == ["--help", "--config", "--address"]
    assert "--log-file-prefix" not in output, "an option of Tornado"


async def test_the_version_is_printed(tmp_path: Path) -> None:
    assert await command("--version", cwd=tmp_path) == (0, f"Livelog {VERSION}\n")


async def test_without_a_configuration_the_example_is_named(tmp_path: Path) -> None:
    code, output = await command(cwd=tmp_path)
    assert code == 2
    assert output.startswith("config.yaml: cannot be read: ")
    assert output.count("\n") == 1


async def test_a_start_is_logged_in_one_line_without_secrets(livelog: Livelog) -> None:
    await livelog.start({"blog": ["http://127.0.0.1:1/feed?token=s3cr3ts3cr3t"]})
    (line,) = (line for line in livelog.log.splitlines() if " is on http://" in line)
    assert f"Livelog {VERSION} is on {livelog.url('/blog/')}: " in line
    assert f"config {livelog.folder / 'config.yaml'}, store sqlite:{livelog.database}, role all" in line
    assert f"listening on 127.0.0.1:{livelog.port}, status on {livelog.admin_url}/status, " in line
    assert line.endswith(" 1 feed (0 failing)")


async def test_a_start_counts_the_feeds_that_failed_before(livelog: Livelog) -> None:
    await livelog.start({"blog": ["http://127.0.0.1:1/feed"]})
    await until(lambda: "The connection was refused." in livelog.log)
    await livelog.stop()
    await livelog.run(f"--config={livelog.folder / 'config.yaml'}")
    assert "1 feed (1 failing)" in livelog.log


async def test_a_log_of_json_has_one_object_a_line_without_secrets(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="One")
    feeds = [f"{desk.url}?token=s3cr3ts3cr3t", "http://127.0.0.1:1/feed?token=s3cr3ts3cr3t"]
    await livelog.start({"blog": feeds}, "--log-format=json", "--logging=debug")
    await until(lambda: livelog.log.count('"outcome"') == 2)
    await livelog.stop()
    assert "s3cr3t" not in livelog.log
    lines = [json.loads(line) for line in livelog.log.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    (start,) = (line for line in lines if "version" in line)
    assert (start["feeds"], start["failing"], start["role"]) == (2, 0, "all")
    assert start["addresses"] == [f"127.0.0.1:{livelog.port}"]
    polls = sorted((line for line in lines if "outcome" in line), key=lambda line: line["outcome"])
    assert [(poll["outcome"], poll["entries"]) for poll in polls] == [("failed", 0), ("new", 1)]
    assert polls[1]["feed"] == f"{desk.url}?token=***"
    assert polls[1]["milliseconds"] >= 0
    assert polls[1]["level"] == "debug"


async def test_a_log_of_json_has_the_reason_why_it_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("blogs: {blog: {}}\nserver: {port: many}\n")
    code, output = await command("--log-format=json", cwd=tmp_path)
    assert code == 2
    (line,) = map(json.loads, output.splitlines())
    assert line["level"] == "critical"
    assert line["message"].startswith("config.yaml:2: server.port: ")


async def test_a_poll_is_a_line_at_debug(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="One")
    await livelog.start({"blog": [desk.url]}, "--logging=debug")
    await until(lambda: re.search(rf"{desk.url}: new, \d+ ms, 1 entries", livelog.log))
    assert "selector" not in livelog.log, "the libraries log no more than usual"


async def test_a_python_without_the_packages_is_told_which_command_to_type(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-S", str(ROOT / "server.py"), "--check"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert re.fullmatch(
        rf"Livelog cannot start: {sys.executable} \(Python [0-9.]+\) has no package \w+; "
        r"type (make setup, then )?\.venv/bin/python server\.py\n",
        output.decode(),
    )


async def test_an_old_python_is_told_which_command_to_type(tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.version_info = (3, 10, 1); import server; "
        "sys.exit(server.main([]))"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), cwd=tmp_path, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert "(Python 3.10.1) is too old: 3.11 or later is needed; type " in errors.decode()
    assert errors.decode().count("\n") == 1


OPML = """<opml version="2.0"><head><title>Zwölf Städte</title></head><body>
<outline text="Politics"><outline text="City Hall" xmlUrl="https://city.example.org/feed.xml"/></outline>
<outline text="Old" xmlUrl="gopher://example.org/"/>
<outline xmlUrl="https://www.example.org/rss"/>
</body></opml>"""


async def test_an_opml_file_is_printed_as_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "reader.opml").write_text(OPML, encoding="utf-8")
    code, printed, errors = await ended("--import-opml=reader.opml", cwd=tmp_path)
    assert code == 0
    assert errors == (
        "reader.opml:3: Old: left out, its xmlUrl must be a URL that begins with http:// or https:// and a host\n"
    )
    (tmp_path / "config.yaml").write_text(printed, encoding="utf-8")
    (blog,) = config.load(tmp_path / "config.yaml").blogs
    assert (blog.slug, blog.title) == ("zwolf-stadte", "Zwölf Städte")
    assert [(feed.url, feed.title, feed.tags) for feed in blog.feeds] == [
        ("https://city.example.org/feed.xml", "City Hall", ("Politics",)),
        ("https://www.example.org/rss", None, ()),
    ]


async def test_an_opml_file_is_printed_in_utf8_whatever_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (tmp_path / "reader.opml").write_text(OPML, encoding="utf-8")
    code, printed, _ = await ended_cold("--import-opml=reader.opml", cwd=tmp_path)
    assert code == 0
    assert "title: Zwölf Städte\n" in printed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "reader.opml: cannot be read: No such file or directory"),
        ("blogs: {}", "reader.opml:1: is not valid XML: syntax error"),
        ("<html/>", "reader.opml:1: is not OPML: it begins with <html>"),
        ("<opml/>", "reader.opml: has no feeds that Livelog can follow"),
    ],
)
async def test_a_bad_opml_file_is_reported_in_one_line(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "reader.opml").write_text(content)
    assert await ended("--import-opml=reader.opml", cwd=tmp_path) == (2, "", f"{words}\n")


async def test_an_outline_that_is_not_well_formed_is_named_and_the_others_are_printed(tmp_path: Path) -> None:
    bad = '<outline text="Bad "one"" xmlUrl="https://bad.example.org/"/>\n'
    (tmp_path / "reader.opml").write_text(OPML.replace("</body>", f"{bad}</body>"), encoding="utf-8")
    code, printed, errors = await ended("--import-opml=reader.opml", cwd=tmp_path)
    assert code == 0
    assert "https://www.example.org/rss" in printed
    assert errors.splitlines()[0] == "reader.opml:5: Bad: left out, it is not valid XML"


@pytest.mark.parametrize(("feeds", "megabytes"), [(20_000, 60), pytest.param(100_000, 150, marks=pytest.mark.soak)])
async def test_100_000_feeds_are_printed_in_150_mb_of_memory(tmp_path: Path, feeds: int, megabytes: int) -> None:
    """A process takes 36 MB before the first feed; a fifth of the feeds may take a fifth of the rest."""
    outlines = (
        f'<outline type="rss" text="The feed number {n}" xmlUrl="https://host{n}.example.org/feeds/{n}/rss.xml" '
        f'htmlUrl="https://host{n}.example.org/" category="news,tag{n % 50}"/>'
        for n in range(feeds)
    )
    (tmp_path / "reader.opml").write_text("\n".join(["<opml><body>", *outlines, "</body></opml>"]))
    measured = (
        "import re, sys; sys.path.insert(0, sys.argv[1]); "
        "from commands.import_opml import import_opml; import_opml('reader.opml'); "
        # Not ru_maxrss: it begins with the memory of the process that forked.
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1], file=sys.stderr)"
    )
    with (tmp_path / "config.yaml").open("wb") as printed:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", measured, str(ROOT)), cwd=tmp_path, stdout=printed, stderr=asyncio.subprocess.PIPE
        )
        _, peak = await asyncio.wait_for(process.communicate(), 120)
    assert (tmp_path / "config.yaml").read_text().count("- url: ") == feeds
    assert int(peak) < megabytes * 1024


async def test_a_configuration_that_can_not_be_written_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "reader.opml").write_text(OPML, encoding="utf-8")
    (tmp_path / "full").symlink_to("/dev/full")
    with (tmp_path / "full").open("wb") as full:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "server.py"), "--import-opml=reader.opml"),
            cwd=tmp_path,
            stdout=full,
            stderr=asyncio.subprocess.PIPE,
        )
        _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert errors.decode().splitlines()[1:] == ["The configuration cannot be written: No space left on device"]


async def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("store: 'sqlite::memory:'\nblogs:\n  blog:\n    feeds: []\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = await command(f"--port={port}", cwd=tmp_path)
    assert (code, output) == (
        1,
        f"Livelog cannot start: 127.0.0.1 port {port} cannot be used: Address already in use\n",
    )


async def test_a_second_process_on_a_database_is_reported_in_one_line(livelog: Livelog, tmp_path: Path) -> None:
    await livelog.start({"blog": []})
    code, output = await command("--port=0", f"--store=sqlite:{livelog.database}", cwd=tmp_path)
    assert code == 1
    assert output == (
        f"Livelog cannot start: {livelog.database}: another Livelog (process {livelog.pid}) uses this database\n"
    )


async def test_a_database_that_can_not_be_written_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("blogs:\n  blog:\n    feeds: []\n")
    code, output = await command("--port=0", "--store=sqlite:missing/livelog.db", cwd=tmp_path)
    assert code == 1
    assert output == (
        "Livelog cannot start: missing/livelog.db: the database cannot be written: No such file or directory\n"
    )


@pytest.mark.parametrize(
    "room", [0, 4_096, 30_000, *(pytest.param(n, marks=pytest.mark.soak) for n in (3, 100, 8_192, 60_000))]
)
async def test_a_first_start_on_a_full_disk_is_reported_in_one_line(tmp_path: Path, room: int) -> None:
    limited = "import os, resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0})); os.execv({1!r}, {2!r})"
    run = [sys.executable, str(ROOT / "server.py"), "--port=0", "--store=sqlite:livelog.db", "http://127.0.0.1:1/"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", limited.format(room, sys.executable, run)),
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert errors.decode().startswith("Livelog cannot start: livelog.db: ")
    assert errors.decode().count("\n") == 1
    assert "savepoint" not in errors.decode(), "the reason is the disk"


async def test_a_folder_in_the_place_of_the_database_or_its_lock_is_reported_in_one_line(tmp_path: Path) -> None:
    for name in ("a", "b.lock"):
        (tmp_path / name).mkdir()
    for store, words in (("a", "unable to open database file"), ("b", "cannot be written: Is a directory")):
        code, output = await command("--port=0", f"--store=sqlite:{store}", "http://127.0.0.1:1/", cwd=tmp_path)
        assert code == 1
        assert output.startswith(f"Livelog cannot start: {store}: ")
        assert words in output
        assert output.count("\n") == 1


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\x00" + b"\xff" * 5_000])
async def test_a_damaged_database_is_reported_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.yaml").write_text("blogs:\n  blog:\n    feeds: []\n")
    (tmp_path / "livelog.db").write_bytes(content)
    code, output = await command("--port=0", cwd=tmp_path)
    assert code == 1
    assert output.startswith("Livelog cannot start: livelog.db: ")
    assert len(output.splitlines()) == 1


async def test_an_unreachable_redis_is_reported_in_one_line(redis: RedisServer, tmp_path: Path) -> None:
    redis.stop()
    code, output = await web_node(redis.url, cwd=tmp_path)
    assert (code, output) == (1, f"Livelog cannot start: {redis.url}: Connection refused\n")


async def test_a_wrong_password_is_reported_in_one_line_without_it(redis: RedisServer, tmp_path: Path) -> None:
    redis.ask("CONFIG", "SET", "requirepass", "right")
    for password in ("", "livelog:wr0ng@"):
        url = redis.url.replace("//", f"//{password}")
        code, output = await web_node(url, cwd=tmp_path)
        assert (code, output) == (
            1,
            f"Livelog cannot start: {redis.url}: the user name or the password is wrong\n",
        )


async def test_a_redis_that_is_too_old_is_reported_in_one_line(tmp_path: Path) -> None:
    async with await asyncio.start_server(old_redis, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        code, output = await web_node(url, cwd=tmp_path)
    assert (code, output) == (
        1,
        f"Livelog cannot start: {url}: Redis 5.0.7 is too old, 6.2 or later is needed\n",
    )


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("99", "DB index is out of range"),
        ("0?colour=s3cret", "unexpected keyword argument 'colour'"),
        ("0?socket_timeout=s3cret", "Invalid value for 'socket_timeout' in connection URL."),
    ],
)
async def test_an_impossible_redis_url_is_reported_in_one_line(
    shared_redis: RedisServer, tmp_path: Path, rest: str, words: str
) -> None:
    code, output = await web_node(shared_redis.url.removesuffix("0") + rest, cwd=tmp_path)
    assert code == 1
    assert output.startswith("Livelog cannot start: redis://127.0.0.1:")
    assert words in output
    assert len(output.splitlines()) == 1
    assert "s3cret" not in output


async def test_a_store_that_is_no_redis_is_reported_in_one_line(newsroom: Newsroom, tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{newsroom.port}/0"
    code, output = await web_node(url, cwd=tmp_path)
    assert code == 1
    assert output.startswith(f"Livelog cannot start: {url}: ")
    assert len(output.splitlines()) == 1


async def web_node(store: str, cwd: Path) -> tuple[int, str]:
    """Tries to start a web node on a store that cannot be used."""
    return await command("--role=web", "--port=0", f"--store={store}", "http://127.0.0.1:1/feed.xml", cwd=cwd)


async def old_redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that answers INFO like Redis 5.0.7, and everything else with OK."""
    info = b"redis_version:5.0.7\r\n"
    while header := await reader.readline():
        words = []
        for _ in range(int(header[1:])):
            size = int((await reader.readline())[1:])
            words.append((await reader.readexactly(size + 2))[:-2].upper())
        writer.write(b"$%d\r\n%s\r\n" % (len(info), info) if words[0] == b"INFO" else b"+OK\r\n")
    writer.close()


async def test_parser_processes_end_when_the_server_is_killed(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="Something to parse")
    await livelog.start({"blog": [desk.url]})
    await until(lambda: len(descendants(livelog.pid)) >= 2)
    children = descendants(livelog.pid)
    os.kill(livelog.pid, 9)
    await until(lambda: not any(map(alive, children)))


async def test_parser_processes_share_the_program_wherever_it_was_started(
    livelog: Livelog, newsroom: Newsroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder is not the working directory here. Importing all of it takes each process most of a second."""
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="Something to parse")
    # Compiled modules, where there are some, would hide most of what an import takes.
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "none"))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    livelog.is_warm = False
    await livelog.start({"blog": [desk.url]})

    async def listed() -> bool:
        return bool(await livelog.entries())

    await until(listed)
    used = sorted(cpu_seconds(child) for child in descendants(livelog.pid))
    assert len(used) >= 5, "a tracker, a fork server, and three that parse"
    # One of those that parse has read the document.
    assert used[-3] < used[-1] / 4, used


async def test_a_commit_is_in_the_database_after_a_stop(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="One")
    await livelog.start({"blog": [desk.url]})

    async def stored() -> bool:
        return bool(await livelog.entries())

    await until(stored)
    await livelog.stop()
    with sqlite3.connect(livelog.database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT blog, seq, kind FROM events").fetchall() == [("blog", 1, "entry")]
    db.close()


def descendants(pid: int) -> list[int]:
    """The child processes of a process, and theirs."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
