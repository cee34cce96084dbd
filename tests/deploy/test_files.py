"""The files of deploy/: each is valid for its program, and fits the others and the code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import load
from connections.limits import HEADER_TIMEOUT
from fanout.heartbeat import PING_INTERVAL

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"

STOP_SECONDS = 10
"""Seconds within which Livelog ends, or is ended by its own alarm."""

PROXIES = ["nginx/livelog.conf", "nginx/livelog-nodes.conf", "caddy/Caddyfile", "caddy/Caddyfile-nodes"]
INSTRUCTIONS = set("FROM RUN WORKDIR COPY ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD".split())
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Runs a program; skips the test without it, or fails it with CI=true."""
    if not shutil.which(command[0], path=PATH):
        if os.environ.get("CI") == "true":
            pytest.fail(f"{command[0]} is needed")
        pytest.skip(f"{command[0]} is needed")
    environment = {**os.environ, "PATH": PATH}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=60)


# systemd


def unit() -> dict[str, list[str]]:
    """The settings of the unit."""
    found: dict[str, list[str]] = {}
    for line in read("livelog.service").splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_systemd_accepts_the_unit() -> None:
    told = run("systemd-analyze", "verify", str(DEPLOY / "livelog.service"))
    lines = [line for line in told.stderr.splitlines() if "livelog.service" in line]
    assert [line for line in lines if "is not executable" not in line] == []


def test_the_unit_is_hardened() -> None:
    told = run("systemd-analyze", "security", "--offline=true", str(DEPLOY / "livelog.service"))
    exposure = re.search(r"exposure level for livelog\.service: ([0-9.]+)", told.stdout)
    assert exposure
    assert float(exposure[1]) <= 2


def test_the_unit_stops_livelog_in_its_own_time() -> None:
    assert float(unit()["TimeoutStopSec"][0]) > STOP_SECONDS
    assert unit()["RestartPreventExitStatus"] == ["2"]
    assert unit()["ExecReload"][-1] == "/bin/kill -HUP $MAINPID"


def test_the_options_of_the_unit_are_those_of_livelog(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("blogs: {b: {feeds: []}}\n", encoding="utf-8")
    variable = unit()["Environment"][0].partition("=")[2]
    for line in (unit()["ExecStart"][0], unit()["ExecReload"][0]):
        options = line.replace("$LIVELOG_OPTIONS", variable).replace("/etc/livelog", str(tmp_path)).split()[1:]
        done = run(sys.executable, str(ROOT / "server.py"), *options, "--check")
        assert done.returncode == 0, done.stderr


def test_sysusers_accepts_the_user() -> None:
    told = run("systemd-sysusers", "--dry-run", str(DEPLOY / "livelog.sysusers.conf"))
    assert (told.returncode, told.stderr.count("Failed")) == (0, 0), told.stderr


# Proxies


@pytest.mark.parametrize("name", ["livelog.conf", "livelog-nodes.conf"])
def test_nginx_accepts_its_files(tmp_path: Path, name: str) -> None:
    certificate = ROOT / "tests" / "feeds" / "untrusted.pem"
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "snippets").mkdir()
    for source, target in (
        ("nginx.conf", "nginx.conf"),
        (name, "conf.d/livelog.conf"),
        ("livelog-proxy.conf", "snippets/livelog-proxy.conf"),
    ):
        text = re.sub(r"/etc/letsencrypt/\S+\.pem", str(certificate), read(f"nginx/{source}"))
        text = re.sub(r"/etc/nginx/(conf\.d|snippets)", rf"{tmp_path}/\1", text)
        text = text.replace("/var/log/nginx", str(tmp_path)).replace("/run/nginx.pid", f"{tmp_path}/nginx.pid")
        (tmp_path / target).write_text(text, encoding="utf-8")
    told = run("nginx", "-t", "-c", str(tmp_path / "nginx.conf"))
    assert told.returncode == 0, told.stderr
    assert "[warn]" not in told.stderr.replace('[warn] the "user" directive', "")


@pytest.mark.parametrize("name", ["Caddyfile", "Caddyfile-nodes"])
def test_caddy_accepts_its_files(tmp_path: Path, name: str) -> None:
    file = shutil.copy(DEPLOY / "caddy" / name, tmp_path / "Caddyfile")
    told = run("caddy", "validate", "--adapter", "caddyfile", "--config", str(file))
    assert told.returncode == 0, told.stderr
    assert run("caddy", "fmt", str(file)).stdout == read(f"caddy/{name}")


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_keeps_idle_connections_for_less_time_than_livelog(name: str) -> None:
    (seconds,) = re.findall(r"^\s+keepalive(?:_timeout)? ([0-9]+)s", read(name), re.MULTILINE)
    assert float(seconds) < HEADER_TIMEOUT


