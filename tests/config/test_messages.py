"""config/messages.py: unknown keys, the order of problems, and secrets that no message has."""

from __future__ import annotations

import pytest

import config
from config import ConfigError
from tests.config.reading import BLOG, BLOG_KEYS, KEYS, Problems

# Keys and lines


def test_all_problems_come_at_once_in_the_order_of_the_lines(problems: Problems) -> None:
    found = problems("""blogs:
  blog:
    feeds:
      - https://example.org/feed
      - url: https://example.org/other
        interval: 0
        title:
          - x
      - gopher://example.org/
      - https://example.org/feed
  blog:
    title: Again
server:
  port: many
  prot: 1
fetch:
  timeout: 5s
  timeout: 6s
  interval: ${NOT_SET_ANYWHERE}
""")
    assert [problem.rpartition(": ")[0] if "URL" in problem else problem.split(": ")[:2] for problem in found] == [
        ["6", "blogs.blog.feeds[1].interval"],
        ["7", "blogs.blog.feeds[1].title"],
        "9: blogs.blog.feeds[2]",
        ["10", "blogs.blog.feeds[3]"],
        ["11", "blogs.blog"],
        ["14", "server.port"],
        ["15", "server.prot"],
        ["18", "fetch.timeout"],
        ["19", "fetch.interval"],
    ]


@pytest.mark.parametrize(("key", "shown"), [("x" * 999, "x" * 60 + "…"), (r'"a\nb\e"', r"'a\nb\x1b'")])
def test_an_odd_key_is_printed_on_one_line(problems: Problems, key: str, shown: str) -> None:
    assert problems(f"{BLOG}? {key}\n: 1") == (f"2: {shown}: unknown key; allowed here: {KEYS}",)


# Secrets


def test_a_value_of_the_environment_is_never_printed(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "(?P<hush hush>")
    keys = {
        "server": ("address", "port", "public_url"),
        "fetch": ("interval", "timeout", "max_bytes", "concurrency", "per_host"),
    }
    text = "store: ${SECRET}\n"
    for section, names in keys.items():
        text += f"{section}:\n" + "".join(f"  {name}: ${{SECRET}}\n" for name in names)
    text += "blogs:\n  blog:\n    feeds:\n      - ${SECRET}\n"
    text += "      - url: http://a.example/\n        withdraw: ${SECRET}\n        include: ['/${SECRET}/']\n"
    found = problems(text)
    assert len(found) == 12
    assert "hush" not in "".join(found)
    assert found[-1] == "18: blogs.blog.feeds[1].include[0]: is not a valid regular expression"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:hush@example.org/",
        "me:hush@example.org/",
        "https://me:hu sh@example.org/",
        "https://me:hush@",
        "https://me:hush@example.org:port/",
        "https://me:hush@[example.org/",
        "https://me:hush@exa\u2100mple.org/",
    ],
)
def test_credentials_are_never_printed(problems: Problems, url: str) -> None:
    found = problems(
        f"store: '{url}'\nserver: {{public_url: '{url}'}}\nblogs: {{b: {{feeds: ['{url}', {{url: '{url}'}}]}}}}"
    )
    with pytest.raises(ConfigError) as caught:
        config.for_urls([url])
    assert len(found) == 4
    assert "hu" not in "".join(found) + str(caught.value)


def test_credentials_in_a_repeated_feed_are_not_printed(problems: Problems) -> None:
    url = "https://me:hush@example.org/"
    assert "hush" not in "".join(problems(f"blogs: {{b: {{feeds: ['{url}', '{url}']}}}}"))


def test_credentials_in_a_key_are_not_printed(problems: Problems) -> None:
    assert problems("blogs:\n  b:\n    'https://me:hush@example.org/feed': x") == (
        f"3: blogs.b.***@example.org/feed: unknown key; allowed here: {BLOG_KEYS}",
    )


@pytest.mark.parametrize(
    "password",
    [
        *('"hush', "'hush's'", "[hush", "[hush] hush", "{hush", "{hush: hush} hush", "hush: hush", "hush #hush"),
        *(
            "&hush",
            "&hush hush",
            "*hush",
            "!hush",
            "!hush hush",
            "> hush",
            "@hush",
            '"\\hush"',
            "$hush",
            "${hush",
            "- hush",
        ),
        *("\thush: hush", "[hush, 'hush']", "{hush: hush}", "$(hush)"),
    ],
)
def test_a_password_that_is_not_valid_yaml_is_not_printed(problems: Problems, password: str) -> None:
    found = problems(f"blogs:\n  b:\n    feeds:\n      - url: http://a.example/\n        password: {password}\n")
    assert [problem for problem in found if "hush" in problem.replace("password.hush", "")] == []
