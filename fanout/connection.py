"""One client's connection as the fan-out, its channels and the heartbeat use it.

Declared here and implemented in connections/, so that the fan-out imports nothing of sockets and protocols. It is
an abstract class and no Protocol: an implementation that lacks a method fails when it is created, and the two fields
that belong to the fan-out have their slots here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from asyncio import Future

from fanout.frames import Transport


class Connection(ABC):
    """One client's connection.

    ``seq`` is the number of the last event that was sent on it; only its channel sets it. ``beat`` is its turn in the
    heartbeat; only the heartbeat sets it.
    """

    __slots__ = ("beat", "seq")

    transport: Transport

    def __init__(self) -> None:
        self.beat = 0
        self.seq = 0

    @abstractmethod
    def send(self, data: bytes) -> Future[None] | None:
        """Sends data; returns None if the kernel took all of it, else a future that is done when it has.

        The future fails with OSError if the connection ends before. Data sent on a closed connection is discarded.
        """

    @abstractmethod
    def evict(self) -> None:
        """Closes the connection of a client that did not keep up; the client reconnects with its cursor."""

    @abstractmethod
    def close(self) -> None:
        """Closes the connection because the server stops or the blog was removed."""

    @abstractmethod
    def ping(self) -> None:
        """Sends a ping, with a sign of life if one is due, and expects a response before `check_alive`."""

    @abstractmethod
    def send_alive(self) -> None:
        """Sends a sign of life if one is due."""

    @abstractmethod
    def check_alive(self) -> None:
        """Closes the connection if the client has not responded to the ping in time."""
