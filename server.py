"""The entry of Livelog: follows feeds and puts every new entry on every open page.

    python server.py [OPTION …] [FEED_URL …]         or `livelog`, once it is installed
    python server.py [OPTION …] COMMAND …            such as check, try, retry

`-h` lists the options and commands, which are in commands/. This module imports nothing of the packages that Livelog
needs, so that it can name those that are missing. The parser's processes run it, too, as their main module.
"""

from __future__ import annotations

import sys
from pathlib import Path

MIN_PYTHON = (3, 11)
"""Compared here: an older Python cannot even read the other modules."""

FOLDER = Path(__file__).resolve().parent


def main(arguments: list[str], program: str = "python server.py") -> int:
    """Runs the program. Returns its exit code: 0, 1 if it cannot start, 2 for wrong arguments or configuration."""
    if sys.version_info < MIN_PYTHON:
        return _cannot_start("is too old: 3.11 or later is needed")
    try:
        from commands.main import main as run
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        # A module of ours that is missing is a bug.
        if (FOLDER / package).exists() or (FOLDER / f"{package}.py").exists():
            raise
        return _cannot_start(f"has no package {package}")
    return run(arguments, program)


def _cannot_start(problem: str) -> int:
    """Prints one line: the problem of this Python, and the command that does not have it."""
    at_hand = Path.cwd() == FOLDER
    shown = "" if at_hand else f"{FOLDER}/"
    run = f"{shown}.venv/bin/python {shown}server.py"
    if (FOLDER / ".venv/bin/python").exists():
        remedy = f"type {run}"
    elif (FOLDER / "Makefile").exists():
        remedy = f"type make {'' if at_hand else f'-C {FOLDER} '}setup, then {run}"
    else:
        remedy = "install Livelog again with pip or pipx, which bring its packages"
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Livelog cannot start: {sys.executable} (Python {version}) {problem}; {remedy}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
