"""`print-config`: the effective configuration, without secrets, as a text that can be loaded again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

import config
from commands.print_config import as_yaml
from config import Config
from tests.livelog import ROOT
from tests.test_server import command, ended

SECRET = "hunter2hunter2hunter2hunter2"
FULL = f"""
server:
  address: 0.0.0.0
  port: 8153
  public_url: https://example.org/live
  trusted_proxies: [10.0.0.0/8, fd00::/8]
  identity_header: X-Forwarded-User
  admin: 127.0.0.1:8889
  admin_token: {SECRET}
  robots: noindex
store: redis://ann:{SECRET}@127.0.0.1:6379/3
fetch: {{interval: 90s, timeout: 2.5s, max_bytes: 1MiB, private_networks: [192.168.0.0/16]}}
blogs:
  news:
    title: "News #1: it's $$5 & more"
    accent: "#b0301c"
    logo: logo.svg
    aliases: [old-news]
    opml: https://ann:{SECRET}@example.org/list.opml
    private: true
    tokens: [{SECRET}, {SECRET[::-1]}]
    frame_ancestors: ["*"]
    feeds:
      - https://example.org/plain
      - {{url: https://example.org/page, scrape: {{list: "a[href$='.html']"}}}}
      - {{url: "https://example.org/rss?token={SECRET}", include: ['/budget$$/', "2024", "no"], interval: auto}}
      - {{url: "https://example.org/rss?token={SECRET[::-1]}", withdraw: true, title: Other}}
      - url: https://ann:{SECRET}@example.org/login
      - url: https://example.org/private
        id: private
        headers: {{X-Api-Key: {SECRET}, Accept-Language: de}}
        cookie: sid={SECRET}
        proxy: http://ann:{SECRET}@127.0.0.1:3128
        username: ann
        password: {SECRET}
    webhooks:
      - https://example.org/{SECRET}
      - https://ann:{SECRET}@example.org/other
      - {{url: https://hooks.slack.com/services/{SECRET}, template: slack, include: ['/a{{1}}/']}}
      - {{url: https://example.org/message, template: gotify, secret: {SECRET}, name: ours}}
      - {{url: https://ntfy.sh/{SECRET}, template: ntfy, headers: {{X-Api-Key: {SECRET}}}}}
      - url: https://example.org/signed/{SECRET}
        secret: whsec_{SECRET}{SECRET}
        template: '{{"text": "{{{{title}}}} $${{{{url}}}}"}}'
      - url: https://example.org/_matrix/client/v3/rooms/!{SECRET}:example.org/send/m.room.message
        template: matrix
        secret: {SECRET}
  "2024": {{feeds: ["https://example.org/rss?token={SECRET}"]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with config.yaml and what it names."""
    (tmp_path / "logo.svg").write_text("<svg/>")
    (tmp_path / "config.yaml").write_text(FULL, encoding="utf-8")
    return tmp_path


def reloaded(loaded: Config, folder: Path) -> Config:
    """The configuration as it is printed, and loaded again in another folder."""
    (folder / "again").mkdir()
    (folder / "again" / "config.yaml").write_text(as_yaml(loaded), encoding="utf-8")
    return config.load(folder / "again" / "config.yaml")


def without_secrets(value: object) -> object:
    """A value as plain data in which nothing is left that may be a secret."""
    if isinstance(value, SecretStr):
        return "a secret"
    if isinstance(value, str):
        return value.split("?")[0].rpartition("@")[2].replace("https://", "")
    if isinstance(value, list | tuple):
        return [without_secrets(one) for one in value]
    return {key: without_secrets(one) for key, one in value.items()} if isinstance(value, dict) else value


def test_it_can_be_loaded_again_and_is_the_same_but_for_its_secrets(folder: Path) -> None:
    loaded = config.load(folder / "config.yaml")
    again = reloaded(loaded, folder)
    before, after = loaded.model_dump(), again.model_dump()
    before["store"] = after["store"] = None
    assert without_secrets(after) == without_secrets(before)
    assert again.store == "redis://***@127.0.0.1:6379/3"
    assert again.feeds == loaded.feeds


def test_it_has_no_secret(folder: Path) -> None:
    text = as_yaml(config.load(folder / "config.yaml"))
    assert SECRET not in text
    assert SECRET[::-1] not in text
    assert "password: '***'" in text


def test_a_template_has_its_placeholders_and_none_of_its_secrets(tmp_path: Path) -> None:
    template = f'{{"token": "{SECRET}", "user": ["x", "a1B2c3D4e5F6g7H8"], "text": "{{{{title}}}}", "n": 5}}'
    webhook = {"url": "https://example.org/", "template": template}
    loaded = Config.model_validate({"blogs": [{"slug": "news", "title": "News", "webhooks": [webhook]}]})
    (again,) = reloaded(loaded, tmp_path).blogs[0].webhooks
    assert again.template == '{"token": "***", "user": ["x", "***"], "text": "{{title}}", "n": 5}'


def test_tokens_are_replaced_by_ones_that_nobody_knows(folder: Path) -> None:
    loaded = config.load(folder / "config.yaml")
    first, second = (yaml.safe_load(as_yaml(loaded))["server"]["admin_token"] for _ in range(2))
    assert first != second


def test_the_example_is_printed_as_it_is(tmp_path: Path) -> None:
    loaded = config.load(ROOT / config.EXAMPLE)
    assert reloaded(loaded, tmp_path).blogs == loaded.blogs


async def test_the_command_line_is_part_of_it(folder: Path) -> None:
    code, printed, errors = await ended("print-config", "--port", "1234", "--store=sqlite:x.db", cwd=folder)
    assert (code, errors) == (0, "")
    assert yaml.safe_load(printed)["server"]["port"] == 1234
    assert yaml.safe_load(printed)["store"] == f"sqlite:{folder / 'x.db'}"


async def test_options_may_stand_before_the_command(folder: Path) -> None:
    code, printed, _ = await ended("--port", "1234", "print-config", cwd=folder)
    assert code == 0
    assert yaml.safe_load(printed)["server"]["port"] == 1234


async def test_a_mistyped_command_is_answered_with_what_was_meant(tmp_path: Path) -> None:
    code, output = await command("print-confg", cwd=tmp_path)
    assert (code, output) == (
        2,
        "command line: print-confg: neither a command nor a feed URL; did you mean print-config?\n",
    )


async def test_an_argument_too_many_is_named(tmp_path: Path) -> None:
    assert await command("print-config", "more", cwd=tmp_path) == (2, "command line: more: one argument too many\n")
