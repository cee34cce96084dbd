"""Reads the command line: the options, the command and its own arguments. All mistakes come out as ConfigError."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn, Protocol, get_args

import redaction
from app import VERSION, Role
from commands import backup, check, copy, export, print_config, purge, restore, retry, trial
from commands.options import DEFAULT_CONFIG, Options
from config import ConfigError

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("text", "json")


class Command(Protocol):
    """A command: a module of this folder."""

    HELP: str
    """One line, for the list of commands."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Adds the arguments that only this command has."""

    def run(self, options: Options) -> int:
        """Runs the command; returns its exit code. Raises ConfigError, StartError and TimelineError."""


COMMANDS: Final[Mapping[str, Command]] = {
    "check": check,
    "try": trial,
    "retry": retry,
    "purge": purge,
    "backup": backup,
    "restore": restore,
    "copy": copy,
    "export": export,
    "print-config": print_config,
}
"""All commands that have a name."""


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose mistakes are exceptions of one line, without values: they can be secrets."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"command line: {_sentence(message)}")


def read(arguments: Sequence[str], program: str = "livelog") -> tuple[str | None, Options]:
    """The name of the command, None for the server itself, and its options. Prints the help that is asked for.

    Raises ConfigError, and SystemExit after -h and --version.
    """
    command, rest = _split(arguments)
    parser = _command_parser(command, program) if command else _server_parser(program)
    options, unknown = parser.parse_known_args(rest, Options())
    if unknown:
        raise ConfigError(f"command line: {_unknown(unknown[0], parser)}")
    if not command:
        for word in options.feed_urls:
            _check_feed_url(word)
    return command, options


def _split(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The command, if the first word that belongs to no option is one, and all the rest."""
    with_value = {name for action in _common()._actions for name in action.option_strings if action.nargs != 0}
    with_value.add("--import-opml")
    is_value = False
    for n, word in enumerate(arguments):
        if word == "--":
            break
        if not is_value and not word.startswith("-"):
            return (word, [*arguments[:n], *arguments[n + 1 :]]) if word in COMMANDS else (None, list(arguments))
        is_value = not is_value and word in with_value
    return None, list(arguments)


def _server_parser(program: str) -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS), default=0) + 2
    listed = "\n".join(f"  {name:{width}}{command.HELP}" for name, command in COMMANDS.items())
    parser = _Parser(
        prog=program,
        usage=f"{program} [OPTION …] [FEED_URL …]\n       {program} [OPTION …] COMMAND …",
        description="Follows feeds and puts every new entry on every open page.",
        epilog=f"commands, each with its own -h:\n{listed}\n\nexit codes: 0, 1 (cannot start, or a feed or webhook "
        "fails), 2 (wrong arguments or configuration)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_common()],
        allow_abbrev=False,
    )
    parser.add_argument("--check", action="store_true", help="validate the configuration and exit")
    parser.add_argument(
        "--import-opml", metavar="FILE", help="print a blog of the feeds of an OPML file, for config.yaml, and exit"
    )
    parser.add_argument(
        "feed_urls", nargs="*", metavar="FEED_URL", help="follow these feeds instead of the configuration's blogs"
    )
    return parser


def _command_parser(name: str, program: str) -> argparse.ArgumentParser:
    command = COMMANDS[name]
    own = _Parser(prog=f"{program} {name}", add_help=False, allow_abbrev=False)
    command.add_arguments(own)
    usage = f"{own.format_usage().removeprefix('usage: ').strip()} [OPTION …]"
    return _Parser(usage=usage, description=command.HELP, parents=[own, _common()], allow_abbrev=False)


def _common() -> argparse.ArgumentParser:
    """The options that may stand before and after a command."""
    parser = _Parser(add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("--config", default=DEFAULT_CONFIG, metavar="FILE", help="the configuration file (%(default)s)")
    add("--address", metavar="ADDRESS", help="address or unix:PATH to listen on, instead of the configuration's")
    add("--port", metavar="PORT", help="port to listen on, instead of the configuration's")
    add("--admin", metavar="ADDRESS", help="address and port of the admin pages, instead of the configuration's")
    add(
        "--store",
        metavar="URL",
        help="sqlite:PATH or redis://HOST:PORT/DB, instead of the configuration's",
    )
    add(
        "--role",
        default="all",
        type=_one_of(*get_args(Role)),
        metavar="all|web|fetch",
        help="what this process does: serve readers (web), fetch feeds (fetch), or all",
    )
    add("--reuse-port", action="store_true", help="let several processes of this machine share the port")
    add("--logging", default="info", type=_one_of(*LEVELS), metavar="|".join(LEVELS), help="the lowest level logged")
    add(
        "--log-format",
        default="text",
        type=_one_of(*FORMATS),
        metavar="|".join(FORMATS),
        help="lines of text, or one JSON object a line",
    )
    add("--version", action="version", version=f"Livelog {VERSION}", help="print the version and exit")
    return parser


def _one_of(*allowed: str) -> Callable[[str], str]:
    """A type of arguments that must be one of these words."""

    def checked(word: str) -> str:
        if word not in allowed:
            raise argparse.ArgumentTypeError(f"must be {', '.join(allowed[:-1])} or {allowed[-1]}")
        return word

    return checked


def _sentence(message: str) -> str:
    """A message of argparse as a sentence of ours, without the value that it quotes."""
    message = re.sub(r"^argument (-[^:]*)/-[^:]*:", r"argument \1:", message)
    message = re.sub(r"^argument (\S+):", r"\1:", message)
    message = message.replace("expected one argument", "needs a value")
    message = re.sub("ignored explicit argument .*", "takes no value", message)
    return re.sub("^the following arguments are required:", "missing:", message)


def _unknown(word: str, parser: argparse.ArgumentParser) -> str:
    """The sentence for an argument that does not exist. Its value is left out: it can be a secret."""
    if not word.startswith("-"):
        return f"{_shown(word)}: one argument too many"
    name = word.partition("=")[0]
    near = difflib.get_close_matches(name, [*parser._option_string_actions], 1)
    return f"{_shown(name)}: no such option" + (f"; did you mean {near[0]}?" if near else "; -h lists all")


def _check_feed_url(word: str) -> None:
    """Finds files and mistyped commands where feed URLs are expected. The configuration checks the rest."""
    if "://" in word:
        return
    shown = _shown(word)
    if word.lower().endswith((".opml", ".xml")) and Path(word).is_file():
        raise ConfigError(f"command line: {shown}: a file, not a feed URL; did you mean --import-opml={shown}?")
    if word.lower().endswith((".yaml", ".yml", ".json")) or Path(word).is_file():
        raise ConfigError(f"command line: {shown}: a file, not a feed URL; did you mean --config={shown}?")
    if near := difflib.get_close_matches(word, COMMANDS, 1):
        raise ConfigError(f"command line: {shown}: neither a command nor a feed URL; did you mean {near[0]}?")
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?", word):
        raise ConfigError(f"command line: {shown}: no feed URL; did you mean https://{shown}?")


def _shown(word: str) -> str:
    """A word of the command line on one line, without secrets."""
    word = redaction.public_text(word)
    word = word if len(word) <= 64 else f"{word[:60]}…"
    return word if word.isprintable() else ascii(word)
