"""The modules of a page as one script: on a slow network, a request for each module delays the live connection.

Bundles are made when the server starts, and nothing is built beforehand: a browser can also run static/ as it is.
The modules are plain: they import named things by relative paths, and export functions, classes and constants where
they declare them. Anything else is a BundleError.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(
    r"^import (?:\{([^}]*)\} from )?'(\.{1,2}/(?:\.\./)*(?:[a-z0-9-]+/)*[a-z0-9-]+\.js)';\n", re.MULTILINE
)
_EXPORT: Final = re.compile(r"^export (?=(?:async function|function|class|const)\b\*? (\w+))", re.MULTILINE)
_NOT_PLAIN: Final = re.compile(r"^(?:import|export|await)\b|\bimport(?:\.meta|\()", re.MULTILINE)

# A match is only a comment if no string contains `/*` or begins a line with `//`; none in static/ does.
_COMMENT_LINES: Final = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/[ \t]*|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_INDENTATION: Final = re.compile(r"\n\s+")
_CAST: Final = re.compile(r"/\*\* @type (?:(?!\*/).)*\*/ ?")


class BundleError(Exception):
    """A module that can't be bundled: it is not plain, outside the folder, or part of an import cycle."""


def entries(folder: Path) -> list[str]:
    """The entry points: modules at the top of the folder that no other module imports."""
    paths = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.js"))]
    imported = {needed for path in paths for needed in _imports(path, (folder / path).read_text(encoding="utf-8"))}
    return [path for path in paths if path not in imported and "/" not in path]


def bundle(folder: Path, entry: str) -> str:
    """One script with the effect of the entry point: a function for each module, called in order of need.

    Raises BundleError, and OSError where a file is missing.
    """
    done: dict[str, str] = {}
    for path, text in _in_order(folder, entry, done, ()):
        done[path] = _function(path, text)
    return "".join(done.values())


def without_comments(text: str) -> str:
    """JavaScript or CSS without the comments that fill whole lines."""
    return _COMMENT_LINES.sub("", text)


def compact(text: str) -> str:
    """JavaScript or CSS without comments, indentation and empty lines: 5 % less after compression.

    Raises BundleError for a text in backquotes over several lines, which would be changed.
    """
    plain = without_comments(text)
    if any(line.count("`") % 2 for line in plain.splitlines()):
        raise BundleError("A text in backquotes has several lines.")
    return _INDENTATION.sub("\n", plain)


def _in_order(folder: Path, path: str, done: dict[str, str], importers: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The module and its imports, except those done: each after its own imports."""
    if path in importers:
        raise BundleError(f"{path} is imported in a circle: {', '.join(importers)}")
    text = _CAST.sub("", without_comments((folder / path).read_text(encoding="utf-8")))
    for needed in _imports(path, text):
        if needed not in done:
            yield from _in_order(folder, needed, done, (*importers, path))
    yield path, text


def _imports(path: str, text: str) -> list[str]:
    """The modules that a module imports, as paths below the folder."""
    return [_resolved(path, target) for _, target in _IMPORT.findall(text)]


def _resolved(path: str, target: str) -> str:
    resolved = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if resolved.startswith(".."):
        raise BundleError(f"{path} imports {target}, which is outside the folder")
    return resolved


def _function(path: str, text: str) -> str:
    def bindings(statement: re.Match[str]) -> str:
        names, target = statement.groups()
        variable = _variable(_resolved(path, target))
        return f"const {{{names.replace(' as ', ': ')}}} = {variable};\n" if names else ""

    exported = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(bindings, text))
    if other := _NOT_PLAIN.search(body):
        line = body.count("\n", 0, other.start())
        raise BundleError(f"{path} cannot be put together with others: {body.splitlines()[line].strip()}")
    return f"const {_variable(path)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def _variable(path: str) -> str:
    """The name under which a bundle keeps the exports of a module: `$post_images` for static/post/images.js."""
    return "$" + path.removesuffix(".js").replace("-", "_").replace("/", "_")
