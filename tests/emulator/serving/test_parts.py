"""Frames, the texts of failures and of ends."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.serving import message_frames, prediction_errors, process_control


@given(
    st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 255), st.binary(max_size=40))),
    st.integers(min_value=1, max_value=50),
)
def test_messages_survive_any_cut(expected: list[message_frames.Message], step: int) -> None:
    """However a stream is cut, the same messages come out in the same order."""
    stream = b"".join(message_frames.pack(number, content, kind) for number, kind, content in expected)
    splitter = message_frames.Splitter()

    got = [message for at in range(0, len(stream), step) for message in splitter.feed(stream[at : at + step])]

    assert got == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no file at: /data/m/variables/variables.index", "no file at: variables/variables.index"),
        ("cannot read /data/m", "cannot read the model's folder"),
        ("Input is in /usr/lib/python3/dist-packages/tf/load.py", "Input is in load.py"),
        ("{{node model/dense/MatMul}} failed\n\n at [Op:Run]", "{{node model/dense/MatMul}} failed at [Op:Run]"),
        (
            'Detected at node x defined at (most recent call last):\n  File "/a/b.py", line 3\n\nassertion failed',
            "assertion failed",
        ),
        ("too small\n\nStack trace for op definition:\nFile ...", "too small"),
        ("", "ValueError"),
    ],
)
def test_reasons_are_one_line_without_paths(text: str, expected: str) -> None:
    """What TensorFlow raises is reported without paths of the machine it ran on."""
    got = prediction_errors.reason(ValueError(text), Path("/data/m"))

    assert expected in got
    assert "\n" not in got
    assert "/data" not in got


def test_where_a_graph_was_made_is_left_out() -> None:
    """What went wrong is all that is left, before the text is cut."""
    text = (
        "Graph execution error:\n\nDetected at node 'a/b' defined at (most recent call last):\n"
        "<stack traces unavailable>\n" + "Detected at node 'c' defined at (most recent call last):\n" * 20
        + "too small\n\t [[{{node a/b}}]]\n\nOriginal stack trace for 'a/b':\n  File \"/x/y.py\", line 3, in <module>"
    )  # fmt: skip

    assert prediction_errors.reason(ValueError(text)) == "too small [[{{node a/b}}]]"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, "ended"),
        (signal.SIGKILL, "was killed (signal 9: by hand, or because memory ran out)"),
        (signal.SIGSEGV, "crashed (signal 11: Segmentation fault)"),
        (3 << 8, "ended with exit code 3"),
    ],
)
def test_ends_are_told_in_words(status: int | None, expected: str) -> None:
    """A wait status becomes a clause."""
    assert process_control.describe_end(status) == expected


def test_a_reason_has_no_python_frames() -> None:
    """Of an error that Python code raised, its own words remain."""
    text = (
        "ValueError: callback pyfunc_0 is not found\n"
        "Traceback (most recent call last):\n\n"
        '  File "/usr/lib/script_ops.py", line 269, in __call__\n'
        "    func = self._funcs[token]\n"
        "           ~~~~~~~~~~~^^^^^^^\n\n"
        "KeyError: 'pyfunc_0'\n\n\n\t [[{{node PyFunc}}]]"
    )

    assert prediction_errors.reason(ValueError(text)) == (
        "ValueError: callback pyfunc_0 is not found KeyError: 'pyfunc_0' [[{{node PyFunc}}]]"
    )
