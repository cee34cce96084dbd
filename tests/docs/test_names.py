"""Everything that the documents name exists: links and anchors, paths, options, keys, commands, routes, metrics."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import unicodedata
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import config
from commands import arguments
from config import ConfigError
from config.schema import Blog, Config, Feed, Fetch, Server, Webhook
from handlers import routes
from tests.docs.documents import DOCUMENTS, ROOT, blocks, name_of, prose, spans, text_of

LINK: Final = re.compile(r"\]\(([^)\s]+)\)|href=\"([^\"]+)\"")
HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
FILE: Final = re.compile(
    r"(?<![\w/<.*~$-])((?:\.?[\w-]+/)+(?:[\w.-]+\.(?:py|md|ya?ml|json|html|css|csv|conf|service|mjs|js|c|sh|lua))?)(?![\w/*<-])"
)
OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
KEY: Final = re.compile(r"([a-z]+(?:_[a-z]+)+)(?::.*)?")
DOTTED: Final = re.compile(r"(?<![\w/])(server|fetch)\.(?!py\b)([a-z_]+)")
SETTING: Final = re.compile(r"([a-z_]+): \S.*")
METRIC: Final = re.compile(r"livelog_[a-z_]+")

FOR_OPERATORS: Final = [
    ROOT / name
    for name in (
        "README.md",
        "README.zh-CN.md",
        "docs/getting-started.md",
        "docs/operating.md",
        "docs/deployment.md",
        "docs/security.md",
        "docs/scaling.md",
        "docs/webhooks.md",
    )
]
OTHERS_OPTIONS: Final = {
    "--appendonly": "redis-server",
    "--appendfsync": "redis-server",
    "--maxmemory-policy": "redis-server",
    "--quick": "bench",
    "--markdown": "bench",
    "--seed": "demo, of the past",
    "--log-file-prefix": "Tornado, of the past",
    "--accent": "CSS",
    "--name": "any option",
}
OTHERS_NAMES: Final = {
    "next_url": "JSON Feed",
    "content_html": "JSON Feed",
    "desk_tokens": "a file of the reader",
    "proxy_set_header": "nginx",
    "proxy_cache": "nginx",
    "job_name": "Prometheus",
    "static_configs": "Prometheus",
    "credentials_file": "Prometheus",
    "authorization": "Prometheus",
}
OUR_FOLDERS: Final = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "node_modules"} | {".ci"}
PROGRAMS: Final = ("python server.py", ".venv/bin/python server.py", "livelog")
ELSEWHERE: Final = {"livelog/program/": "in the wheel", "deploy/config.yaml": "the operator's"}
"""Paths that a checkout has not."""

FOLDERS_OF_MACHINE: Final = ("/etc/", "/var/", "/run/", "/opt/", "/usr/", "/dev/")

SECRET_FILES: Final = {
    "desk-tokens.txt": "a-token-of-a-document-22",
    "hook-secret.txt": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "matrix-token.txt": "syt_token",
    "gotify-token.txt": "token",
}
"""Files of configurations in documents."""

SECTIONS: Final = (Config, Server, Fetch, Blog, Feed, Webhook)


def keys() -> set[str]:
    """All keys of config.yaml, those of files of secrets included."""
    text = text_of(ROOT / "docs" / "configuration.md")
    return {
        key for line in re.findall(r"^- (\*\*.*?\*\*)", text, re.MULTILINE) for key in re.findall(r"`(\w+)`", line)
    }


def options() -> set[str]:
    """All options of all commands."""
    parsers = [
        arguments._server_parser("livelog"),
        *(arguments._command_parser(one, "x") for one in arguments.COMMANDS),
    ]
    return {name for parser in parsers for name in parser._option_string_actions}


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found = set()
    for heading in HEADING.findall(prose(document)):
        plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).strip().lower()
        kept = "".join(c for c in plain if c in " -_" or unicodedata.category(c)[0] in "LN")
        found.add(kept.replace(" ", "-"))
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_and_anchors_lead_somewhere(document: Path) -> None:
    lost = []
    for link in (one or other for one, other in LINK.findall(prose(document))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_paths_in_the_tree_exist(document: Path) -> None:
    named = {path for span in spans(document) for path in FILE.findall(span)}
    ours = {path for path in named if path.split("/")[0] in OUR_FOLDERS} - ELSEWHERE.keys()
    assert {path for path in ours if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_options_exist(document: Path) -> None:
    named = {option for span in spans(document) for option in OPTION.findall(span)}
    assert named - options() - OTHERS_OPTIONS.keys() == set()


@pytest.mark.parametrize("document", FOR_OPERATORS, ids=name_of)
def test_keys_exist(document: Path) -> None:
    known = keys()
    sections = {"server": Server.model_fields, "fetch": Fetch.model_fields}
    dotted = {found for span in spans(document) for found in DOTTED.findall(span)}
    unknown = {f"{section}.{key}" for section, key in dotted if key not in {*sections[section], *known}}
    for span in spans(document):
        found = KEY.fullmatch(span) or SETTING.fullmatch(span)
        if found and not METRIC.match(span) and found[1] not in known | OTHERS_NAMES.keys():
            unknown.add(span)
    assert unknown == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_commands_exist(document: Path) -> None:
    """Those of sentences, and those of blocks that are not run."""
    lines = [*spans(document), *(line for block in blocks(document, "sh") for line in block.commands)]
    for line in lines:
        program = next((one for one in PROGRAMS if line.startswith(f"{one} ")), None)
        if program is None:
            continue
        with contextlib.suppress(SystemExit):  # -h and --version
            problem = problem_of(shlex.split(line.removeprefix(program).replace("…", "")))
            # A sentence may name a command without its arguments.
            assert "missing:" in problem or not problem, line


def problem_of(words: list[str]) -> str:
    """The mistake in the arguments of a command, empty if there is none."""
    try:
        arguments.read(words)
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_lists_exactly_the_commands(name: str) -> None:
    (section,) = re.findall(r"^## (?:The command|命令)\n(.*?)^## ", text_of(ROOT / name), re.MULTILINE | re.DOTALL)
    cells = re.findall(r"^\| (`.*?) \| ", section, re.MULTILINE)
    assert {word for cell in cells for word in re.findall(r"`([\w-]+)", cell)} == set(arguments.COMMANDS)


@pytest.mark.parametrize("document", FOR_OPERATORS, ids=name_of)
def test_paths_of_the_server_exist(document: Path) -> None:
    patterns = [
        re.compile(rf"{rule[0]}\Z")
        for table in (routes._LIVE, routes._MONITORING, routes._OPERATING, routes._READING)
        for rule in table
    ]
    unknown = set()
    for span in spans(document):
        path = re.sub(r"\?.*", "", re.sub(r"^(GET|POST) ", "", span)).replace("<blog>", "blog").replace("<id>", "abc")
        is_path = re.fullmatch(r"/[\w./-]*", path) and not path.startswith(FOLDERS_OF_MACHINE)
        if is_path and path not in {"/word/", "/live", "/static/"} and not any(one.match(path) for one in patterns):
            unknown.add(span)
    assert unknown == set()


def test_metrics_exist() -> None:
    code = "".join(text_of(path) for path in (ROOT / "handlers").glob("*.py"))
    named = {metric for document in DOCUMENTS for span in spans(document) for metric in METRIC.findall(span)}
    # Some names are put together: livelog_{feed,blog}_failing_seconds.
    stems = {re.sub(r"^livelog_(feed_|blog_)?|_total$", "", one): one for one in named}
    assert {one for stem, one in stems.items() if stem not in code} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_configurations_are_valid(document: Path, tmp_path: Path) -> None:
    for name, secret in SECRET_FILES.items():
        (tmp_path / name).write_text(f"{secret}\n", encoding="utf-8")
    for block in blocks(document, "yaml"):
        content: dict[str, Any] = yaml.safe_load(block.text)
        if not content.keys() & {"server", "store", "fetch", "blogs"}:
            continue
        (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {}}, **content}), encoding="utf-8")
        config.load(tmp_path / "config.yaml")


def test_blocks_have_a_language() -> None:
    assert [(block.document, block.line) for path in DOCUMENTS for block in blocks(path) if not block.language] == []
