"""What breaks, and what is left then."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from emulator.core.node_limits import Machine
from emulator.core.predictions import Answer, LoadFailed
from emulator.serving import Serving
from emulator.serving.chunks.chunk_options import ChunkOptions
from gcp import errors
from tests.emulator.ml.caller import until
from tests.emulator.serving.asking import parsed
from tests.running import alive

pytestmark = pytest.mark.tensorflow
Run = Callable[[Coroutine[Any, Any, Any]], Any]
_ROOT = Path(__file__).parents[3]
_FRONT = """
import asyncio, json, sys
from pathlib import Path
from emulator.serving import Serving
from emulator.serving.chunks.chunk_options import ChunkOptions
from emulator.core.node_limits import Machine

async def main():
    serving = Serving()
    await serving.load("k", Path(sys.argv[1]), nodes=2)
    stuck = [asyncio.ensure_future(serving.predict("k", b'{"instances": [[101, 0]]}')) for _ in range(2)]
    print(json.dumps(serving.pids("k")), flush=True)
    await asyncio.wait(stuck)

asyncio.run(main())
"""


def _body(*row: float) -> bytes:
    return json.dumps({"instances": [row]}).encode()


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[1])


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # processes of the system set no event
        await asyncio.sleep(0.01)  # between two looks at a real condition; `run` bounds it


def _no_variables(folder: Path) -> None:
    shutil.rmtree(folder / "variables")


def _no_index(folder: Path) -> None:
    (folder / "variables" / "variables.index").unlink()


def _no_data(folder: Path) -> None:
    (folder / "variables" / "variables.data-00000-of-00001").write_bytes(b"")


def _cut(folder: Path) -> None:
    graph = folder / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])


def _noise(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(bytes(range(256)) * 64)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


@pytest.mark.parametrize("damage", [_no_variables, _no_index, _no_data, _cut, _noise, _empty, shutil.rmtree])
def test_a_damaged_model_is_refused(
    serving: Serving, models: Path, run: Run, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """`load` says so in the API's words without a path of this machine, and the next model loads as ever."""
    broken = shutil.copytree(models / "double", tmp_path / "broken")
    damage(broken)

    with pytest.raises(LoadFailed) as caught:
        run(serving.load("k", broken, nodes=2))

    text = str(caught.value)
    assert text.startswith("Failed to load model: ")
    assert text.endswith(" (Error code: 0)")
    assert str(tmp_path) not in text
    assert "\n" not in text
    assert serving.nodes("k") == 0
    run(serving.load("k", models / "double", nodes=1))
    assert parsed(run(serving.predict("k", _body(1, 2)))) == {"predictions": [{"y": [2, 4]}]}


def test_a_killed_node_fails_its_requests_and_is_replaced(serving: Serving, models: Path, run: Run) -> None:
    """Pending requests get a clear error at once; a new process serves soon, and the other node all the time."""
    run(serving.load("k", models / "spin", nodes=2))
    before = serving.pids("k")

    async def kill_one() -> None:
        stuck = asyncio.ensure_future(serving.predict("k", _body(101, 0)))
        await asyncio.sleep(0)  # lets it be sent; the first of two idle nodes gets it
        os.kill(before[0], signal.SIGKILL)
        with pytest.raises(errors.Unavailable, match="was killed"):
            await stuck
        assert parsed(await serving.predict("k", _body(1, 2))) == {"predictions": [{"y": [1, 2]}]}
        await _until(lambda: serving.nodes("k") == 2)

    run(kill_one())

    assert before[1] in serving.pids("k")
    assert before[0] not in serving.pids("k")
    assert parsed(run(serving.predict("k", _body(3, 4)))) == {"predictions": [{"y": [3, 4]}]}


def test_a_version_without_a_node_says_why(serving: Serving, models: Path, run: Run, tmp_path: Path) -> None:
    """While no node can be started, `failure` tells; once one is ready again, there is nothing to tell."""
    folder = shutil.copytree(models / "double", tmp_path / "model")
    run(serving.load("k", folder, nodes=1))
    assert serving.failure("k") == ""

    folder.rename(tmp_path / "away")
    os.kill(serving.pids("k")[0], signal.SIGKILL)
    run(_until(lambda: serving.failure("k").startswith("No node could be started: Failed to load model: ")))
    assert str(tmp_path) not in serving.failure("k")
    (tmp_path / "away").rename(folder)

    run(_until(lambda: serving.failure("k") == ""))
    assert parsed(run(serving.predict("k", _body(1, 2)))) == {"predictions": [{"y": [2, 4]}]}


def test_requests_wait_for_the_replacement_of_the_only_node(serving: Serving, models: Path, run: Run) -> None:
    """With one node gone, the next request is answered by its successor."""
    run(serving.load("k", models / "double", nodes=1))

    async def kill() -> Answer:
        os.kill(serving.pids("k")[0], signal.SIGKILL)
        await _until(lambda: serving.nodes("k") == 0)
        return await serving.predict("k", _body(1, 2))

    assert parsed(run(kill())) == {"predictions": [{"y": [2, 4]}]}


