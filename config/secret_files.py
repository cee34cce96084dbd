"""Secrets in files of their own: `password_file: /run/secrets/feed` gives the value of `password`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from config.messages import Loc, Problems
from config.schema import SECRETS, keys_at
from config.yaml_lines import FromEnvironment, YamlList, YamlMap

MAX_SECRET_FILE_BYTES: Final = 1_000_000

_SUFFIX: Final = "_file"


class FromFile(FromEnvironment):
    """A secret that was read from the file of another key."""

    __slots__ = ()


def insert(root: YamlMap, folder: Path, problems: Problems) -> None:
    """Replaces each `KEY_file` of the file by its `KEY`; names of files start at ``folder``.

    The value is the file's first line without blanks at both ends; `tokens_file` has one token a line.
    """
    _insert(root, (), folder, problems)
    _insert(root.get("server"), ("server",), folder, problems)
    blogs = root.get("blogs")
    for slug, blog in blogs.items() if isinstance(blogs, YamlMap) else ():
        _insert(blog, ("blogs", slug), folder, problems)
        for kind in ("feeds", "webhooks"):
            items = blog.get(kind) if isinstance(blog, YamlMap) else None
            for n, item in enumerate(items if isinstance(items, YamlList) else ()):
                _insert(item, ("blogs", slug, kind, n), folder, problems)


def loc_of(loc: Loc, value: object) -> Loc:
    """The path of a value as the file has it: that of `KEY_file`, if the value is from there."""
    if not isinstance(value, FromFile):
        return loc
    *section, key = loc[:-1] if isinstance(loc[-1], int) else loc
    return (*section, f"{key}{_SUFFIX}")


def _insert(section: object, loc: Loc, folder: Path, problems: Problems) -> None:
    """Replaces the keys of one section. Values that are not right stay, to be reported by the schema."""
    if not isinstance(section, YamlMap):
        return
    names = {f"{key}{_SUFFIX}" for key in SECRETS.intersection(keys_at(loc))}
    for name in [name for name in section if name in names]:
        key, file, line = name.removesuffix(_SUFFIX), section.pop(name), section.lines[name]
        if file is None:
            continue
        if section.get(key) is not None:
            problems.add(line, (*loc, name), f"is given beside {key}: leave out one of them")
            continue
        section[key], section.lines[key] = FromFile(), line
        if not isinstance(file, str):
            problems.add(line, (*loc, name), "must be the name of a file")
            continue
        try:
            section[key] = _value(file, line, folder, is_list=key == "tokens")
        except ValueError as error:
            problems.add(line, (*loc, name), str(error))


def _value(file: str, line: int, folder: Path, *, is_list: bool) -> FromFile | YamlList:
    lines = _lines(file, folder)
    if not is_list:
        return FromFile(lines[0])
    tokens = YamlList()
    for text in filter(None, lines):
        tokens.append(FromFile(text))
        tokens.lines.append(line)
    return tokens


def _lines(file: str, folder: Path) -> list[str]:
    """The lines of a file, stripped, of which the first is not empty. Raises ValueError with a sentence."""
    try:
        with Path(folder, file.strip()).open("rb") as opened:
            data = opened.read(MAX_SECRET_FILE_BYTES + 1)
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise ValueError("is a file that is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        # A value of the environment can be a secret, a reason of the system is none.
        raise ValueError(f"is no file that can be read: {reason}") from None
    if len(data) > MAX_SECRET_FILE_BYTES:
        raise ValueError(f"is a file of more than {MAX_SECRET_FILE_BYTES:,} bytes")
    lines = [line.strip() for line in text.split("\n")]
    if not lines[0]:
        raise ValueError("is a file whose first line is empty")
    return lines
