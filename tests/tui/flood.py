"""Stands between a dashboard and the service and pours out messages: `python -m tests.tui.flood LISTEN REAL RATE`.

Every request goes on to the real socket, but for /messages: there it is this many messages a second, as the service
words them, from the moment somebody listens.  Prints READY once it does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import sys
import time

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
TURNS = 50  # a second


class Flood:
    def __init__(self, real: str, rate: int) -> None:
        self._real, self._rate = real, rate

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            if b" /api/v1/messages " in head.partition(b"\r\n")[0]:
                await self._pour(writer)
            else:
                await self._pass_on(head, reader, writer)
        writer.close()

    async def _pour(self, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        numbers = itertools.count(1)
        began = time.monotonic()
        sent = 0
        while True:
            wanted = int((time.monotonic() - began) * self._rate)
            writer.write(b"".join(_message(next(numbers)) for _ in range(min(wanted - sent, self._rate))))
            sent = wanted
            await writer.drain()
            await asyncio.sleep(1 / TURNS)

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request to a connection: what follows on it might be for /messages."""
        there_reader, there_writer = await asyncio.open_unix_connection(self._real)
        lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
        there_writer.write(b"\r\n".join([*lines, b"connection: close"]) + b"\r\n\r\n")
        sending = asyncio.create_task(_copy(reader, there_writer))
        await _copy(there_reader, writer)
        sending.cancel()
        there_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(1 << 16):
        writer.write(block)
        await writer.drain()


def _message(number: int) -> bytes:
    """A job's progress, or files that changed."""
    if number % 2:
        job = {"name": "scan_libraries", "status": "running", "done": number, "total": 10_000_000, "rate": 9.0}
        return b"event: JobProgress\ndata: " + json.dumps(job | {"seconds_left": 60.0}).encode() + b"\n\n"
    return b'event: FileChanged\ndata: {"ids": ["0198a1b2-0000-7000-8000-000000000000"], "months": ["2024-05"]}\n\n'


async def main(listen: str, real: str, rate: int) -> None:
    server = await asyncio.start_unix_server(Flood(real, rate).serve, listen)
    print("READY", flush=True)  # noqa: T201 - whoever started it waits for this
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
