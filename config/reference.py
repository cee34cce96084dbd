"""docs/configuration.md, made of the schema: `python -m config.reference` writes it, as `make docs` does."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

from pydantic.fields import FieldInfo

from config import schema, values
from config.schema import MAX_WEBHOOKS, SECRETS, Blog, Config, Feed, Fetch, Scrape, Section, Server, Webhook
from config.webhook_values import SERVICES

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
WIDTH: Final = 118

_INTRODUCTION: Final = """\
# Configuration

`config.yaml` is yours: no update changes it, so `git pull` never conflicts with your edits.
[config.example.yaml](../config.example.yaml) has every key with its default; a start without a `config.yaml` copies
it. `livelog.db` and relative paths start at the folder of `config.yaml`. `blogs` alone is required:

    blogs:
      blog:
        title: Election night
        feeds:
          - https://www.example.org/politics/rss
          - {url: https://city.example.org/feed.xml, title: City Hall, interval: 30s}

`python server.py --check` prints all mistakes at once, each with its line, its key and what is allowed there.

**Secrets** need not be in the file. `${NAME}` in any text is a value of the environment, `${NAME:-default}` has a
default, and a plain `$` is written `$$`. Keys that end in `_file` name a file with the value in its first line, such
as `password_file: /run/secrets/feed`; of a key and its `_file` only one may be set. No error or log line has a
secret.

**Texts** need quotes if they begin with a bracket, brace, quote or one of ``& * ! | > @ % ` #``, or contain `: ` or
` #`, which mean something in YAML: `title: 'News #1'`.

**Empty values** (`title:`, `title: null`) mean the default.
"""

_END: Final = """
<!-- Made of config/schema.py by `make docs`. -->
"""

_HEADS: Final[dict[type[Section], str]] = {
    Config: "The top of the file",
    Server: "`server`",
    Fetch: "`fetch`",
    Blog: "A blog: `blogs: {NAME: …}`",
    Feed: "A feed: `feeds: [URL, {url: URL, …}]`",
    Scrape: "A web page without a feed: `{url: URL, scrape: {list: …}}`",
    Webhook: "A webhook: `webhooks: [URL, {url: URL, …}]`",
}

_NOTES: Final[dict[type[Section], str]] = {
    Feed: "The keys from `headers` to `password` are for the feed's own site, not for those it redirects to.\n",
    Scrape: (
        "A selector is CSS, such as `'#news li'`, or XPath 1.0 after `xpath:`. All but `list` are searched in each\n"
        "element that `list` selects; `livelog try URL` shows what they find.\n"
    ),
}

_KINDS: Final = {
    "bool": "`true` or `false`",
    "Address": "a host name or address without a port, or `unix:/PATH`",
    "Admin": "`HOST:PORT`, `[ADDRESS]:PORT`, `:PORT` or `unix:/PATH`",
    "AdminToken": f"at least {values.MIN_TOKEN_CHARS} characters of ASCII without blanks",
    "Colour": "`'#rrggbb'` or `'#rgb'`, in quotes",
    "DateFormat": "a format such as `'%d.%m.%Y %H:%M'`",
    "FeedId": "1 to 64 of A-Z, a-z, 0-9, dots, hyphens and underscores, the first a letter or digit",
    "HeaderName": "the name of a header, such as `X-Forwarded-User`",
    "HeaderValue": "one line of ASCII",
    "Headers": "a mapping of names to values, such as `{X-Api-Key: '${KEY}'}`",
    "Interval": "`auto`, or a duration with its unit from 1s to 31d, such as `30s`, `15m`, `1h` or `2d`",
    "LogoFile": f"a file whose name ends in {', '.join(values.IMAGE_TYPES)}, of at most 1 MB",
    "NamedFile": "a file of at most 1 MB",
    "Networks": "a list of addresses and networks, such as `[192.0.2.7, 10.0.0.0/8, 'fd00::/8']`",
    "Proxy": "`http://HOST:PORT` or `http://USER:PASSWORD@HOST:PORT`",
    "PublicUrl": "an http or https URL without user name, query and fragment",
    "Secret": "one line",
    "SecretHeader": "one line of ASCII",
    "Scrape": "a mapping",
    "Selector": "CSS, or XPath after `xpath:`",
    "Store": "`sqlite:PATH`, `sqlite::memory:`, `redis://HOST:PORT/DB`, `rediss://HOST:PORT/DB` or `unix://PATH`",
    "Tag": f"one line of at most {values.MAX_TAG_CHARS} characters",
    "Title": f"one line of at most {values.MAX_TITLE_CHARS} characters",
    "Tokens": f"a list of secrets, each of at least {values.MIN_TOKEN_CHARS} of A-Z, a-z, 0-9, - and _",
    "Url": "an http or https URL",
    "UserName": "one line without a colon",
    "Words": "a list of words and `/regular expressions/`",
    "Annotated[float, BeforeValidator(units.timeout)]": "a duration from 1s to 120s, such as `20s`",
    "Annotated[int, BeforeValidator(units.size)]": "a size from 1KB to 100MB, such as `512KB`, `15MB` or `1MiB`",
    "Annotated[tuple[Origin, ...], Field(max_length=100)]": "a list of origins, as `https://a.example`, or `'*'`",
    "Annotated[tuple[Slug, ...], Field(max_length=100)]": "a list of names of blogs",
    "Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)]": f"a list of at most {values.MAX_TAGS} texts",
    "Template": f"{', '.join(f'`{name}`' for name in SERVICES)} or a JSON object",
    "WebhookHeaders": "a mapping of names to values, such as `{X-Api-Key: '${KEY}'}`",
    "WebhookName": "one line of at most 100 characters",
    "WebhookUrl": "an http or https URL",
    "Annotated[tuple[Webhook, ...], Field(max_length=MAX_WEBHOOKS)]": f"a list of at most {MAX_WEBHOOKS} webhooks",
    "tuple[Feed, ...]": "a list of feeds",
    "tuple[Blog, ...]": "a mapping of names to blogs; a name has 1 to 64 of a-z, 0-9 and hyphens",
    "Server": "a mapping",
    "Fetch": "a mapping",
}
"""Allowed values, by the annotation of a key in the schema."""

_WRITTEN: Final = {"max_bytes": "15MB", "timeout": "20s", "server": "", "fetch": ""}
"""Defaults that the file writes in another form than the program."""


def text() -> str:
    """The document."""
    parts = [_INTRODUCTION]
    for section, head in _HEADS.items():
        parts.append(f"\n## {head}\n")
        parts.extend([f"\n{_NOTES[section]}"] if section in _NOTES else [])
        parts.extend(_entries(section))
    return "\n".join(part.rstrip("\n") for part in parts) + "\n" + _END


def _entries(section: type[Section]) -> Iterator[str]:
    descriptions = _descriptions(section)
    for key, field in section.model_fields.items():
        if (section, key) == (Blog, "slug"):
            continue
        name = f"`{key}`, `{key}_file`" if key in SECRETS else f"`{key}`"
        default = "" if (section, key) == (Feed, "interval") else _default(key, field)
        words = f"- **{name}**: {descriptions[key]} Allowed: {_allowed(section, key)}.{default}"
        yield "\n" + textwrap.fill(
            words, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )


def _descriptions(section: type[Section]) -> dict[str, str]:
    """The texts below the keys of a section in the source. Raises KeyError for a key without one."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for statement, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(words))):
                    found[statement.target.id] = " ".join(words.split())
    return found


def _allowed(section: type[Section], key: str) -> str:
    annotation = section.__annotations__[key].removesuffix(" | None")
    if annotation in _KINDS:
        return _KINDS[annotation]
    hint = get_type_hints(section, vars(schema))[key]
    if choices := [choice for choice in _choices(hint) if choice is not None]:
        return f"{', '.join(f'`{choice}`' for choice in choices[:-1])} or `{choices[-1]}`"
    (low,), (high,) = _bounds(section, key, "ge"), _bounds(section, key, "le")
    return f"a whole number from {low} to {high}"


def _choices(hint: Any) -> Iterator[str | None]:
    for argument in get_args(hint):
        if isinstance(argument, str):
            yield argument
        else:
            yield from _choices(argument)


def _bounds(section: type[Section], key: str, name: str) -> list[int]:
    return [getattr(one, name) for one in section.model_fields[key].metadata if hasattr(one, name)]


def _default(key: str, field: FieldInfo) -> str:
    """The default as the file writes it, in a sentence."""
    value = field.default
    if field.is_required():
        return " Required." if key in ("url", "blogs", "list") else ""
    if key in _WRITTEN:
        return f" Default: `{_WRITTEN[key]}`." if _WRITTEN[key] else ""
    if key == "interval":
        return " Default: `auto`."
    if value in (None, ()):
        return " Default: none."
    return f" Default: `{str(value).lower() if isinstance(value, bool) else value}`."


if __name__ == "__main__":
    DOCUMENT.write_text(text(), encoding="utf-8")
