"""Free ports, for servers that have to know theirs before they start."""

from __future__ import annotations

import random
import socket
from typing import Final

_PORTS: Final = range(10_000, 32_000)
"""Outside the ephemeral range of Linux, which many connections may exhaust."""


def free_ports(count: int) -> list[int]:
    """So many ports that nobody listens on now."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            break
    return found