@pytest.mark.parametrize("name", ["nginx/livelog.conf", "nginx/livelog-nodes.conf"])
def test_nginx_waits_longer_than_for_a_ping(name: str) -> None:
    (seconds,) = re.findall(r"proxy_read_timeout ([0-9]+)s", read(name))
    assert float(seconds) > 2 * PING_INTERVAL


def test_nginx_has_connections_for_10000_readers() -> None:
    text = read("nginx/nginx.conf")
    (connections,) = re.findall(r"worker_connections ([0-9]+);", text)
    (files,) = re.findall(r"worker_rlimit_nofile ([0-9]+);", text)
    assert int(connections) >= 2 * 10_000
    assert int(files) >= int(connections)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-User", "Host"])
def test_nginx_sets_the_headers_that_livelog_believes(header: str) -> None:
    (value,) = re.findall(rf"proxy_set_header {header} (.*);", read("nginx/livelog-proxy.conf"))
    assert "add_x_forwarded" not in value
    assert "http_x_" not in value


# Docker


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments, continuation lines joined."""
    text = re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.MULTILINE).replace("\\\n", " ")
    return [(name, value.strip()) for name, _, value in (line.partition(" ") for line in text.splitlines() if line)]


def of(name: str) -> list[str]:
    return [value for one, value in instructions() if one == name]


def test_the_image_is_pinned_and_runs_as_a_user_without_rights() -> None:
    (base,) = of("FROM")
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", base)
    names = [name for name, _ in instructions()]
    assert set(names) <= INSTRUCTIONS
    assert of("USER") == ["livelog"]
    assert names.index("USER") > max(n for n, name in enumerate(names) if name in ("RUN", "COPY"))
    assert "--require-hashes" in " ".join(of("RUN"))
    assert all((ROOT / value.split()[0]).exists() for value in of("COPY"))


def test_the_command_of_the_image_starts_livelog(tmp_path: Path) -> None:
    config, data = tmp_path / "config.yaml", tmp_path / "data"
    data.mkdir()
    config.write_text("blogs: {b: {feeds: []}}\n", encoding="utf-8")
    (entry,), (arguments,) = of("ENTRYPOINT"), of("CMD")
    command: list[str] = [*json.loads(entry), *json.loads(arguments)]
    replaced = [one.replace("/config/config.yaml", str(config)).replace("/data", str(data)) for one in command]
    assert replaced[0] == "python"
    done = run(sys.executable, *replaced[1:], "--check")
    assert done.returncode == 0, done.stderr
    assert f"--port={of('EXPOSE')[0]}" in command
    assert json.loads(of("HEALTHCHECK")[0].partition("CMD ")[2])[0] == "python"


def test_the_steps_of_the_image_work_on_the_files_that_it_gets(tmp_path: Path) -> None:
    ignored = [line for line in read("Dockerfile.dockerignore").splitlines() if line and line[0] != "#"]
    names = [path.split("/")[0] for path in run("git", "ls-files").stdout.split()]
    kept = {name for name in names if name not in ignored and not name.startswith(".")}
    assert {"server.py", "app.py", "static", "templates", "locales", "requirements.txt"} <= kept
    assert not {"tests", "deploy", "config.yaml"} & kept
    for name in kept:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    compiling = next(step for step in of("RUN") if "compileall" in step)
    assert run(sys.executable, *compiling.split()[1:], cwd=tmp_path).returncode == 0
    assert run(sys.executable, "server.py", "--help", cwd=tmp_path).returncode == 0


# Compose


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(read("compose.yaml"))["services"]
    return found


def test_compose_has_a_redis_that_keeps_all_it_acknowledged() -> None:
    command: Sequence[str] = services()["redis"]["command"]
    for option, value in (("--appendonly", "yes"), ("--appendfsync", "always"), ("--maxmemory-policy", "noeviction")):
        assert command[command.index(option) + 1] == value
    assert re.fullmatch(r"redis:\d+\.\d+-\w+", services()["redis"]["image"])


@pytest.mark.parametrize("name", ["fetch", "web"])
def test_the_options_of_compose_are_those_of_livelog(tmp_path: Path, name: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("blogs: {b: {feeds: []}}\n", encoding="utf-8")
    service = services()[name]
    program = [sys.executable, str(ROOT / "server.py"), f"--config={config}"]
    done = run(*program, *service["command"], "--check")
    assert done.returncode == 0, done.stderr
    build = service["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).samefile(DEPLOY / "Dockerfile")
    assert service["read_only"] is True
    assert float(service["stop_grace_period"].removesuffix("s")) > STOP_SECONDS


def test_the_documented_settings_of_proxies_are_valid(tmp_path: Path) -> None:
    for name in PROXIES:
        (server,) = re.findall(r"^# config\.yaml:\s+server: (\{[^}]*\})", read(name), re.MULTILINE)
        file = tmp_path / "config.yaml"
        file.write_text(f"server: {server}\nblogs: {{b: {{feeds: []}}}}\n", encoding="utf-8")
        assert load(str(file)).server.trusted_proxies
