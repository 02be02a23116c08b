"""The sandbox of a node, in layers that the kernel provides. Needs no TensorFlow."""

from __future__ import annotations

from emulator.serving.sandbox.layers import LAYERS, MODES, NEEDED, MissingLayer, chosen, enter, libraries, offered

__all__ = ["LAYERS", "MODES", "NEEDED", "MissingLayer", "chosen", "enter", "libraries", "offered"]
