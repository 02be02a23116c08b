"""Warm-up requests of an export."""

from __future__ import annotations

import struct
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from emulator.serving import Serving
from emulator.serving.chunks import tfrecord
from tests.emulator.serving.asking import ask
from tests.emulator.serving.warmed import log, with_requests

pytestmark = pytest.mark.tensorflow
Run = Callable[[Coroutine[Any, Any, Any]], Any]


def test_warm_up_requests_are_run(serving: Serving, exports: Path, run: Run, tmp_path: Path) -> None:
    """Each moves a seeded sequence of random numbers on: after two, the first answer is what the third was without."""
    run(serving.load("k", exports / "drawn", nodes=1))
    without = [run(ask(serving, [0.0])) for _ in range(3)]
    run(serving.unload("k"))
    content = tfrecord.frame(log("serving_default", 1.0)) + tfrecord.frame(log("", 2.0))
    run(serving.load("k", with_requests(exports / "drawn", tmp_path / "m", content), nodes=1))

    assert run(ask(serving, [0.0])) == without[2]
    assert without[2] not in without[:2]


def test_a_warm_up_request_of_a_signature_that_writes_is_not_run(
    serving: Serving, exports: Path, run: Run, tmp_path: Path
) -> None:
    """The weight is what the export holds, whatever the file asks for."""
    content = b"".join(map(tfrecord.frame, [log("train", 1.0), log("", 1.0), log("unknown", 1.0)]))
    run(serving.load("k", with_requests(exports / "train", tmp_path / "m", content), nodes=1))

    assert run(ask(serving, [0.0])) == {"predictions": [{"y": 0.204}]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"noise" * 100,
        tfrecord.frame(log("serving_default", 1.0))[:-3],
        tfrecord.frame(b"\xff" * 40),
        struct.pack("<Q", 1 << 60) + bytes(8),
    ],
    ids=["empty", "noise", "cut short", "another message", "huge"],
)
def test_a_damaged_file_fails_no_model(
    serving: Serving, exports: Path, run: Run, tmp_path: Path, content: bytes
) -> None:
    """The model can answer, and so it is served."""
    run(serving.load("k", with_requests(exports / "train", tmp_path / "m", content), nodes=1))

    assert run(ask(serving, [0.0])) == {"predictions": [{"y": 0.204}]}
