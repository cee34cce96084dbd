"""The page's modules as one: on a slow network, a browser that has to ask for each of them is live later.

This happens when the server starts; nothing is built beforehand, and static/ is what a browser can run as it is.
Modules there are plain: they import named things of their neighbours, and export functions, classes and constants
where they declare them. A module that is not is an error that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r"^import (?:\{([^}]*)\} from )?'\./([a-z0-9-]+\.js)';\n", re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async function|function|class|const)\b\*? (\w+))", re.MULTILINE)
_NOT_PLAIN: Final = re.compile(r"^(?:import|export|await)\b.*|.*\bimport(?:\.meta|\().*", re.MULTILINE)

# None of them may begin within a text, or end in another comment; static/ has none that does.
_COMMENT_LINES: Final = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_CAST: Final = re.compile(r"/\*\* @type (?:(?!\*/).)*\*/ ?")


class BundleError(Exception):
    """A module is not plain enough to be put together with others."""


def entries(folder: Path) -> list[str]:
    """The modules that no other one imports: pages begin with them."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js"))}
    imported = {name for text in texts.values() for _, name in _IMPORT.findall(text)}
    return [name for name in texts if name not in imported]


def bundle(folder: Path, entry: str) -> str:
    """A module that does what the entry does with all that it imports: each of them is a function, called in order.

    Raises BundleError, and OSError where a file is missing.
    """
    done: dict[str, str] = {}
    for name, text in _in_order(folder, entry, done, ()):
        done[name] = _function(name, text)
    return "".join(done.values())


def without_comments(text: str) -> str:
    """JavaScript or CSS without the comments that have lines to themselves."""
    return _COMMENT_LINES.sub("", text)


def _in_order(folder: Path, name: str, done: dict[str, str], importers: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A module and those that it needs and are not done, each after what it imports itself."""
    if name in importers:
        raise BundleError(f"{name} is imported in a circle: {', '.join(importers)}")
    text = _CAST.sub("", without_comments((folder / name).read_text(encoding="utf-8")))
    for _, needed in _IMPORT.findall(text):
        if needed not in done:
            yield from _in_order(folder, needed, done, (*importers, name))
    yield name, text


def _function(name: str, text: str) -> str:
    exported = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(_taken, text))
    if other := _NOT_PLAIN.search(body):
        raise BundleError(f"{name} cannot be put together with others: {other[0].strip()}")
    return f"const {_variable(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def _taken(statement: re.Match[str]) -> str:
    """What is imported, taken from what the other module's function returned."""
    names, module = statement.groups()
    return f"const {{{names.replace(' as ', ': ')}}} = {_variable(module)};\n" if names else ""


def _variable(name: str) -> str:
    return "$" + name.removesuffix(".js").replace("-", "_")
