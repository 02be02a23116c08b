"""A node: one process that holds one SavedModel and answers what comes from its socket, until that closes."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from emulator.core.predictions import REFUSED, LoadFailed, OutputStyle
from emulator.serving import message_frames, process_control, sandbox
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.serving.chunks.chunk_predictor import ChunkPredictor
from emulator.serving.prediction_errors import reason
from emulator.serving.request_batching import Batcher
from emulator.serving.sample_node import Samples

_DRAIN = 64
"""Requests that are taken off the socket at once, at most."""


def main(sock: socket.socket, options: dict[str, Any]) -> None:
    """Loads, says so (message 0), and serves.

    Args:
        sock: stream to the front.
        options: `folder`, `threads`, `style` (the fields of an `OutputStyle`), `cores` and `memory` in bytes, None
            without bound; `sandbox`, the layers to take before anything of the model is read; `chunks` (the fields of
            `ChunkOptions`), for a node that answers the chunks of a job and not predict requests; `samples`, whether it
            answers the orders of `Samples`.
    """
    process_control.close_others(sock.fileno())
    process_control.raise_oom_score()
    process_control.limit_cores(options["cores"])
    process_control.limit_memory(options["memory"])
    try:
        batcher = _load(options)
    except LoadFailed as exc:
        sock.sendall(message_frames.pack(0, str(exc).encode(), REFUSED))
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # parsed requests are many small lists, and none of them is garbage in a cycle
    try:
        sock.sendall(message_frames.pack(0, b""))
        for requests in _waiting_requests(sock):
            for answers in batcher.answer(requests):
                frames = (message_frames.pack(number, content, kind) for number, (kind, content) in answers)
                sock.sendall(b"".join(frames))
    except ConnectionError:
        return  # the front is gone, and nobody is left to answer


def _waiting_requests(sock: socket.socket) -> Iterator[list[tuple[int, bytes]]]:
    """Waits for a request, then takes all that are there already (number, content). Ends with the stream."""
    splitter = message_frames.Splitter()
    while data := sock.recv(message_frames.CHUNK):
        requests = splitter.feed(data)
        while len(data) == message_frames.CHUNK and len(requests) < _DRAIN:  # a read that is not full leaves nothing
            try:
                data = sock.recv(message_frames.CHUNK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            if not data:
                return
            requests += splitter.feed(data)
        if requests:
            yield [(number, content) for number, _, content in requests]


def _load(options: dict[str, Any]) -> Batcher | ChunkPredictor | Samples:
    folder, style = Path(options["folder"]), OutputStyle(**options["style"])
    from emulator.serving.saved_model import warm_up
    from emulator.serving.saved_model.tensorflow_model import Model

    try:
        sandbox.enter(folder, options["sandbox"])
    except sandbox.MissingLayer as exc:
        raise LoadFailed(f"the sandbox cannot be entered: {exc}") from exc
    try:
        model = Model(folder, threads=options["threads"])
        if options["samples"]:
            return Samples(model, partial(warm_up.requests, folder))
        if options["chunks"]:
            return ChunkPredictor(model, style, ChunkOptions(**options["chunks"]))
        return Batcher(model, style)
    except LoadFailed:
        raise
    except Exception as exc:  # a damaged SavedModel makes TensorFlow raise nearly any type
        raise LoadFailed(f"{type(exc).__name__}: {reason(exc, folder)}") from exc
