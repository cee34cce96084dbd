"""nginx and Caddy with the files of deploy/, before a Livelog and 1,100 clients of 200 addresses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from connections.attempts import MAX_ATTEMPTS
from connections.limits import MAX_LIVE_PER_ADDRESS
from tests.deploy import behind_proxy

PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def alone() -> list[str]:
    """The command that gives a process a network of its own; as another user than root, by a user namespace."""
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]


MANY = 1_100
"""Clients: more than a proxy keeps as it comes. Few are as many as their addresses."""

FEW = 200

BEHIND = [
    ("nginx", MANY),
    ("socket", FEW),
    ("caddy", FEW),
    pytest.param(("socket", MANY), marks=pytest.mark.soak),
    pytest.param(("caddy", MANY), marks=pytest.mark.soak),
]


@pytest.fixture(scope="module", params=BEHIND, ids=lambda kind: f"{kind[0]}-{kind[1]}")
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The findings behind a proxy."""
    kind, clients = request.param
    program = "caddy" if kind == "caddy" else "nginx"
    lacking = [name for name in (program, "ip", "unshare") if not shutil.which(name, path=PATH)]
    is_allowed = not lacking and subprocess.run([*alone(), "true"], env={"PATH": PATH}, check=False).returncode == 0
    if not is_allowed:
        reason = f"{', '.join(lacking) or 'a network namespace'} is needed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp(kind)
    done = subprocess.run(
        [*alone(), sys.executable, "-m", "tests.deploy.behind_proxy", kind, str(folder), str(clients)],
        cwd=behind_proxy.ROOT,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    logs = {path.name: path.read_text(encoding="utf-8", errors="replace")[-3000:] for path in folder.glob("*.log")}
    assert done.returncode == 0, (done.stderr[-3000:], logs)
    result: dict[str, Any] = {**json.loads(done.stdout), "folder": folder, "clients": clients}
    return result


def test_none_of_the_clients_of_200_addresses_is_refused(found: dict[str, Any]) -> None:
    assert found["crowd"] == {"101": found["clients"]}


def test_a_client_that_forges_its_address_has_the_limit_of_its_own(found: dict[str, Any]) -> None:
    assert behind_proxy.PER_ADDRESS == MAX_LIVE_PER_ADDRESS
    assert found["forging"] == {"101": MAX_LIVE_PER_ADDRESS, "503": 10}
    assert found["neighbour"] == 200


def test_a_client_that_forges_its_address_guesses_no_more_tokens(found: dict[str, Any]) -> None:
    assert behind_proxy.MAX_WRONG_TOKENS == MAX_ATTEMPTS
    assert found["guesses"] == [*[401] * MAX_ATTEMPTS, 429]
    assert found["other_guess"] == 401


def test_an_event_stream_is_passed_on_at_once(found: dict[str, Any]) -> None:
    assert found["event_stream"] is True


def test_browsers_get_http_2(found: dict[str, Any]) -> None:
    assert found["protocol"] == "h2"


def test_no_log_has_the_token_of_a_link(found: dict[str, Any]) -> None:
    assert found["token_link"] == 303
    for log in found["folder"].glob("*.log"):
        assert "token-of-the-deploy-test" not in log.read_text(encoding="utf-8", errors="replace"), log
