"""`check --webhooks`: each webhook is sent a test in its form, and told with its remedy."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from config import signing_key
from delivery.standard_webhooks import signature
from tests.delivery import receiver as services
from tests.delivery.receiver import Check, Matrix, Received, Receiver, Reply, receiver
from tests.test_server import ended

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MATRIX = "/_matrix/client/v3/rooms/!room:example.org/send/m.room.message"
SERVICES: dict[str, tuple[str, str | None, Check]] = {
    "slack": ("/services/T0/B0/token", None, services.slack),
    "discord": ("/api/webhooks/1/token", None, services.discord),
    "matrix": (MATRIX, "hunter2", Matrix()),
    "ntfy": ("/topic", "tk_hunter2", services.ntfy),
    "gotify": ("/message", "hunter2", services.gotify),
}


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with receiver() as found:
        yield found


def configured(folder: Path, *webhooks: Any, **blog: Any) -> None:
    server = {"public_url": "https://live.example"}
    text = json.dumps({"server": server, "blogs": {"news": {"title": "The News", "webhooks": webhooks, **blog}}})
    (folder / "config.yaml").write_text(text)


def rows(printed: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line) for line in printed.splitlines()]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_each_service_accepts_its_test(tmp_path: Path, server: Receiver, language: str) -> None:
    def of_path(one: Received) -> Reply:
        for path, _, check in SERVICES.values():
            if one.path.startswith(path) or (one.path == "/" and path == "/topic"):
                return check(one)
        return Reply(404)

    server.reply = of_path
    hooks = [
        {"url": server.url(path), "name": name, "template": name, **({"secret": secret} if secret else {})}
        for name, (path, secret, _) in SERVICES.items()
    ]
    configured(tmp_path, *hooks, language=language)
    code, printed, errors = await ended("check", "--webhooks", cwd=tmp_path)
    assert (code, errors) == (0, "")
    assert rows(printed) == [
        ["config.yaml: good."],
        ["WEBHOOK", "BLOG", "FORM", "STATUS"],
        *([name, "news", name, "200 OK"] for name in SERVICES),
        ["5 webhooks, 0 failing."],
    ]
    title = {"en": "Test: .*Livelog is connected", "zh": "测试：.*Livelog 已连接"}[language]
    for one in server.accepted:
        text = json.dumps(one.json(), ensure_ascii=False).replace("\\\\", "")
        assert re.search(title, text)
        assert "https://live.example/news/" in text


async def test_a_program_gets_a_signed_test(tmp_path: Path, server: Receiver) -> None:
    configured(tmp_path, {"url": server.url(), "secret": SECRET, "headers": {"X-Key": "of-ours"}})
    code, _, _ = await ended("check", "--webhooks", cwd=tmp_path)
    (one,) = server.received
    message = one.json()
    assert code == 0
    assert message == {
        "type": "test",
        "timestamp": message["timestamp"],
        "data": {
            "blog": {"name": "news", "title": "The News"},
            "title": "Livelog is connected",
            "url": "https://live.example/news/",
        },
    }
    named = one.headers
    assert named["webhook-id"].startswith("msg_test_")
    signed = signature(signing_key(SECRET), named["webhook-id"], int(named["webhook-timestamp"]), one.body)
    assert (named["webhook-signature"], named["X-Key"]) == (signed, "of-ours")


async def test_a_template_of_the_operator_is_filled(tmp_path: Path, server: Receiver) -> None:
    template = '{"text": "{{event}}: {{title}}", "link": "{{url}}", "of": "{{blog}}"}'
    configured(tmp_path, {"url": server.url(), "template": template})
    code, printed, _ = await ended("check", "--webhooks", cwd=tmp_path)
    text = {"text": "test: Livelog is connected", "link": "https://live.example/news/", "of": "The News"}
    assert (code, [one.json() for one in server.received]) == (0, [text])
    assert rows(printed)[2] == ["127.0.0.1", "news", "template", "204 No Content"]


async def test_one_that_fails_is_told_with_its_remedy_and_without_secrets(tmp_path: Path, server: Receiver) -> None:
    server.reply = lambda one: Reply(404 if one.path == "/hook/hunter2" else 302)
    hooks = [
        {"url": server.url("/hook/hunter2"), "secret": SECRET},
        {"url": server.url("/moved?key=hunter2"), "name": "moved"},
        {"url": "http://127.0.0.1:1/hunter2", "name": "refused"},
    ]
    configured(tmp_path, *hooks)
    code, printed, errors = await ended("check", "--webhooks", cwd=tmp_path)
    assert (code, errors) == (1, "")
    lines = [re.sub(" +", " ", line) for line in printed.splitlines()]
    assert lines[2:] == [
        "127.0.0.1 news event 404 Not Found",
        " The answer was 404 Not Found. "
        "Check url of the webhook in config.yaml. If its service has removed it, make a new one there.",
        "moved news event 302 Found",
        " The answer was 302 Found: a redirect, which is not followed. "
        "Put the address that it redirects to into url of the webhook in config.yaml.",
        "refused news event no answer",
        " The connection was refused. Check host and port of the address. "
        "If they are right, wait: Livelog keeps trying.",
        "3 webhooks, 3 failing.",
    ]
    assert "hunter2" not in printed
    assert [one.path for one in server.received] == ["/hook/hunter2", "/moved?key=hunter2"], "one after the other"


async def test_webhooks_are_tested_beside_feeds(tmp_path: Path, server: Receiver) -> None:
    configured(tmp_path, server.url(), feeds=["http://127.0.0.1:1/refused"])
    code, printed, _ = await ended("check", "--feeds", "--webhooks", cwd=tmp_path)
    assert code == 1
    assert [line for line in printed.splitlines() if line.endswith("failing.")] == [
        "1 feed, 1 failing.",
        "1 webhook, 0 failing.",
    ]
