"""How many nodes the policy asks for, with the clock as an input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.node_limits import Scale
from emulator.serving.scaling_policy import Memory, Meter, Pace, Seen, step

PACE = Pace.of(60.0)
Load = Callable[[float], float]
"""Seconds -> how many nodes' worth of requests are being answered then, if there are as many nodes."""


def nodes_over(load: Load, scale: Scale, seconds: int, pace: Pace = PACE) -> Iterator[tuple[float, int]]:
    """Time and nodes at each look; the world does at once what the policy says, and a waiting request starts a node."""
    memory, nodes, busy = Memory(), scale.least, 0.0
    for look in range(int(seconds / pace.tick) + 1):
        at = look * pace.tick
        working = load(at)
        nodes = max(nodes, 1) if working else nodes
        seen = Seen(at=at, nodes=nodes, busy=busy, pending=1 if working else 0)
        memory, nodes = step(memory, seen, scale, pace)
        yield at, nodes
        busy += min(working, nodes) * pace.tick


def steady(level: float) -> Load:
    """The same load all the time."""
    return lambda _: level


def until(end: float, level: float) -> Load:
    """A load that ends."""
    return lambda at: level if at < end else 0.0


AUTO, TO_ZERO = Scale(least=1, most=4), Scale(least=0, most=4)
TABLE: list[tuple[str, Load, Scale, int, int]] = [
    ("nothing to do", steady(0), AUTO, 300, 1),
    ("nothing to do, and none needed", steady(0), TO_ZERO, 300, 0),
    ("one node is enough", steady(0.5), AUTO, 300, 1),
    ("just above its target, within the tolerance", steady(0.63), AUTO, 300, 1),
    ("above its target", steady(0.9), AUTO, 300, 2),
    ("more than one node can do", steady(2.0), AUTO, 60, 4),
    ("more than all may do", steady(50), AUTO, 60, 4),
    ("a higher target", steady(0.9), Scale(least=1, most=4, target=0.9), 300, 1),
    ("a lower target", steady(0.9), Scale(least=1, most=9, target=0.25), 60, 4),
    ("a fixed number, idle", steady(0), Scale.fixed(3), 300, 3),
    ("a fixed number, busy", steady(50), Scale.fixed(2), 60, 2),
    ("a load that ended long ago", until(60, 4), AUTO, 200, 1),
    ("a load that ended, to zero", until(60, 4), TO_ZERO, 200, 0),
    ("a load that ended just now", until(60, 4), TO_ZERO, 110, 4),
]


@pytest.mark.parametrize(("load", "scale", "seconds", "nodes"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_the_number_follows_the_load(load: Load, scale: Scale, seconds: int, nodes: int) -> None:
    """So many nodes are there in the end."""
    assert [found for _, found in nodes_over(load, scale, seconds)][-1] == nodes


@pytest.mark.parametrize(("load", "scale"), [row[1:3] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_steady_load_has_nodes_come_once_and_go_once(load: Load, scale: Scale) -> None:
    """The number goes up, then down, and never up again."""
    found = [nodes for _, nodes in nodes_over(load, scale, 400)]
    turns = [later - earlier for earlier, later in pairwise(found) if later != earlier]

    assert turns == sorted(turns, key=lambda change: change < 0)


def test_growth_is_quick_and_shrinking_is_slow() -> None:
    """All nodes are there within ten seconds of full load; none goes for a minute after it, and then all."""
    found = dict(nodes_over(until(100, 4), TO_ZERO, 200))

    assert found[10] == 4
    assert {nodes for at, nodes in found.items() if 10 <= at < 160} == {4}
    assert found[166] == 0


def test_a_load_that_comes_and_goes_keeps_its_nodes() -> None:
    """Ten seconds of work every forty: nothing is stopped and started in between."""
    found = [nodes for _, nodes in nodes_over(lambda at: 3.0 if at % 40 < 10 else 0.0, TO_ZERO, 600)]

    assert set(found[30:]) == {4}


def test_a_request_that_waits_keeps_a_node() -> None:
    """A node that answers nothing for long is not idle."""
    memory, nodes = Memory(), 1
    for at in range(200):
        memory, nodes = step(memory, Seen(at=at, nodes=nodes, busy=0.0, pending=1), TO_ZERO, PACE)

    assert nodes == 1


@given(
    st.lists(st.floats(min_value=0, max_value=8), min_size=1, max_size=60),
    st.integers(min_value=0, max_value=3),
    st.integers(min_value=0, max_value=5),
)
def test_bounds_hold_whatever_the_load(levels: list[float], least: int, more: int) -> None:
    """Never fewer than the least, never more than the most; none is taken away that was wanted within the idle time."""
    scale, pace = Scale(least=least, most=max(1, least + more)), Pace.of(6.0)
    found = list(nodes_over(lambda at: levels[int(at / 2) % len(levels)], scale, 120, pace))

    assert all(scale.least <= nodes <= scale.most for _, nodes in found)
    grown = [at for (_, before), (at, nodes) in pairwise(found) if nodes > before]
    shrunk = [at for (_, before), (at, nodes) in pairwise(found) if nodes < before]
    assert all(gone - came >= pace.idle for gone in shrunk for came in grown if came < gone)


def test_the_meter_counts_what_nodes_do() -> None:
    """One node for two seconds, two for one: four node-seconds; a node that goes on is counted up to now."""
    now = 0.0
    meter = Meter(lambda: now)

    meter.change(1)
    now = 2.0
    meter.change(1)
    now = 3.0
    meter.change(-1)
    assert meter.total == 4.0
    now = 5.0
    assert meter.total == 6.0
    meter.change(-1)
    now = 9.0
    assert meter.total == 6.0
