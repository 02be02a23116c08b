"""Variables that nothing restores are found without TensorFlow."""

from __future__ import annotations

import pytest

from models.core.errors import FolderError
from models.saved_model import restorable
from tests.models.saved_models import block, graph

_READS = block(1, block(1, "y") + block(2, "ReadVariableOp") + block(3, "v"))
_VARIABLE = block(1, block(1, "v") + block(2, "VarHandleOp"))


def _graph(more: bytes = b"") -> bytes:
    return graph({"x": (1, (-1,))}, {"y": (1, (-1,))}, nodes=_READS + _VARIABLE + more)


@pytest.mark.parametrize(
    ("more", "end"),
    [
        (b"", "restores or initialises"),
        (
            block(1, block(1, "_losses_override")),
            "restores; a Keras 3 model is exported with model.export(), not with tf.saved_model.save()",
        ),
    ],
    ids=["another exporter", "Keras 3"],
)
def test_the_hint_is_that_of_the_exporter(more: bytes, end: str) -> None:
    """Only the error about a Keras 3 model says how to export it with Keras."""
    with pytest.raises(FolderError) as caught:
        restorable.check(_graph(more), "m.pb")

    assert str(caught.value) == (
        f"m.pb: the signature serving_default needs the variable 'v', which nothing in the export {end}"
    )
