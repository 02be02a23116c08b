"""One loaded model: its nodes, which of them gets the next request, and the replacement of nodes that ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from emulator.core.predictions import Answer, LoadFailed
from emulator.serving import node_client, process_control
from emulator.serving.node_client import Node
from emulator.serving.scaling_policy import Meter, Seen
from emulator.serving.template_client import Template
from gcp import errors

Launch = Callable[[Meter], Awaitable[tuple[Template, Node]]]
"""Starts one more node of the model, whose work the meter counts; raises `LoadFailed`."""

_log = logging.getLogger(__name__)
_BACKOFF_FIRST = 0.1
_BACKOFF_MOST = 10.0
_HEALTHY = 30.0
"""Seconds that a node must live for the backoff to start anew."""


class _Slot:
    """The place of one node. A node that ends is replaced, until the place is retired."""

    def __init__(self, owner: LoadedModel, template: Template, node: Node, changed: Callable[[], None]) -> None:
        self.node: Node | None = node
        self._owner = owner
        self._template = template
        self._changed = changed
        self._delay = _BACKOFF_FIRST
        self._retired: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(node))

    @property
    def load(self) -> int:
        """Requests that its node has not answered yet; -1 without a node."""
        return self.node.load if self.node else -1

    async def retire(self) -> None:
        """Lets the node finish what it runs, ends it, and returns when it is gone."""
        if not self._retired.done():
            self._retired.set_result(None)
        await asyncio.shield(self._task)

    async def _run(self, node: Node | None) -> None:
        while node:
            since = asyncio.get_running_loop().time()
            await asyncio.wait([node.closed, self._retired], return_when=asyncio.FIRST_COMPLETED)
            self._set(None)
            if self._retired.done():
                await node.drained(self._owner.patience)
            how = process_control.describe_end(await node_client.end(self._template, node))
            node.fail_pending(how)
            if self._retired.done():
                return
            if asyncio.get_running_loop().time() - since > _HEALTHY:
                self._delay = _BACKOFF_FIRST
            self._owner.failure = f"The node {how}. Another one replaces it."
            _log.warning("%s: node %d %s; another one starts in %g s", self._owner.key, node.pid, how, self._delay)
            node = await self._replacement()
            self._set(node)

    async def _replacement(self) -> Node | None:
        """The next node, after as many tries as it takes; None if the slot is retired before."""
        while True:
            await asyncio.wait([self._retired], timeout=self._delay)
            self._delay = min(self._delay * 2, _BACKOFF_MOST)
            if self._retired.done():
                return None
            try:
                self._template, node = await self._owner.launch()
            except LoadFailed as exc:
                self._owner.failure = f"No node could be started: {exc}"
                _log.warning("%s: %s; trying again in %g s", self._owner.key, exc, self._delay)
            else:
                return node

    def _set(self, node: Node | None) -> None:
        self.node = node
        self._changed()


class LoadedModel:
    """The nodes of one loaded model.

    Args:
        key: for the log.
        launch: starts one more node.
        patience: seconds that a request waits for a node while none is ready, and that a node which is taken away has
            for what it still runs.

    Attributes:
        failure: the latest error of a node.
    """

    def __init__(self, key: str, launch: Launch, patience: float) -> None:
        self.key = key
        self.patience = patience
        self.failure = ""
        self._launch = launch
        self._meter = Meter(asyncio.get_running_loop().time)
        self._waiting = 0
        self._slots: list[_Slot] = []
        self._ready: list[Node] = []
        self._some_ready = asyncio.Event()
        self._scaling = asyncio.Lock()

    @property
    def ready(self) -> list[Node]:
        """The nodes that take requests."""
        return list(self._ready)

    @property
    def size(self) -> int:
        """The nodes that there should be: those that are ready, and those that are being replaced."""
        return len(self._slots)

    def seen(self) -> Seen:
        """What the scaling policy decides by."""
        pending = self._waiting + sum(node.load for node in self._ready)
        now = asyncio.get_running_loop().time()
        return Seen(at=now, nodes=self.size, busy=self._meter.total, pending=pending)

    async def launch(self) -> tuple[Template, Node]:
        """Starts one more node, which belongs to the caller. Raises `LoadFailed`."""
        return await self._launch(self._meter)

    async def scale(self, nodes: int) -> None:
        """Starts or retires nodes until there are `nodes`; returns when they serve or are gone.

        Raises:
            LoadFailed: a new node could not load the model; the nodes from before remain.
        """
        async with self._scaling:
            await self._add(nodes - len(self._slots))
            going = self._take_away(len(self._slots) - nodes)
        # Outside of the lock: a request that starts a node does not wait for those that go.
        await asyncio.gather(*(slot.retire() for slot in going))

    async def predict(self, body: bytes) -> Answer:
        """The answer of the node with the fewest pending requests. Without any node, starts one first."""
        while (node := self.idlest()) is None:
            await self._wait_for_node()  # and the one that became ready may be gone again
        return await node.ask(body)

    def idlest(self) -> Node | None:
        """The node with the fewest pending requests, for one request; None if none is ready."""
        if len(self._ready) <= 1:
            return self._ready[0] if self._ready else None
        node = min(self._ready, key=lambda node: node.load)
        # The chosen node goes to the end, so that equally loaded nodes take turns.
        self._ready.remove(node)
        self._ready.append(node)
        return node

    def _take_away(self, count: int) -> list[_Slot]:
        """Removes the slots with the fewest pending requests; they get no more."""
        going = sorted(self._slots, key=lambda slot: slot.load)[: max(count, 0)]
        self._slots = [slot for slot in self._slots if slot not in going]
        self._changed()
        return going

    async def _add(self, count: int) -> None:
        results = await asyncio.gather(*(self.launch() for _ in range(count)), return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        started = [result for result in results if not isinstance(result, BaseException)]
        if failures:
            await asyncio.gather(*(node_client.end(template, node) for template, node in started))
            raise failures[0]
        self._slots += [_Slot(self, template, node, self._changed) for template, node in started]
        self._changed()

    def _changed(self) -> None:
        nodes = [slot.node for slot in self._slots if slot.node]
        self._ready = [node for node in self._ready if node in nodes] + [n for n in nodes if n not in self._ready]
        if self._ready:
            self._some_ready.set()
        else:
            self._some_ready.clear()

    async def _wait_for_node(self) -> None:
        self._waiting += 1
        try:
            if not self._slots:
                await self._start_first()
            await asyncio.wait_for(self._some_ready.wait(), self.patience)
        except asyncio.TimeoutError:
            text = f"No node of this version became ready within {self.patience:g} s. {self.failure}"
            raise errors.Unavailable(text.rstrip()) from None
        finally:
            self._waiting -= 1

    async def _start_first(self) -> None:
        async with self._scaling:
            if self._slots:
                return
            try:
                await self._add(1)
            except LoadFailed as exc:
                self.failure = f"No node could be started: {exc}"
                raise errors.Unavailable(f"No node of this version could be started: {exc}") from exc
