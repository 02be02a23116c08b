"""Rehearses a training: runs a recipe's `train` without `fit`, so that a wrong sample fails early.

`train` returns its samples at the end, which may be hours later. The rehearsal runs it in a fork without `fit`, with
`evaluate` limited to one batch, and checks the model and the samples. It is best effort: if it cannot run (a custom
training loop, results that an untrained model does not have), the training starts without it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from models.builder.training_output import exportable
from models.core.errors import BuildError
from models.core.recipe import Recipe, Values

CORE_SECONDS, SECONDS = 20, 120
"""Time limits: CPU time, which does not depend on the load of the machine, and elapsed time."""
_PR_SET_PDEATHSIG = 1


class _Zeros(dict[str, list[float]]):
    """The history of a `fit` that did not run: every metric is zero."""

    def __missing__(self, _name: str) -> list[float]:
        return [0.0]


class _NoFit:
    """Runs `train` without `fit`. Progress without a call of `fit` means that the recipe has its own training loop."""

    def __init__(self) -> None:
        self._fitted = False

    def report(self, done: int, _total: int, _text: str) -> None:
        if done and not self._fitted:
            os._exit(0)  # its own loop would train to the end

    def patch(self, model_class: Any) -> None:
        """Replaces `fit` and `evaluate` of Keras in this process."""
        fit, evaluate = model_class.fit, model_class.evaluate

        def no_fit(model: Any, x: Any = None, y: Any = None, *_: Any, **options: Any) -> Any:
            self._fitted = True
            if not model.built:
                fit(model, x, y, batch_size=options.get("batch_size"), steps_per_epoch=1, verbose=0)
            return _history(model)

        def one_batch(model: Any, *given: Any, **options: Any) -> Any:
            return evaluate(model, *given, **{**options, "steps": 1, "verbose": 0})

        model_class.fit, model_class.evaluate = no_fit, one_batch


def rehearse(recipe: Recipe, parameters: Values) -> None:
    """Runs the training without `fit`. TensorFlow must be imported, but must not have run anything yet.

    Raises:
        BuildError: the model cannot be exported, or a sample does not fit it.
    """
    reading, writing = os.pipe()
    parent, child = os.getpid(), os.fork()
    if not child:
        try:
            _run(recipe, parameters, parent, writing)
        finally:
            os._exit(0)  # the training itself reports all other errors
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        reason = pipe.read()
    os.waitpid(child, 0)
    if reason:
        raise BuildError(reason)


def _run(recipe: Recipe, parameters: Values, parent: int, writing: int) -> None:
    """Runs the rehearsal in the forked process, and writes the error, if any."""
    _separate(parent, writing)
    import keras

    no_fit = _NoFit()
    no_fit.patch(keras.Model)
    keras.utils.set_random_seed(parameters["seed"])
    trained = recipe.train(parameters, no_fit.report)
    try:
        exportable(trained)
    except BuildError as error:
        os.write(writing, str(error).encode())


def _separate(parent: int, writing: int) -> None:
    """Stops this process with its parent or at its time limit, and detaches it from its parent's files and streams."""
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, CORE_SECONDS)
    signal.alarm(SECONDS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.closerange(3, writing)
    os.closerange(writing + 1, os.sysconf("SC_OPEN_MAX"))


def _history(model: Any) -> Any:
    import keras

    history = keras.callbacks.History()
    history.set_model(model)
    history.epoch, history.history = [0], _Zeros()
    return history
