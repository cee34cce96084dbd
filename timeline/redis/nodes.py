"""The nodes that share a Redis (`timeline.Nodes`)."""

from __future__ import annotations

from collections.abc import Sequence

from timeline.presence import FORGET_SECONDS, Node
from timeline.redis.connection import Store, key


class RedisNodes(Store):
    """See `timeline.Nodes`."""

    async def report(self, node: Node) -> None:
        """Stores a node's report."""
        await self._connection.run("report", ("nodes",), [node.name, node.to_json(), node.at - FORGET_SECONDS])

    async def nodes(self) -> Sequence[Node]:
        """The last report of each node, by name."""
        texts = await self._connection.ask("HVALS", key("nodes"))
        return sorted((Node.from_json(text) for text in texts), key=lambda node: node.name)

    async def leave(self, name: str) -> None:
        """Forgets a node that stops."""
        await self._connection.ask("HDEL", key("nodes"), name)

    async def stored_bytes(self) -> int:
        """The memory that Redis uses, that of other programs on it included."""
        info = await self._connection.ask("INFO", "memory")
        return int(info["used_memory"])
