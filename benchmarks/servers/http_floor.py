"""The floor of HTTP and JSON: `python -m benchmarks.servers.http_floor FILE` answers JSON with a file's bytes.

It is the emulator's HTTP server with a handler that only parses the body: the cost that no model
server behind this HTTP server can avoid if it parses its requests with orjson.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from pathlib import Path

import orjson
import uvloop

from emulator.http.exchange import Exchange
from emulator.http.server import HttpServer

_HEADERS = {"content-type": "application/json; charset=utf-8"}


def main(file: Path) -> None:
    """Serves until SIGTERM."""
    uvloop.run(_serve(file.read_bytes()))


async def _serve(answer: bytes) -> None:
    headers = {**_HEADERS, "content-length": str(len(answer))}

    def fast_path(exchange: Exchange) -> bool | None:
        if not exchange.whole:
            exchange.room = sys.maxsize
            return None
        orjson.loads(exchange.body())
        exchange.answer(200, headers, answer)
        return True

    async def never(exchange: Exchange) -> None:
        await exchange.hang_up()

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    listener = socket.create_server(("127.0.0.1", 0))
    gc.freeze()
    print(f"serving on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await HttpServer(never, fast_path, seconds=30.0).serve(listener, stop)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
