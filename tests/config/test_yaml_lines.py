"""config/yaml_lines.py: YAML with line numbers, the file, and values of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import config
from config import ConfigError, Feed
from tests.config.reading import BLOG, Problems, Read

SHIPPED = Path(__file__).resolve().parents[2] / config.EXAMPLE


# Structure


def test_a_key_given_twice_names_both_lines(problems: Problems) -> None:
    assert problems(f"server:\n  port: 80\n  'port': 81\n{BLOG}") == (
        "3: server.port: is given twice; line 2 has it already",
    )


def test_an_alias_repeats_the_value_of_its_anchor(read: Read) -> None:
    loaded = read("blogs: {a: {feeds: &all [http://a.example/]}, b: {feeds: *all}}")
    assert loaded.blogs[0].feeds == loaded.blogs[1].feeds == (Feed(url="http://a.example/"),)


def test_a_byte_order_mark_is_ignored(read: Read) -> None:
    assert read("\ufeff" + BLOG) == read(BLOG)


def test_without_libyaml_the_file_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = config.load(SHIPPED)
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert config.load(SHIPPED) == fast


# The file


def test_a_missing_file_is_reported_in_one_line() -> None:
    with pytest.raises(ConfigError) as caught:
        config.load("no/such/config.yaml")
    assert str(caught.value) == "no/such/config.yaml: cannot be read: No such file or directory"


def test_a_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"


def test_a_file_that_is_not_utf8_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(b"blogs:\n  blog:\n    title: caf\xe9\n")
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(caught.value) == f"{path}:3: is not UTF-8 text"


def test_a_file_over_the_size_limit_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.yaml_lines.MAX_FILE_BYTES", 1000)
    path = tmp_path / "config.yaml"
    path.write_text(BLOG + "#" * 1000, encoding="utf-8")
    with pytest.raises(ConfigError, match="is larger than 1,000 bytes"):
        config.load(path)


# The environment


def test_variables_are_replaced_by_the_environment(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    monkeypatch.setenv("REDIS_PASSWORD", "s3cr${PORT}$$")
    loaded = read(f"{BLOG}server:\n  port: ${{PORT}}\nstore: redis://:${{REDIS_PASSWORD}}@127.0.0.1:${{PORT}}/0\n")
    assert loaded.server.port == 8080
    assert loaded.store == "redis://:s3cr${PORT}$$@127.0.0.1:8080/0"


@pytest.mark.parametrize(
    ("written", "title"),
    [("$$", "$"), ("$${HOME}", "${HOME}"), ("US$ 5", "US$ 5"), ("$", "$"), ("$$$$", "$$")],
)
def test_a_dollar_can_be_written(read: Read, written: str, title: str) -> None:
    assert read(f"blogs:\n  blog:\n    title: {written}\n").blogs[0].title == title


def test_an_unset_variable_is_reported_with_its_line(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVELOG_A", raising=False)
    monkeypatch.delenv("LIVELOG_B", raising=False)
    assert problems(
        "blogs:\n  blog:\n    feeds:\n"
        "      - https://${LIVELOG_A}:${LIVELOG_B}@example.org/${LIVELOG_A}\n"
        "      - {url: '${LIVELOG_A}', interval: '${LIVELOG_B}'}\n"
    ) == (
        "4: blogs.blog.feeds[0]: the environment does not set LIVELOG_A, LIVELOG_B",
        "5: blogs.blog.feeds[1].url: the environment does not set LIVELOG_A",
        "5: blogs.blog.feeds[1].interval: the environment does not set LIVELOG_B",
    )


def test_a_variable_that_is_not_unicode_is_rejected(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVELOG_A", "caf\udce9")
    assert problems("blogs:\n  blog:\n    title: ${LIVELOG_A}") == (
        "3: blogs.blog.title: must be valid Unicode text",
    )
