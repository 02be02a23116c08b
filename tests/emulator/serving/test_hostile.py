"""SavedModels that mean harm: what they get done in a node, and what they would without the sandbox."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from emulator.core.node_limits import Machine
from emulator.core.predictions import Answer
from emulator.serving import Serving
from gcp import errors
from tests.emulator.serving.asking import ask, parsed

pytestmark = pytest.mark.tensorflow
Run = Callable[[Coroutine[Any, Any, Any]], Any]
_REFUSED = "Permission denied"


async def _ask(serving: Serving, instance: Any) -> Any:
    return await ask(serving, [instance])


@pytest.mark.parametrize("model", ["write", "save"])
def test_nothing_is_written(serving: Serving, models: Path, run: Run, tmp_path: Path, model: str) -> None:
    """Neither by an operation that writes files nor by one that saves tensors; not even beside the model itself."""
    run(serving.load("k", models / model, nodes=1))

    for target in (tmp_path / "written", models / model / "written"):
        assert _REFUSED in run(_ask(serving, str(target)))["error"]
        assert list(target.parent.glob("written*")) == []


def test_lists_that_are_nested_too_deep_harm_no_node(serving: Serving, models: Path, run: Run) -> None:
    """TensorFlow ends its process at more than 254 dimensions, and with it the predictions of others."""
    run(serving.load("k", models / "double", nodes=1))

    for depth in (254, 255, 900):
        answer = run(_ask(serving, json.loads("[" * depth + "1" + "]" * depth)))
        assert f"nested {depth} deep" in answer["error"]


def test_nothing_else_is_read(serving: Serving, models: Path, run: Run, tmp_path: Path) -> None:
    """Not a file of the user's, not another model's, not another process's environment, not the home folder's names."""
    secret = tmp_path / "secret"
    secret.write_text("s")
    run(serving.load("k", models / "read", nodes=1))

    own = run(_ask(serving, str(models / "read" / "saved_model.pb")))
    assert "not UTF-8" in own["error"]  # it was read: a file of its own
    for target in (secret, models / "double" / "saved_model.pb", Path(f"/proc/{os.getpid()}/environ")):
        assert _REFUSED in run(_ask(serving, str(target)))["error"], target

    run(serving.unload("k"))
    run(serving.load("k", models / "list", nodes=1))
    assert run(_ask(serving, f"{tmp_path}/*")) == {"predictions": [{"y": ""}]}


def test_the_environment_of_a_node_holds_no_secret(serving: Serving, models: Path, run: Run) -> None:
    """Of the environment of whoever started the emulator, a node has only what Python and TensorFlow go by."""
    run(serving.load("k", models / "read", nodes=1))

    (answer,) = run(_ask(serving, "/proc/self/environ"))["predictions"]

    names = {line.partition("=")[0] for line in answer["y"].split("\0") if line}
    assert names
    assert {"PATH", "HOME", "PYTEST_CURRENT_TEST"} & os.environ.keys()
    assert not {"PATH", "HOME", "PYTEST_CURRENT_TEST"} & names


def test_nobody_is_called(strict: Serving, models: Path, run: Run) -> None:
    """An operation that calls a server reaches none, and the request ends at its bound."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        run(strict.load("k", models / "connect", nodes=1))

        with pytest.raises(errors.DeadlineExceeded):
            run(_ask(strict, f"127.0.0.1:{server.getsockname()[1]}"))

        with pytest.raises(BlockingIOError):
            server.accept()


def test_memory_is_refused_beyond_the_machines(serving: Serving, models: Path, run: Run) -> None:
    """A model that allocates without bound gets an error; the next request is answered, and so is another model."""
    run(serving.load("k", models / "grow", nodes=1, machine=Machine(1, 1 << 30)))
    run(serving.load("other", models / "double", nodes=1))

    async def both() -> tuple[Any, Answer]:
        growing = asyncio.ensure_future(_ask(serving, 9.0))
        beside = await serving.predict("other", b'{"instances": [[1, 2]]}')
        assert not growing.done()  # TensorFlow waits ten seconds for memory before it gives up
        return await growing, beside

    grown, beside = run(both())
    run(serving.unload("other"))

    assert "OOM when allocating" in grown["error"]
    assert parsed(beside) == {"predictions": [{"y": [2, 4]}]}
    assert run(_ask(serving, 1.0)) == {"predictions": [{"y": 0}]}


def test_an_answer_without_end_is_not_taken(serving: Serving, models: Path, run: Run) -> None:
    """What a node may answer is bounded; the request gets an error, another node answers the next one."""
    run(serving.load("k", models / "flood", nodes=1))

    with pytest.raises(errors.Unavailable, match="because a response exceeded 64 MB"):
        run(_ask(serving, 70.0))

    assert run(_ask(serving, 3.0)) == {"predictions": [{"y": "x" * 2_000_000}]}


def test_without_the_sandbox_they_do_all_that(unprotected: Serving, models: Path, run: Run, tmp_path: Path) -> None:
    """The same models, with the sandbox off: so it is the sandbox that stops them."""
    target = tmp_path / "written"
    run(unprotected.load("k", models / "write", nodes=1))
    run(_ask(unprotected, str(target)))
    assert target.read_text() == "written by a model"
    run(unprotected.unload("k"))

    run(unprotected.load("k", models / "read", nodes=1))
    assert run(_ask(unprotected, str(target))) == {"predictions": [{"y": "written by a model"}]}
    run(unprotected.unload("k"))

    run(unprotected.load("k", models / "connect", nodes=1))
    with socket.create_server(("127.0.0.1", 0)) as server:

        async def call() -> None:
            asking = asyncio.ensure_future(_ask(unprotected, f"127.0.0.1:{server.getsockname()[1]}"))
            server.settimeout(0)
            connection, _ = await asyncio.get_running_loop().sock_accept(server)
            connection.close()
            asking.cancel()

        run(call())