def test_a_model_that_never_answers_is_stopped(strict: Serving, models: Path, run: Run) -> None:
    """The request times out, its node is replaced, and the model goes on answering others."""
    run(strict.load("k", models / "spin", nodes=1))
    (pid,) = strict.pids("k")

    with pytest.raises(errors.DeadlineExceeded, match="no prediction within 2 s"):
        run(strict.predict("k", _body(101, 0)))

    run(_until(lambda: strict.nodes("k") == 1 and strict.pids("k") != [pid]))
    assert not alive(pid)
    assert parsed(run(strict.predict("k", _body(1, 2)))) == {"predictions": [[1, 2]]}


def test_too_much_at_a_time_is_refused(strict: Serving, models: Path, run: Run) -> None:
    """What waits for one node is bounded by bytes; the refusal is a 429, and nobody else suffers."""
    run(strict.load("k", models / "double", nodes=1))

    async def flood() -> list[Any]:
        return await asyncio.gather(*(strict.predict("k", _body(1, 2)) for _ in range(20)), return_exceptions=True)

    results = run(flood())

    refused = [result for result in results if isinstance(result, errors.ResourceExhausted)]
    assert 0 < len(refused) < 20
    answers = [parsed(result) for result in results if result not in refused]
    assert answers == [{"predictions": [[2, 4]]}] * (20 - len(refused))


def test_memory_is_bounded(serving: Serving, models: Path, run: Run) -> None:
    """A node that needs more than its share does not load; a sufficient share changes nothing."""
    with pytest.raises(LoadFailed, match="Failed to load model"):
        run(serving.load("k", models / "double", nodes=1, machine=Machine(1, 1 << 20)))

    run(serving.load("k", models / "double", nodes=1, machine=Machine(1, 1 << 30)))
    assert parsed(run(serving.predict("k", _body(1, 2)))) == {"predictions": [{"y": [2, 4]}]}


def test_a_dead_template_is_replaced(strict: Serving, models: Path, run: Run) -> None:
    """When the process that forks nodes is killed, nodes die with it, and everything comes back."""
    run(strict.load("k", models / "double", nodes=1))
    (pid,) = strict.pids("k")

    os.kill(_parent(pid), signal.SIGKILL)

    run(_until(lambda: strict.pids("k") not in ([], [pid])))
    assert not alive(pid)
    assert parsed(run(strict.predict("k", _body(1, 2)))) == {"predictions": [[2, 4]]}


def test_a_cancelled_request_disturbs_nobody(serving: Serving, models: Path, run: Run) -> None:
    """A client that goes away in the middle costs the others nothing."""
    run(serving.load("k", models / "double", nodes=1))

    async def leave() -> list[Answer]:
        leaving = [asyncio.ensure_future(serving.predict("k", _body(0, 0))) for _ in range(10)]
        await asyncio.sleep(0)  # lets them be sent
        for task in leaving:
            task.cancel()
        await asyncio.wait(leaving)
        return await asyncio.gather(*(serving.predict("k", _body(n, 0)) for n in range(10)))

    assert [parsed(answer)["predictions"] for answer in run(leave())] == [[{"y": [2 * n, 0]}] for n in range(10)]


def test_stopping_does_not_wait_for_a_stuck_model(models: Path, run: Run) -> None:
    """`stop` ends a node inside an endless prediction, and one that still loads, within its grace."""

    async def stop() -> list[Any]:
        serving = Serving()
        await serving.load("k", models / "spin", nodes=1)
        pids = [*serving.pids("k"), _parent(serving.pids("k")[0])]
        work = [
            asyncio.ensure_future(serving.predict("k", _body(101, 0))),
            asyncio.ensure_future(serving.scale("k", nodes=3)),
        ]
        await asyncio.sleep(0)  # lets both begin
        await serving.stop(grace=0.1)
        assert not any(map(alive, pids))
        return await asyncio.gather(*work, return_exceptions=True)

    predicted, scaled = run(stop())

    assert isinstance(predicted, errors.Unavailable)
    assert isinstance(scaled, LoadFailed)


def test_nothing_outlives_the_front(models: Path) -> None:
    """After `kill -9` of the front, template and nodes end, also nodes that are busy inside TensorFlow."""
    front = subprocess.Popen(
        [sys.executable, "-c", _FRONT, str(models / "spin")], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    )
    with front:
        try:
            assert front.stdout
            nodes = json.loads(front.stdout.readline())
            everybody = [*nodes, _parent(nodes[0])]
            assert all(map(alive, everybody))
        finally:
            front.kill()

    until(lambda: not any(map(alive, everybody)), "the end of everybody")


def test_a_worker_of_a_job_that_has_ended_answers_what_comes_late(serving: Serving, run: Run, models: Path) -> None:
    """With the reason, as what was pending: between two chunks a killed worker has nothing pending."""
    options = ChunkOptions(row_format="JSON", batch_size=64)

    async def late() -> None:
        async with serving.worker(models / "double", options) as node:
            os.kill(node.pid, signal.SIGKILL)
            for _ in range(2):  # the second one comes after all that was pending has failed
                with pytest.raises(errors.Unavailable, match="was killed"):
                    await asyncio.wait_for(node.ask(b"[1]\n"), 30)

    run(late())
