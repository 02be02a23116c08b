"""A SavedModel in a session of TensorFlow's, as TensorFlow Serving loads it. Needs TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from emulator.serving.saved_model import tags

_CALLERS_THREAD = -1
_v1 = tf.compat.v1

_v1.logging.set_verbosity(_v1.logging.ERROR)  # each load would print that its API is deprecated


def load(folder: Path, threads: int) -> tuple[Any, Any]:
    """A session that holds a SavedModel's graph, its variables and tables, and the graph as a `MetaGraphDef`.

    Args:
        folder: holds `saved_model.pb` or `saved_model.pbtxt`.
        threads: of TensorFlow, within one operation and among operations.

    Raises:
        LoadFailed: there is no graph for serving. TensorFlow raises nearly any type on a damaged SavedModel.
    """
    graphs = loader_impl.parse_saved_model(str(folder)).meta_graphs
    chosen = tags.choose([sorted(set(graph.meta_info_def.tags)) for graph in graphs])
    del graphs  # the loader parses it again
    config = _v1.ConfigProto(
        allow_soft_placement=True,
        intra_op_parallelism_threads=threads,
        # A single thread is that of the caller, which need not wake another one and wait for it.
        inter_op_parallelism_threads=threads if threads > 1 else _CALLERS_THREAD,
    )
    # TensorFlow optimises a graph anew for each part of it that is run. With this it looks at that part alone, which
    # saves a large model a third of its loading; and an operation that this machine cannot run harms no signature but
    # those that need it.
    config.graph_options.place_pruned_graph = True
    session = _v1.Session(graph=tf.Graph(), config=config)
    return session, _v1.saved_model.loader.load(session, chosen, str(folder))
