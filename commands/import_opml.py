"""`--import-opml=FILE`: prints the feeds of another reader as a blog for config.yaml."""

from __future__ import annotations

import os
import sys

import opml


def import_opml(name: str) -> int:
    """Prints an OPML file's feeds as a blog for config.yaml; feeds it leaves out go to stderr. Raises ConfigError."""
    found = opml.load(name)
    for line in found.left_out:
        print(line, file=sys.stderr)
    try:
        for part in opml.config_parts(found.slug, found.title, found.feeds):
            # UTF-8 whatever the terminal's encoding: config.yaml is UTF-8.
            sys.stdout.buffer.write(part.encode())
        sys.stdout.buffer.flush()
    except OSError as error:
        print(f"The configuration cannot be written: {error.strerror}", file=sys.stderr)
        # At exit, Python flushes the buffer, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0
