"""The public face of the serving layer."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from emulator.core.node_limits import Machine, Scale
from emulator.core.predictions import LOAD, Answer, LoadFailed, OutputStyle
from emulator.serving import node_client, process_control
from emulator.serving.autoscaler import Autoscaler
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.serving.loaded_model import LoadedModel
from emulator.serving.node_client import Node, Settings
from emulator.serving.sandbox import layers
from emulator.serving.scaling_policy import Meter, Pace
from emulator.serving.template_client import Template
from gcp import errors

_CHUNK_TIMEOUT = 600.0
"""Seconds that a node of a job may take for one chunk."""


class Serving:
    """Serves SavedModels by worker processes. Belongs to the event loop that it is first used in.

    Args:
        style: how nodes read requests and write answers. Default: the style of no API.
        threads: TensorFlow's threads in each node, within and among operations.
        start_timeout: seconds that the import of TensorFlow may take.
        load_timeout: seconds that a node may take to load and warm up a model.
        predict_timeout: seconds that a prediction may take, the wait for a node included. A node that answers nothing
            for that long is replaced.
        pending_bytes: what may wait for one node; beyond it, requests are refused with 429.
        sandbox: the layers that every node takes, of `sandbox.LAYERS`; by default all that this system offers.
        idle: seconds for which fewer nodes must have been enough before one is taken away, where the load decides.
    """

    def __init__(
        self,
        *,
        style: OutputStyle | None = None,
        threads: int = 1,
        start_timeout: float = 120.0,
        load_timeout: float = 60.0,
        predict_timeout: float = 60.0,
        pending_bytes: int = 64 << 20,
        sandbox: Collection[str] | None = None,
        idle: float = 60.0,
    ) -> None:
        self.sandbox = layers.offered() if sandbox is None else sandbox
        self._settings = Settings(
            threads=threads,
            style=style or OutputStyle(),
            sandbox=self.sandbox,
            load_timeout=load_timeout,
            predict_timeout=predict_timeout,
            pending_bytes=pending_bytes,
        )
        self._start_timeout = start_timeout
        self._template = Template(start_timeout)
        self._models: dict[str, LoadedModel] = {}
        self._autoscalers: dict[str, Autoscaler] = {}
        self._pace = Pace.of(idle)
        self._looking: asyncio.Task[None] | None = None
        # More at a time than there are cores would finish no sooner, and each alone much later.
        self._loads = asyncio.Semaphore(max(2, os.cpu_count() or 1))
        self._stopped = False

    async def start(self) -> None:
        """Starts the process that imports TensorFlow, and does not wait for it: `load` does.

        A `Serving` that loads nothing needs no start.
        """
        await self._running_template()

    async def stop(self, *, grace: float = 10.0) -> None:
        """Ends every process that was started; returns when they are gone.

        Args:
            grace: seconds that what is pending has to finish, loads included.
        """
        self._stopped = True
        if self._looking:
            self._looking.cancel()
        unloading = [asyncio.create_task(self.unload(key)) for key in list(self._models)]
        if unloading:
            await asyncio.wait(unloading, timeout=grace)
        await self._template.stop()
        await asyncio.gather(*unloading)  # without its template, nothing loads or runs any more

    async def load(
        self,
        key: str,
        folder: Path,
        *,
        nodes: int | Scale,
        machine: Machine | None = None,
        style: OutputStyle | None = None,
    ) -> None:
        """Serves the SavedModel in `folder` under `key`; returns when all nodes are ready.

        Args:
            key: `projects/P/models/M/versions/V`.
            folder: holds `saved_model.pb`; must stay, since nodes that are started later read it.
            nodes: how many, or the range in which they follow the load. With 0 or a least of 0 the model is loaded once
                to see that it can be, and the first prediction starts a node.
            machine: what a node may use; unlimited by default.
            style: how its nodes read requests and write answers; that of the `Serving` by default.

        Raises:
            LoadFailed: the model cannot be loaded. Nothing is left running.
            ValueError: `key` is loaded.
        """
        if key in self._models:
            raise ValueError(f"{key} is loaded")
        settings = dataclasses.replace(self._settings, machine=machine, style=style or self._settings.style)

        async def launch(meter: Meter) -> tuple[Template, Node]:
            async with self._loads:
                template = await self._running_template()
                return template, await node_client.launch(template, folder, settings, meter)

        scale = _scale(nodes)
        model = LoadedModel(key, launch, settings.predict_timeout)
        self._models[key] = model
        try:
            await model.scale(1)  # alone: a damaged model fails once
            await model.scale(scale.least)
        except BaseException:
            self._models.pop(key, None)
            await model.scale(0)
            raise
        self._autoscalers[key] = Autoscaler(key, model, scale, self._pace)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def worker(
        self, folder: Path, options: ChunkOptions, style: OutputStyle | None = None
    ) -> AbstractAsyncContextManager[Node]:
        """A dedicated node for a job, that answers chunks by `ask` until the block ends; nobody replaces it.

        Args:
            folder: holds the SavedModel.
            options: how chunks are read and results are written.
            style: how predictions are written; that of the `Serving` by default.

        Raises:
            LoadFailed: the model cannot be loaded.
        """
        style = style or self._settings.style
        settings = dataclasses.replace(self._settings, chunks=options, predict_timeout=_CHUNK_TIMEOUT, style=style)
        return self._dedicated_node(folder, settings)

    def sampler(self, folder: Path) -> AbstractAsyncContextManager[Node]:
        """A dedicated node that answers the orders of `samples.Samples` by `ask` until the block ends.

        Args:
            folder: holds the SavedModel.

        Raises:
            LoadFailed: the model cannot be loaded.
        """
        return self._dedicated_node(folder, dataclasses.replace(self._settings, samples=True))

    @asynccontextmanager
    async def _dedicated_node(self, folder: Path, settings: Settings) -> AsyncIterator[Node]:
        """A node that belongs to the block."""
        meter = Meter(asyncio.get_running_loop().time)
        async with self._loads:
            template = await self._running_template()
            node = await node_client.launch(template, folder, settings, meter)
        watch = asyncio.create_task(_fail_with(template, node))
        try:
            yield node
        finally:
            node.close()
            await asyncio.shield(watch)

    async def scale(self, key: str, *, nodes: int | Scale) -> None:
        """Starts or retires nodes until there are so many, or as many as the range allows; returns when that is done.

        Raises:
            errors.NotFound: `key` is not loaded.
            LoadFailed: a new node could not load the model; the others still serve.
        """
        model, autoscaler = self._model(key), self._autoscalers.get(key)
        if autoscaler is None:  # it is being loaded
            await model.scale(_scale(nodes).least)
        else:
            await autoscaler.change(_scale(nodes))

    async def unload(self, key: str) -> None:
        """Ends all nodes of `key` after what they still run; returns when they are gone. No error if not loaded."""
        model, autoscaler = self._models.pop(key, None), self._autoscalers.pop(key, None)
        if autoscaler:
            await autoscaler.stop()
        if model:
            await model.scale(0)

    async def predict(self, key: str, body: bytes) -> Answer:
        """Answers `{"instances": [...]}` with predictions, or with the text of an error.

        Raises:
            errors.NotFound: `key` is not loaded.
            errors.Unavailable: no node is ready, or the node ended in the middle.
            errors.DeadlineExceeded: the model took too long.
            errors.ResourceExhausted: too much is waiting.
        """
        return await self._model(key).predict(body)

    def idlest(self, key: str) -> Node | None:
        """The node that the next request for `key` goes to; None if none is ready, so that `predict` has to wait."""
        model = self._models.get(key)
        return model.idlest() if model else None

    def nodes(self, key: str) -> int:
        """How many nodes of `key` take requests now; 0 if it is not loaded."""
        return len(self.pids(key))

    def pids(self, key: str) -> list[int]:
        """The processes behind `nodes`."""
        model = self._models.get(key)
        return [node.pid for node in model.ready] if model else []

    def scale_of(self, key: str) -> Scale:
        """The bounds of the number of nodes; 0 to 0 if it is not loaded."""
        autoscaler = self._autoscalers.get(key)
        return autoscaler.scale if autoscaler else Scale.fixed(0)

    def failure(self, key: str) -> str:
        """Why a version that should have nodes has none that takes requests; empty if it has one, or needs none."""
        model = self._models.get(key)
        return model.failure if model and not model.ready else ""

    async def _look(self) -> None:
        """Scales the nodes by the load, until it is cancelled."""
        while True:
            await asyncio.sleep(self._pace.tick)
            for autoscaler in self._autoscalers.values():
                autoscaler.look()

    def _model(self, key: str) -> LoadedModel:
        if key not in self._models:
            raise errors.NotFound(f"{key} is not loaded.")
        return self._models[key]

    async def _running_template(self) -> Template:
        if self._stopped:
            raise LoadFailed(self._settings.style.error(LOAD, "the endpoint is stopping"))
        if self._template.gone:
            self._template = Template(self._start_timeout)
        await self._template.start()
        return self._template


async def _fail_with(template: Template, node: Node) -> None:
    """Fails what waits for a node as soon as it has ended; returns when its process is gone."""
    await node.closed
    node.fail_pending(process_control.describe_end(await node_client.end(template, node)))


def _scale(nodes: int | Scale) -> Scale:
    return Scale.fixed(nodes) if isinstance(nodes, int) else nodes
