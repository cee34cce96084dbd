"""The command line: commands and options in any order, and mistakes without secrets."""

from __future__ import annotations

import pytest

from commands.arguments import COMMANDS, read
from config import ConfigError

SECRET = "s3cr3ts3cr3t"


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("", None),
        ("https://example.org/feed", None),
        ("check", "check"),
        ("--config check", None),
        ("--config check check", "check"),
        ("--config=check check --feeds", "check"),
        ("--reuse-port check", "check"),
        ("--import-opml check", None),
        ("--logging debug --port 1 try https://example.org/feed", "try"),
        ("-- https://example.org/feed", None),
    ],
)
def test_the_first_word_that_is_no_value_of_an_option_may_be_a_command(words: str, command: str | None) -> None:
    assert read(words.split())[0] == command


@pytest.mark.parametrize("words", ["retry --port 1 city", "--port=1 retry city", "retry city --port 1"])
def test_options_stand_before_or_after_a_command(words: str) -> None:
    command, options = read(words.split())
    assert (command, options.port, options.feed) == ("retry", "1", "city")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read([command, "-h"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: livelog {command} ")


@pytest.mark.parametrize(
    "words",
    [
        f"--stor=redis://:{SECRET}@127.0.0.1/0",
        f"retry city https://ann:{SECRET}@example.org/",
        f"retry city https://example.org/?token={SECRET}",
        f"example.org/feed?token={SECRET}",
        f"--logging={SECRET}",
    ],
)
def test_no_mistake_is_told_with_a_secret(words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(words.split())
    assert SECRET not in str(caught.value)
