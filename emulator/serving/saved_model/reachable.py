"""What a signature of a graph runs: the nodes that its outputs need, including functions. Needs TensorFlow."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from emulator.serving.saved_model import operations

_HANDLES = {"VarHandleOp", "Variable", "VariableV2"}
_TABLES = {"HashTable", "HashTableV2"}
_PLACEHOLDERS = {"Placeholder", "PlaceholderV2"}
_MUST_COMPILE = "_XlaMustCompile"


@dataclass
class Reached:
    """What some outputs need.

    Attributes:
        nodes: names of the graph's own nodes, without those of functions.
        functions: names of the functions that are called.
        writes: an operation that may have side effects; None if there is none.
        random: whether random numbers are drawn.
        varies: why predictions for the same inputs may differ, see `operations.varies`; empty if they do not.
        alters: an operation that writes what a later call may read; empty if there is none.
        without_kernel: an operation that this machine's processor cannot run; None if there is none.
        python: an operation that runs a Python function; None if there is none.
        fills_table: whether a lookup table is filled.
        unfed: names of the graph's placeholders that are not fed.
    """

    nodes: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    writes: str | None = None
    random: bool = False
    varies: str = ""
    alters: str = ""
    without_kernel: str | None = None
    python: str | None = None
    fills_table: bool = False
    unfed: set[str] = field(default_factory=set)

    def add_effects(self, other: Reached) -> None:
        """Adds what a function does, except the functions that it calls."""
        self.writes = self.writes or other.writes
        self.random = self.random or other.random
        self.varies = self.varies or other.varies
        self.alters = self.alters or other.alters
        self.without_kernel = self.without_kernel or other.without_kernel
        self.python = self.python or other.python
        self.fills_table = self.fills_table or other.fills_table


class Graph:
    """Follows the edges of a graph.

    Args:
        meta_graph: a `MetaGraphDef`.
    """

    def __init__(self, meta_graph: Any) -> None:
        definition = meta_graph.graph_def
        self._nodes = {node.name: node for node in definition.node}
        self._functions = {function.signature.name: function for function in definition.library.function}
        self._known: dict[str, Reached] = {}

    def reached(self, tensors: Iterable[str], fed: Collection[str] = ()) -> Reached:
        """What tensors or operations need.

        Args:
            tensors: their names, `y:0`, `y` or `^y`.
            fed: names of the tensors that a caller feeds; the nodes behind them do not run.
        """
        found = Reached()
        given = {_tensor(name) for name in fed}
        waiting = [_tensor(name) for name in tensors]
        while waiting:
            tensor = waiting.pop()
            name = tensor.rpartition(":")[0]
            if tensor in given or name in found.nodes or name not in self._nodes:
                continue
            found.nodes.add(name)
            if self._nodes[name].op in _PLACEHOLDERS:
                found.unfed.add(name)
            self._look(self._nodes[name], found, compiled=False)
            waiting += map(_tensor, self._nodes[name].input)
        self._follow(found)
        return found

    def variables(self, names: Iterable[str]) -> dict[str, str]:
        """Variable name -> a node, for the variables among the nodes of these names."""
        return self._resources(names, _HANDLES)

    def tables(self, names: Iterable[str]) -> dict[str, str]:
        """Table name -> a node, for the lookup tables among them that must be initialized."""
        return self._resources(names, _TABLES)

    def inputs(self, names: Iterable[str]) -> set[str]:
        """The nodes that the nodes of these names take as inputs."""
        found = {_tensor(source).rpartition(":")[0] for name in names for source in self._nodes[name].input}
        return found & self._nodes.keys()

    def _resources(self, names: Iterable[str], kinds: Collection[str]) -> dict[str, str]:
        return {_shared_name(node): name for name in names if (node := self._nodes[name]).op in kinds}

    def _follow(self, found: Reached) -> None:
        """Adds what the called functions do, and the functions that they call."""
        waiting = list(found.functions)
        while waiting:
            function = self._function(waiting.pop())
            found.add_effects(function)
            waiting += function.functions - found.functions
            found.functions |= function.functions

    def _function(self, name: str) -> Reached:
        """What the function of this name does, except the functions that it calls."""
        if name not in self._known:
            function, found = self._functions[name], Reached()
            compiled = _MUST_COMPILE in function.attr and function.attr[_MUST_COMPILE].b
            for node in _body(function):
                self._look(node, found, compiled=compiled)
            self._known[name] = found
        return self._known[name]

    def _look(self, node: Any, found: Reached, *, compiled: bool) -> None:
        """Adds what a node does.

        Args:
            node: a `NodeDef`.
            found: to add to.
            compiled: whether XLA compiles the node, which then needs no CPU kernel.
        """
        if node.op in self._functions:
            found.functions.add(node.op)
            return
        found.functions.update(name for name in _called(node) if name in self._functions)
        if operations.writes(node.op):
            found.writes = node.op
        found.random = found.random or node.op in operations.RANDOM
        found.varies = found.varies or operations.varies(node.op)
        found.alters = found.alters or (node.op if operations.alters(node.op) else "")
        found.fills_table = found.fills_table or operations.fills_table(node.op)
        if node.op in operations.PYTHON:
            found.python = f"{node.op} (node {node.name})"
        if not compiled and not operations.has_kernel(node.op, node.attr):
            found.without_kernel = f"{node.op} (node {node.name})"


def _body(function: Any) -> Iterator[Any]:
    """The nodes of a function that run: stateful ones, and those that its results need."""
    nodes = {node.name: node for node in function.node_def}
    waiting = [*function.ret.values(), *function.control_ret.values()]
    waiting += [node.name for node in nodes.values() if operations.writes(node.op) or _has_function(node)]
    seen = set()
    while waiting:
        name = waiting.pop().removeprefix("^").partition(":")[0]
        if name in seen or name not in nodes:
            continue
        seen.add(name)
        yield nodes[name]
        waiting += nodes[name].input


def _has_function(node: Any) -> bool:
    return any(True for _ in _called(node))


def _called(node: Any) -> Iterator[str]:
    """The functions that a node has as attributes."""
    for value in node.attr.values():
        kind = value.WhichOneof("value")
        if kind == "func":
            yield value.func.name
        elif kind == "list":
            yield from (function.name for function in value.list.func)


def _tensor(name: str) -> str:
    """A tensor's full name."""
    name = name.removeprefix("^")
    return name if name.rpartition(":")[2].isdecimal() and ":" in name else f"{name}:0"


def _shared_name(node: Any) -> str:
    """The session's name of a variable or a table; nodes with the same name share it."""
    given = node.attr["shared_name"].s.decode() if "shared_name" in node.attr else ""
    return str(given or node.name)
