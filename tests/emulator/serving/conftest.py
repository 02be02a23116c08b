"""SavedModels made once per run, and one serving layer per test process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from emulator.ml import prediction_envelope
from emulator.serving import Serving
from tests.running import BOUND
from tests.shared_models import build_once

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of `make_models.MODELS`, shared by all test processes of this run."""
    return build_once(Path(__file__).with_name("make_models.py"), "serving_models", tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of `make_session_models.MODELS`, shared by all test processes of this run."""
    script = Path(__file__).with_name("make_session_models.py")
    return build_once(script, "exported_models", tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """The event loop that the serving layers live in: of the kind that the front uses."""
    loop = uvloop.new_event_loop()
    yield loop
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture(scope="session")
def run(loop: asyncio.AbstractEventLoop) -> Run:
    """Runs a coroutine in the loop of `serving`, for a bounded time."""
    return lambda coroutine: loop.run_until_complete(asyncio.wait_for(coroutine, BOUND))


def _shared(run: Run, *, bare: bool = False, **settings: Any) -> Iterator[Serving]:
    serving = Serving(style=prediction_envelope.style(single_output_bare=bare), **settings)
    yield serving
    run(serving.stop())


@pytest.fixture(scope="session")
def _serving(run: Run) -> Iterator[Serving]:
    yield from _shared(run, predict_timeout=60.0)


@pytest.fixture(scope="session")
def _strict(run: Run) -> Iterator[Serving]:
    yield from _shared(run, predict_timeout=2.0, pending_bytes=5000, bare=True)


@pytest.fixture(scope="session")
def _unprotected(run: Run) -> Iterator[Serving]:
    yield from _shared(run, predict_timeout=60.0, sandbox=())


@pytest.fixture
def serving(_serving: Serving, run: Run) -> Iterator[Serving]:
    """A serving layer, empty again afterwards. Shared, since importing TensorFlow takes seconds."""
    yield _serving
    run(_serving.unload("k"))


@pytest.fixture
def strict(_strict: Serving, run: Run) -> Iterator[Serving]:
    """Another one: two seconds for a prediction, 5000 bytes pending, bare values as predictions."""
    yield _strict
    run(_strict.unload("k"))


@pytest.fixture
def unprotected(_unprotected: Serving, run: Run) -> Iterator[Serving]:
    """One whose nodes have no sandbox."""
    yield _unprotected
    run(_unprotected.unload("k"))
