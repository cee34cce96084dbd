"""Limits: what a connection may take of this process, and how many there may be (law 4).

What a message of a reader may be stands in handlers/inbound.py, what may wait for a reader in fanout/channel.py.
"""

from __future__ import annotations

import resource
from typing import Final

MOST_HEADER_BYTES: Final = 16 * 1024
MOST_BODY_BYTES: Final = 256 * 1024
MOST_BUFFER_BYTES: Final = 1024 * 1024
"""Of a request: its head, its body, and what is read ahead."""

HEADER_SECONDS: Final = 10.0
"""How long the head of a request may take, however it drips in.

Tornado begins to count when the request before is answered: so it is also how long a kept connection may be idle.
Opening another costs a client a round trip; a longer time would be given to everyone who sends a byte and waits.
"""

BODY_SECONDS: Final = 10.0

ANSWER_SECONDS: Final = 60.0
"""How long a client may take to read an answer."""

ANSWERS_BYTES: Final = 64 * 1024 * 1024
ADDRESS_ANSWERS_BYTES: Final = 16 * 1024 * 1024
"""What may wait to be read, of all and of one address, before whoever asks for more is to come back later."""

ADDRESS_READERS: Final = 1_000
"""Readers of one address: there may be an office, a school or a whole town behind it."""

MOST_FILES: Final = 1_048_576
"""Descriptors that are asked for: nobody needs more, and some systems would give a thousand times as many."""

READERS_SHARE: Final = 0.9
CONNECTIONS_SHARE: Final = 0.95
"""Of the descriptors: up to the first, readers are let in; up to the second, requests are answered.

The rest is for the feeds, the store and the files of the page.
"""


def raise_files() -> int:
    """Lets this process have as many descriptors as it may; returns how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft >= wanted:
        return min(soft, MOST_FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return MOST_FILES if soft == resource.RLIM_INFINITY else soft
    return wanted
