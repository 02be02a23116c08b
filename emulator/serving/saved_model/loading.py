"""Loads a SavedModel into a TensorFlow session, as TensorFlow Serving does. Needs TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from emulator.serving.saved_model import tags

_CALLERS_THREAD = -1
_v1 = tf.compat.v1

_v1.logging.set_verbosity(_v1.logging.ERROR)  # else each load prints that its API is deprecated


def load(folder: Path, threads: int) -> tuple[Any, Any]:
    """A session with a SavedModel's graph, variables and tables; and the graph as a `MetaGraphDef`.

    Args:
        folder: contains `saved_model.pb` or `saved_model.pbtxt`.
        threads: of TensorFlow, within one operation and between operations.

    Raises:
        LoadFailed: there is no graph for serving. TensorFlow raises nearly any type on a damaged SavedModel.
    """
    graphs = loader_impl.parse_saved_model(str(folder)).meta_graphs
    chosen = tags.choose([sorted(set(graph.meta_info_def.tags)) for graph in graphs])
    del graphs  # the loader parses it again
    config = _v1.ConfigProto(
        allow_soft_placement=True,
        intra_op_parallelism_threads=threads,
        # With a single thread, the caller's thread does the work and need not wake another one.
        inter_op_parallelism_threads=threads if threads > 1 else _CALLERS_THREAD,
    )
    # TensorFlow optimizes the graph for each set of outputs that is run. With this it optimizes only the needed part,
    # which saves a third of the loading time of a large model; and an operation that this machine cannot run breaks
    # only the signatures that need it.
    config.graph_options.place_pruned_graph = True
    session = _v1.Session(graph=tf.Graph(), config=config)
    return session, _v1.saved_model.loader.load(session, chosen, str(folder))
