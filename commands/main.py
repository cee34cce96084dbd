"""Runs what the command line asks for, and turns each failure into a line on stderr and an exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

import config
from app import StartError
from commands import arguments, logs
from commands.import_opml import import_opml
from commands.options import Options
from commands.serve import serve
from config import ConfigError
from timeline import TimelineError


def main(words: Sequence[str], program: str = "livelog") -> int:
    """Runs the program. Returns its exit code: 0, 1 if it cannot start, 2 for wrong arguments or configuration."""
    try:
        command, options = arguments.read(words, program)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    logs.set_up(options.logging, options.log_format)
    try:
        return arguments.COMMANDS[command].run(options) if command else _serve(options)
    except ConfigError as error:
        _report(str(error), options)
        return 2
    except (StartError, TimelineError) as error:
        _report(f"{f'livelog {command}' if command else 'Livelog cannot start'}: {error}", options)
        return 1


def _report(text: str, options: Options) -> None:
    """Prints why the program ends, one problem a line; or logs it, where the log is for programs."""
    for line in text.splitlines():
        if options.log_format == "json":
            logs.logger.critical("%s", line)
        else:
            print(line, file=sys.stderr)


def _serve(options: Options) -> int:
    if options.import_opml is not None:
        return import_opml(options.import_opml)
    # Not at a reload: a file that is gone then changes nothing.
    if not options.feed_urls and config.copy_example(options.config):
        logs.logger.info("%s was made from %s. It is yours to edit.", options.config, config.EXAMPLE)
    loaded = options.load(options.feed_urls)
    if options.check:
        print(f"{options.config}: good.")
        return 0
    asyncio.run(serve(loaded, options))
    return 0
