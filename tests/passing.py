"""Bytes that a proxy of the tests passes on between two connections."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter


async def pass_both_ways(reader: StreamReader, writer: StreamWriter, there: StreamReader, back: StreamWriter) -> None:
    """Passes bytes on between a client and a server until one of them ends; closes the connection to the server."""
    copying = [asyncio.create_task(_copy(there, writer)), asyncio.create_task(_copy(reader, back))]
    try:
        await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in copying:
            task.cancel()
        back.close()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
